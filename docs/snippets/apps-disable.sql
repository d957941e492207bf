UPDATE apps SET enabled = false WHERE id = 'my-app';
