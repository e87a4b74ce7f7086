-- The Ledger, version 22: qualified leads.

-- The operator's decision on a lead as JSON: its status, reason and time. NULL: nobody has decided yet, or it is no lead.
ALTER TABLE conversions ADD COLUMN qualification TEXT;
-- The leads of a row that are qualified.
ALTER TABLE conversion_counts ADD COLUMN qualified_leads INTEGER NOT NULL DEFAULT 0;
