-- The Ledger, version 5: commissions without a conversion, and the accounts of payouts.

-- Placement fees, bonuses and referral commissions have no conversion, so `conversion_no` must be nullable, which in
-- SQLite requires a new table. `source` is what earned the commission, `plan` the plan, `base` the amount that the rate
-- was applied to, and `subject` the placement, period or partner. `settled` is the amount in approved or paid payouts,
-- `written_off` the amount of a negative remainder that was written off: open = amount - reversed - settled +
-- written_off.
CREATE TABLE commissions_5 (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversion_no INTEGER REFERENCES conversions,
  partner_no INTEGER NOT NULL, link_no INTEGER NOT NULL, click_id TEXT, share_bp INTEGER NOT NULL,
  rate_bp INTEGER NOT NULL, amount INTEGER NOT NULL, reversed INTEGER NOT NULL, currency TEXT NOT NULL,
  status TEXT NOT NULL, flags TEXT NOT NULL, matures_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
  held_reason TEXT, source TEXT NOT NULL, base INTEGER, plan TEXT, subject TEXT, settled INTEGER NOT NULL,
  written_off INTEGER NOT NULL);
INSERT INTO commissions_5 SELECT no, id, conversion_no, partner_no, link_no, click_id, share_bp, rate_bp, amount,
  reversed, currency, status, flags, matures_at, created_at, held_reason, 'conversion', NULL, NULL, NULL, 0, 0
  FROM commissions;
DROP TABLE commissions;
ALTER TABLE commissions_5 RENAME TO commissions;
CREATE INDEX commissions_by_conversion ON commissions (conversion_no);
CREATE INDEX commissions_by_partner ON commissions (partner_no, no);
CREATE INDEX commissions_maturing ON commissions (matures_at) WHERE status = 'pending' AND held_reason IS NULL;
CREATE INDEX commissions_held ON commissions (no) WHERE held_reason IS NOT NULL;

-- The rate of an exchange, and the payout that a transfer belongs to.
ALTER TABLE transfers ADD COLUMN rate TEXT;
ALTER TABLE transfers ADD COLUMN payout_no INTEGER;
