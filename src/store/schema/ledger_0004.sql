-- The Ledger. Version 4: commissions that are held, and the plans that accounts had.

-- Why what a conversion earns is held, and why a commission is; nothing = it is not. A pending commission that is held
-- stays pending beyond its date until it is released.
ALTER TABLE conversions ADD COLUMN held_reason TEXT;
ALTER TABLE commissions ADD COLUMN held_reason TEXT;

-- What is held is never due, so the search for what is due does not come across it.
DROP INDEX commissions_maturing;
CREATE INDEX commissions_maturing ON commissions (matures_at) WHERE status = 'pending' AND held_reason IS NULL;
CREATE INDEX commissions_held ON commissions (no) WHERE held_reason IS NOT NULL;

-- The plans of customers' accounts, each from when on: a charge is priced by the plan of its own time.
CREATE TABLE account_plans (
  listing_no INTEGER NOT NULL, account TEXT NOT NULL, told_at INTEGER NOT NULL, plan TEXT NOT NULL,
  PRIMARY KEY (listing_no, account, told_at)) WITHOUT ROWID;
INSERT INTO account_plans SELECT listing_no, account, plan_at, plan FROM marketplace_accounts
  WHERE plan IS NOT NULL AND plan_at IS NOT NULL;
