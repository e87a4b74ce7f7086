-- The Ledger, version 2: callbacks of marketplaces.

-- Single-use tokens by their hash, for as long as they could be accepted.
CREATE TABLE single_use (key TEXT PRIMARY KEY, keep_until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX single_use_by_age ON single_use (keep_until);

-- Browser handoffs from a callback to a page where Signpost's cookies are sent, by the hash of a one-time id.
CREATE TABLE relays (
  id_hash TEXT PRIMARY KEY, listing_no INTEGER NOT NULL, account TEXT NOT NULL, location TEXT NOT NULL,
  expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX relays_by_age ON relays (expires_at);

-- Customers' accounts on marketplaces, as the newest callback reported them.
CREATE TABLE marketplace_accounts (
  listing_no INTEGER NOT NULL, account TEXT NOT NULL, status TEXT NOT NULL, plan TEXT, changed_at INTEGER NOT NULL,
  PRIMARY KEY (listing_no, account)) WITHOUT ROWID;

-- Refunds that arrived before their charge. `charge` and `external_id` have the same meaning as in conversions and
-- refunds.
CREATE TABLE waiting_refunds (
  charge TEXT NOT NULL, external_id TEXT NOT NULL, amount INTEGER, PRIMARY KEY (charge, external_id)) WITHOUT ROWID;

-- Unattributed conversions of a customer, which a click that arrives late may still earn.
CREATE INDEX conversions_unearned ON conversions (customer_id, no) WHERE partner_no = 0 AND customer_id IS NOT NULL;
