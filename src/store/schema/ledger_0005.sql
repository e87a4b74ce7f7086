-- The Ledger. Version 5: commissions that no conversion earned, and the accounts of payouts.

-- A placement's fee, a bonus and a referrer's share have no conversion, so the column may be empty now, which SQLite
-- can only do by another table. `source` says what earned it, `plan` by which plan, `base` what the rate was applied to,
-- `subject` which placement, period or partner it is for. `settled` is bound in payouts that are approved or paid,
-- `written_off` what the operator forgave of a negative rest: open = amount - reversed - settled + written_off.
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

-- The exchange rate that a leg of an exchange was made at, and the payout that a transfer belongs to.
ALTER TABLE transfers ADD COLUMN rate TEXT;
ALTER TABLE transfers ADD COLUMN payout_no INTEGER;
