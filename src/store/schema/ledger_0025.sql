-- The Ledger, version 25: mail.

-- The destination that sends mail has a row like an endpoint, which no list of endpoints shows.
ALTER TABLE webhooks ADD COLUMN receiver TEXT NOT NULL DEFAULT 'https';

-- Addresses that get no mail, in lower case.
CREATE TABLE mail_suppressions (
  address TEXT PRIMARY KEY, reason TEXT NOT NULL, provider TEXT NOT NULL, suppressed_at INTEGER NOT NULL) WITHOUT ROWID;
