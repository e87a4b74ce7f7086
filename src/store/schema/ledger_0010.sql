-- The Ledger, version 10: what a conversion added to the counters of the terms, and when late touches were bound. A refund
-- and a simulation depend on them.

-- JSON (store/conversions/counted.rs): the month and quarter in which the sale is counted, and what it bore of fees and
-- costs. A refund subtracts from the same counters, even if the programme's time zone has changed since. NULL if nothing was
-- counted, or for sales of before this version.
ALTER TABLE conversions ADD COLUMN counted TEXT;
-- JSON: all that the conversion and its refunds added to the counters, net. NULL if it is of before this version.
ALTER TABLE conversions ADD COLUMN uses TEXT;
-- When the touch was bound; NULL if that was before this version.
ALTER TABLE customer_touches ADD COLUMN bound_at INTEGER;

-- What a simulation takes back: few commissions are triggered by other conversions, and few touches are bound late.
CREATE INDEX commissions_triggered ON commissions (created_at) WHERE source IN ('tier_adjustment', 'bonus');
CREATE INDEX customer_touches_late ON customer_touches (bound_at) WHERE bound_by = 0;
