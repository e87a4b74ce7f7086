-- Schema of one shard of the click log, version 1.

-- Every visit, once. `seq` is the position in the log of this shard, assigned in order of arrival without gaps. The
-- newest row is never deleted, so that SQLite's choice for the next row (the largest seq plus one) has never been used
-- before.
CREATE TABLE click (
  seq INTEGER PRIMARY KEY,
  -- The click id, or the random id of a visit without one. It starts with the time, so rows that arrive together are
  -- close to each other in this index.
  id TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  -- 0 means that the link is unknown.
  link_no INTEGER NOT NULL,
  -- Sixteen hexadecimal digits.
  visitor TEXT,
  -- '' means unknown, here and in `pending`: SQLite treats NULLs as distinct, which would prevent counts from merging.
  country TEXT NOT NULL,
  device INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  -- 1 for the visitor's first counted click on the link in the UTC day.
  first_of_day INTEGER NOT NULL,
  -- Earlier click ids of the visitor, joined by '.', oldest first.
  trail TEXT NOT NULL
) STRICT;

CREATE INDEX click_by_time ON click (at_ms);
CREATE INDEX click_by_link ON click (link_no, at_ms);
-- The rules for duplicates and unique clicks look up the counted clicks of a visitor on a link.
CREATE INDEX click_counted ON click (visitor, link_no, at_ms) WHERE bucket = 0 AND visitor IS NOT NULL;

-- Counts that are not in an outbox row yet.
CREATE TABLE pending (
  place INTEGER PRIMARY KEY,
  link_no INTEGER NOT NULL,
  quarter INTEGER NOT NULL,
  country TEXT NOT NULL,
  device INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  clicks INTEGER NOT NULL,
  uniques INTEGER NOT NULL,
  newest_ms INTEGER NOT NULL,
  UNIQUE (link_no, quarter, country, device, bucket)
) STRICT;

-- Counts to send to the Ledger. The content of a row never changes, so that it can be sent again under its number.
-- `body` is NULL once the Ledger has applied it; the newest row stays to keep the number.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,
  body TEXT
) STRICT;

-- Parts of the log to write to KV. The range is recorded here before the first attempt, so that a retry writes the
-- same. The newest row stays to keep the position where the next part starts.
CREATE TABLE segment (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  written INTEGER NOT NULL
) STRICT;
