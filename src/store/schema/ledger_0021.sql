-- The Ledger, version 21: restores.

-- The pages of an export that this Ledger was restored from, by their digest: a page that is sent again changes nothing.
CREATE TABLE restored_pages (digest TEXT PRIMARY KEY) WITHOUT ROWID;
-- Restored clicks are stored as they were classified; imported ones are classified by their shard.
ALTER TABLE click_outbox ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
