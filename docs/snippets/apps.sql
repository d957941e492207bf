CREATE TABLE apps (
  id                         varchar(64)  PRIMARY KEY,
  key                        varchar(64)  NOT NULL UNIQUE,
  secret                     varchar(200) NOT NULL,
  previous_secret            varchar(200),
  name                       varchar(200),
  enabled                    boolean      NOT NULL DEFAULT true,
  max_connections            integer      NOT NULL DEFAULT -1,
  allowed_origins            jsonb        NOT NULL DEFAULT '["*"]',
  enable_client_messages     boolean      NOT NULL DEFAULT false,
  enable_user_authentication boolean      NOT NULL DEFAULT false,
  subscription_count         boolean      NOT NULL DEFAULT false,
  webhooks                   jsonb        NOT NULL DEFAULT '[]',
  laravel                    jsonb,
  limits                     jsonb
);
