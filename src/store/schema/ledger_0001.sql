-- The Ledger's tables, version 1. Times are in Unix milliseconds, money is in minor units, and JSON is text.
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE partners (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
  email TEXT, country TEXT, currency TEXT, commission_bp INTEGER, external_id TEXT UNIQUE, metadata TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, terminated_at INTEGER);
CREATE INDEX partners_inactive ON partners (no) WHERE status <> 'active';

CREATE TABLE listings (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, marketplace TEXT NOT NULL, url TEXT NOT NULL,
  slug TEXT UNIQUE, forward_to TEXT, settings TEXT NOT NULL, secret_names TEXT NOT NULL, secrets_sealed TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);

CREATE TABLE links (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, partner_no INTEGER NOT NULL REFERENCES partners,
  listing_no INTEGER NOT NULL REFERENCES listings, token TEXT NOT NULL, campaign TEXT, path TEXT, slug TEXT UNIQUE,
  expires_at INTEGER, revoked_at INTEGER, metadata TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE INDEX links_by_partner ON links (partner_no, no);
CREATE INDEX links_by_listing ON links (listing_no, partner_no);
CREATE INDEX links_revoked ON links (no) WHERE revoked_at IS NOT NULL;

CREATE TABLE api_keys (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, scopes TEXT NOT NULL,
  partner_no INTEGER, created_at INTEGER NOT NULL, revoked_at INTEGER);

-- One response per idempotency key, for 30 days. The table is not WITHOUT ROWID because responses are about 1 KB: in an
-- index tree, entries longer than a quarter of a page move to overflow pages.
CREATE TABLE idempotency (
  scope TEXT NOT NULL UNIQUE, body_hash TEXT NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL,
  created_at INTEGER NOT NULL);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE conversions (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, external_id TEXT NOT NULL,
  amount INTEGER, currency TEXT, refunded INTEGER NOT NULL, click_id TEXT, customer_id TEXT, coupon TEXT,
  listing_no INTEGER, occurred_at INTEGER NOT NULL, metadata TEXT NOT NULL, created_at INTEGER NOT NULL,
  partner_no INTEGER NOT NULL, link_no INTEGER NOT NULL, country TEXT NOT NULL, device INTEGER NOT NULL,
  sent TEXT NOT NULL, attribution TEXT NOT NULL, answer TEXT NOT NULL, UNIQUE (type, external_id));
CREATE INDEX conversions_by_partner ON conversions (partner_no, no);

-- Clicks that earlier conversions bound to a customer. The time is in the key so that the newest are read first, even
-- if a customer has very many (a shop may use one id for all guests).
CREATE TABLE customer_touches (
  customer_id TEXT NOT NULL, click_id TEXT NOT NULL, link_no INTEGER NOT NULL, clicked_at INTEGER NOT NULL,
  class INTEGER NOT NULL, country TEXT NOT NULL, device INTEGER NOT NULL, bound_by INTEGER NOT NULL,
  PRIMARY KEY (customer_id, clicked_at, click_id)) WITHOUT ROWID;

CREATE TABLE commissions (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversion_no INTEGER NOT NULL REFERENCES conversions,
  partner_no INTEGER NOT NULL, link_no INTEGER NOT NULL, click_id TEXT, share_bp INTEGER NOT NULL,
  rate_bp INTEGER NOT NULL, amount INTEGER NOT NULL, reversed INTEGER NOT NULL, currency TEXT NOT NULL,
  status TEXT NOT NULL, flags TEXT NOT NULL, matures_at INTEGER NOT NULL, created_at INTEGER NOT NULL);
CREATE INDEX commissions_by_conversion ON commissions (conversion_no);
CREATE INDEX commissions_by_partner ON commissions (partner_no, no);
CREATE INDEX commissions_maturing ON commissions (matures_at) WHERE status = 'pending';

CREATE TABLE refunds (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversion_no INTEGER NOT NULL REFERENCES conversions,
  external_id TEXT NOT NULL, sent_amount INTEGER, amount INTEGER NOT NULL, currency TEXT NOT NULL,
  answer TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (conversion_no, external_id));

-- Double entry (domain/money/accounts.rs). Transfers are never changed or deleted.
CREATE TABLE transfers (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, partner_no INTEGER NOT NULL, debit TEXT NOT NULL,
  credit TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL, kind TEXT NOT NULL,
  commission_no INTEGER NOT NULL, created_at INTEGER NOT NULL);
CREATE TRIGGER transfers_stay BEFORE UPDATE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfers_remain BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
-- The sums of the transfers. Tests compare them with the transfers.
CREATE TABLE accounts (
  partner_no INTEGER NOT NULL, currency TEXT NOT NULL, account TEXT NOT NULL, debits INTEGER NOT NULL,
  credits INTEGER NOT NULL, PRIMARY KEY (partner_no, currency, account)) WITHOUT ROWID;

-- Counts by quarter hour. The partner is the first key column, so that a partner's report reads only that partner's
-- rows.
CREATE TABLE click_counts (
  partner_no INTEGER NOT NULL, quarter INTEGER NOT NULL, link_no INTEGER NOT NULL, country TEXT NOT NULL,
  device INTEGER NOT NULL, clicks INTEGER NOT NULL, uniques INTEGER NOT NULL, duplicate INTEGER NOT NULL,
  bot INTEGER NOT NULL, prefetch INTEGER NOT NULL, revoked INTEGER NOT NULL, expired INTEGER NOT NULL,
  invalid INTEGER NOT NULL, PRIMARY KEY (partner_no, quarter, link_no, country, device)) WITHOUT ROWID;
-- Sums of conversions by the quarter hour in which they occurred; refunds and reversals count in that of their sale.
CREATE TABLE conversion_counts (
  partner_no INTEGER NOT NULL, quarter INTEGER NOT NULL, link_no INTEGER NOT NULL, listing_no INTEGER NOT NULL,
  country TEXT NOT NULL, device INTEGER NOT NULL, currency TEXT NOT NULL, leads INTEGER NOT NULL,
  installs INTEGER NOT NULL, sales INTEGER NOT NULL, revenue INTEGER NOT NULL, refunds INTEGER NOT NULL,
  commission INTEGER NOT NULL,
  PRIMARY KEY (partner_no, quarter, link_no, listing_no, country, device, currency)) WITHOUT ROWID;
-- The time of the newest data in a partner's report; partner 0 is for all data.
CREATE TABLE data_through (partner_no INTEGER PRIMARY KEY, through_ms INTEGER NOT NULL);
-- The last count deltas applied, by shard of the ClickLog.
CREATE TABLE shards (shard INTEGER PRIMARY KEY, applied_seq INTEGER NOT NULL);

-- The event log: every change in order, written in the transaction of the change. `data` is what the API returns,
-- `ledger` the additional data for rebuilding a Ledger, which only the log and the export contain.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, partner_no INTEGER NOT NULL,
  created_at INTEGER NOT NULL, data TEXT NOT NULL, ledger TEXT);
CREATE INDEX events_by_partner ON events (partner_no, seq);
-- KV keys to write after changes of the Ledger: slugs and paths. A later write of a key replaces an earlier one.
CREATE TABLE kv_writes (key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID;
