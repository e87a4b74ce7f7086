-- The Ledger, version 14: who set payout details. Until now only the programme could.
ALTER TABLE payout_details ADD COLUMN by_partner INTEGER NOT NULL DEFAULT 0;
