-- One shard of the click log. Version 1.

-- Every visit, once. `seq` is the row's place in this shard's log: given in the order of arrival, without gaps. The
-- newest row is never deleted, so SQLite's own choice for the next row, the largest seq plus one, is never one that
-- was given before.
CREATE TABLE click (
  seq INTEGER PRIMARY KEY,
  -- The click id, or the random id of a visit that got none. It starts with the time, so rows that arrive together
  -- lie together in this index.
  id TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  -- 0: no link is known.
  link_no INTEGER NOT NULL,
  -- 16 hexadecimal digits.
  visitor TEXT,
  -- '' is unknown, here and in `pending`: SQLite holds NULLs to be distinct, and a count must meet its like.
  country TEXT NOT NULL,
  device INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  -- 1: the visitor's first counted click on the link in the UTC day.
  first_of_day INTEGER NOT NULL,
  -- Earlier click ids of the visitor, joined by '.', oldest first.
  trail TEXT NOT NULL
) STRICT;

CREATE INDEX click_by_time ON click (at_ms);
CREATE INDEX click_by_link ON click (link_no, at_ms);
-- What the rules for duplicates and for unique clicks ask: the counted clicks of a visitor on a link.
CREATE INDEX click_counted ON click (visitor, link_no, at_ms) WHERE bucket = 0 AND visitor IS NOT NULL;

-- Counts that no outbox row carries yet.
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

-- Counts on their way to the Ledger. A row's content never changes, so it can be sent again under its number. `body`
-- is NULL once the Ledger has it; the newest row stays, to keep the number.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,
  body TEXT
) STRICT;

-- Pieces of the log that go to KV: the range is fixed here before the first attempt, so that a retry writes the same.
-- The newest row stays, to keep the place where the next piece starts.
CREATE TABLE segment (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  written INTEGER NOT NULL
) STRICT;
