-- The Ledger, version 6: plans, agreements and placements.

ALTER TABLE partners ADD COLUMN tier TEXT;
ALTER TABLE partners ADD COLUMN referred_by TEXT;

-- The parts of the amount that are not revenue, in minor units, and the customer's country (ISO 3166-1) as received.
ALTER TABLE conversions ADD COLUMN tax INTEGER;
ALTER TABLE conversions ADD COLUMN discount INTEGER;
ALTER TABLE conversions ADD COLUMN shipping INTEGER;
ALTER TABLE conversions ADD COLUMN sold_in TEXT;
-- When a customer's subscription began.
CREATE INDEX conversions_of_customer ON conversions (customer_id, type, occurred_at) WHERE customer_id IS NOT NULL;

-- Counters that terms depend on (store/commissions/usage_counters.rs).
CREATE TABLE uses (key TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID;
-- The commissions of a month under one plan, which a tier may adjust.
CREATE INDEX commissions_of_month ON commissions (partner_no, plan, subject) WHERE subject IS NOT NULL;

CREATE TABLE placements (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, partner_no INTEGER NOT NULL, kind TEXT NOT NULL,
  title TEXT NOT NULL, external_id TEXT NOT NULL UNIQUE, link_no INTEGER, fee INTEGER NOT NULL, currency TEXT NOT NULL,
  published_at INTEGER NOT NULL, target_roi_bp INTEGER, metadata TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE INDEX placements_by_partner ON placements (partner_no, no);
