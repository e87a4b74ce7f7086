-- The Ledger, version 15: which clicks its counts include.

-- The position in the shard's log of the last click that the counts include; NULL until a shard of this version or newer
-- has sent some.
ALTER TABLE shards ADD COLUMN counted_through INTEGER;
