-- The Ledger. Version 6: plans, agreements and placements.

ALTER TABLE partners ADD COLUMN tier TEXT;
ALTER TABLE partners ADD COLUMN referred_by TEXT;

-- What of the amount is not revenue, minor units, and where the customer is (ISO 3166-1), as sent.
ALTER TABLE conversions ADD COLUMN tax INTEGER;
ALTER TABLE conversions ADD COLUMN discount INTEGER;
ALTER TABLE conversions ADD COLUMN shipping INTEGER;
ALTER TABLE conversions ADD COLUMN sold_in TEXT;
-- When a customer's subscription began.
CREATE INDEX conversions_of_customer ON conversions (customer_id, type, occurred_at) WHERE customer_id IS NOT NULL;

-- Counters that terms depend on (store/uses.rs).
CREATE TABLE uses (key TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID;
-- A month's commissions by one plan, which a tier may lift.
CREATE INDEX commissions_of_month ON commissions (partner_no, plan, subject) WHERE subject IS NOT NULL;

CREATE TABLE placements (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, partner_no INTEGER NOT NULL, kind TEXT NOT NULL,
  title TEXT NOT NULL, external_id TEXT NOT NULL UNIQUE, link_no INTEGER, fee INTEGER NOT NULL, currency TEXT NOT NULL,
  published_at INTEGER NOT NULL, target_roi_bp INTEGER, metadata TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE INDEX placements_by_partner ON placements (partner_no, no);
