-- The Ledger, version 15: credentials for browsers. An origin is the scheme, host and port of a page that may call the API; its
-- owner is `program`, a partner's id, or a publishable key's id.
CREATE TABLE origins (origin TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (origin, owner)) WITHOUT ROWID;
CREATE INDEX origins_by_owner ON origins (owner);
ALTER TABLE partners ADD COLUMN origins TEXT NOT NULL DEFAULT '[]';
-- The origins of a publishable key; NULL if the key is secret.
ALTER TABLE api_keys ADD COLUMN origins TEXT;
