-- The Ledger, version 8: coupons, shared conversions, and attribution windows of listings.

-- A code belongs to one partner at a time: `code_key` is the code without differences in case and whitespace, and
-- coupons with the same key never overlap (domain/programme/coupon.rs).
CREATE TABLE coupons (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, code TEXT NOT NULL, code_key TEXT NOT NULL,
  partner_no INTEGER NOT NULL REFERENCES partners, listing_no INTEGER REFERENCES listings,
  effective_from INTEGER NOT NULL, effective_until INTEGER, metadata TEXT NOT NULL, created_at INTEGER NOT NULL,
  revoked_at INTEGER);
CREATE INDEX coupons_by_key ON coupons (code_key, no);
CREATE INDEX coupons_by_partner ON coupons (partner_no, no);

-- The credits of conversions that several touches share, in their order. A conversion with a single credit has no rows
-- here, because its row in `conversions` has all the data. The row of a shared conversion has its largest credit, under
-- which the conversion itself is counted. `amount` is the share of the conversion's amount, `refunded` that of the
-- refunded amount; both add up to the whole. If `click_id` is a coupon's id, `link_no` is 0; the same holds in
-- customer_touches and commissions.
CREATE TABLE conversion_credits (
  conversion_no INTEGER NOT NULL REFERENCES conversions, place INTEGER NOT NULL, partner_no INTEGER NOT NULL,
  link_no INTEGER NOT NULL, click_id TEXT NOT NULL, country TEXT NOT NULL, device INTEGER NOT NULL,
  share_bp INTEGER NOT NULL, amount INTEGER NOT NULL, refunded INTEGER NOT NULL,
  PRIMARY KEY (conversion_no, place)) WITHOUT ROWID;
CREATE INDEX conversion_credits_by_partner ON conversion_credits (partner_no, conversion_no);

-- The number of days from a click on a listing's links to a conversion; NULL means the programme's.
ALTER TABLE listings ADD COLUMN window_days INTEGER;

-- Conversions by time, for simulations.
CREATE INDEX conversions_by_time ON conversions (occurred_at, no);
