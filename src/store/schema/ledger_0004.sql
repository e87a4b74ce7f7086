-- The Ledger, version 4: held commissions, and the plans of accounts over time.

-- The reason that the commissions of a conversion, or a commission, are held; NULL if they are not. A held commission
-- stays pending beyond its date until it is released.
ALTER TABLE conversions ADD COLUMN held_reason TEXT;
ALTER TABLE commissions ADD COLUMN held_reason TEXT;

-- Held commissions are never due, so this index excludes them.
DROP INDEX commissions_maturing;
CREATE INDEX commissions_maturing ON commissions (matures_at) WHERE status = 'pending' AND held_reason IS NULL;
CREATE INDEX commissions_held ON commissions (no) WHERE held_reason IS NOT NULL;

-- The plans of customers' accounts with their start times. A charge is priced by the plan at the time of the charge.
CREATE TABLE account_plans (
  listing_no INTEGER NOT NULL, account TEXT NOT NULL, told_at INTEGER NOT NULL, plan TEXT NOT NULL,
  PRIMARY KEY (listing_no, account, told_at)) WITHOUT ROWID;
INSERT INTO account_plans SELECT listing_no, account, plan_at, plan FROM marketplace_accounts
  WHERE plan IS NOT NULL AND plan_at IS NOT NULL;
