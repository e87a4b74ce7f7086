-- The Ledger, version 10: what a sale added to the counters of the terms.

-- JSON (store/conversions/counted.rs): the month and quarter in which the sale is counted, and what it bore of fees and
-- costs. A refund subtracts from the same counters, even if the programme's time zone has changed since. NULL if nothing was
-- counted, or for sales of before this version.
ALTER TABLE conversions ADD COLUMN counted TEXT;
