-- The Ledger. Version 8: coupons, conversions that several touches share, windows of listings.

-- A code counts for one partner at a time: `code_key` is what its spellings have in common, and the coupons of one key
-- never overlap (domain/coupon.rs).
CREATE TABLE coupons (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, code TEXT NOT NULL, code_key TEXT NOT NULL,
  partner_no INTEGER NOT NULL REFERENCES partners, listing_no INTEGER REFERENCES listings,
  effective_from INTEGER NOT NULL, effective_until INTEGER, metadata TEXT NOT NULL, created_at INTEGER NOT NULL,
  revoked_at INTEGER);
CREATE INDEX coupons_by_key ON coupons (code_key, no);
CREATE INDEX coupons_by_partner ON coupons (partner_no, no);

-- The credits of conversions that several touches share, in their order. A conversion that one touch earns alone has no
-- rows here: its row in `conversions` says all. Of a shared one that row says the largest credit, under which the
-- conversion itself is counted. `amount` is the credit's part of the conversion's, `refunded` of what was refunded; both
-- add up. `click_id` may be a coupon's id, and `link_no` is 0 then; so also in customer_touches and commissions.
CREATE TABLE conversion_credits (
  conversion_no INTEGER NOT NULL REFERENCES conversions, place INTEGER NOT NULL, partner_no INTEGER NOT NULL,
  link_no INTEGER NOT NULL, click_id TEXT NOT NULL, country TEXT NOT NULL, device INTEGER NOT NULL,
  share_bp INTEGER NOT NULL, amount INTEGER NOT NULL, refunded INTEGER NOT NULL,
  PRIMARY KEY (conversion_no, place)) WITHOUT ROWID;
CREATE INDEX conversion_credits_by_partner ON conversion_credits (partner_no, conversion_no);

-- Days from a click on a listing's links to a conversion; nothing = the programme's.
ALTER TABLE listings ADD COLUMN window_days INTEGER;

-- History by time, for what reruns it.
CREATE INDEX conversions_by_time ON conversions (occurred_at, no);
