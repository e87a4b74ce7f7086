-- The Ledger, version 20: links that change after their creation.

-- The query that is added to that of the listing's URL, and how often the destination, slug or
-- expiry was changed.
ALTER TABLE links ADD COLUMN query TEXT;
ALTER TABLE links ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
-- The snapshot lists exactly these links.
CREATE INDEX links_revised ON links (no) WHERE revision > 0;
