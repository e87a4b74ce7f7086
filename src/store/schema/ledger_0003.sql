-- The Ledger, version 3: OAuth installs, and accounts with two identifiers.

-- The sealed response of a vendor's token endpoint, until the app has fetched it.
CREATE TABLE kept_answers (
  listing_no INTEGER NOT NULL, code_hash TEXT NOT NULL, sealed TEXT NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (listing_no, code_hash)) WITHOUT ROWID;
CREATE INDEX kept_answers_by_age ON kept_answers (expires_at);

-- Aliases of customers' accounts on marketplaces, from signed messages that contain both identifiers.
CREATE TABLE account_aliases (
  listing_no INTEGER NOT NULL, alias TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (listing_no, alias)) WITHOUT ROWID;

-- Accounts that have completed the top-level handoff out of the vendor's frame and need no second one.
CREATE TABLE led_out (
  listing_no INTEGER NOT NULL, account TEXT NOT NULL, PRIMARY KEY (listing_no, account)) WITHOUT ROWID;

-- Some messages report a plan and others a status, so each has its own time.
ALTER TABLE marketplace_accounts ADD COLUMN plan_at INTEGER;
UPDATE marketplace_accounts SET plan_at = changed_at WHERE plan IS NOT NULL;
