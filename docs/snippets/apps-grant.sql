CREATE ROLE resound LOGIN PASSWORD 'change-me';
GRANT SELECT ON apps TO resound;
