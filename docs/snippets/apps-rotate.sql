UPDATE apps SET previous_secret = secret, secret = 'new-secret' WHERE id = 'my-app';
UPDATE apps SET previous_secret = NULL WHERE id = 'my-app';
