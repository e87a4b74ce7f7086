-- The Ledger. Version 3: installs by OAuth, and accounts with two names.

-- What a vendor's token endpoint answered, sealed, until the app has fetched it.
CREATE TABLE kept_answers (
  listing_no INTEGER NOT NULL, code_hash TEXT NOT NULL, sealed TEXT NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (listing_no, code_hash)) WITHOUT ROWID;
CREATE INDEX kept_answers_by_age ON kept_answers (expires_at);

-- Other names of customers' accounts on marketplaces, as signed messages told them together.
CREATE TABLE account_aliases (
  listing_no INTEGER NOT NULL, alias TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (listing_no, alias)) WITHOUT ROWID;

-- Accounts that have gone the way out of the vendor's frame: they need not go it again.
CREATE TABLE led_out (
  listing_no INTEGER NOT NULL, account TEXT NOT NULL, PRIMARY KEY (listing_no, account)) WITHOUT ROWID;

-- A plan is told by some messages, and a status by others; each counts by its own time.
ALTER TABLE marketplace_accounts ADD COLUMN plan_at INTEGER;
UPDATE marketplace_accounts SET plan_at = changed_at WHERE plan IS NOT NULL;
