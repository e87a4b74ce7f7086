-- The Ledger. Version 4: commissions that are held.

-- Why what a conversion earns is held, and why a commission is; nothing = it is not. A pending commission that is held
-- stays pending beyond its date until it is released.
ALTER TABLE conversions ADD COLUMN held_reason TEXT;
ALTER TABLE commissions ADD COLUMN held_reason TEXT;

-- What is held is never due, so the search for what is due does not come across it.
DROP INDEX commissions_maturing;
CREATE INDEX commissions_maturing ON commissions (matures_at) WHERE status = 'pending' AND held_reason IS NULL;
CREATE INDEX commissions_held ON commissions (no) WHERE held_reason IS NOT NULL;
