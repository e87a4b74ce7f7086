-- Schema of one shard of the click log, version 4.

-- Visits whose link nobody made, such as those with invented tokens: anybody can send thousands. They are counted and not
-- kept. A row is deleted once an outbox row includes it. Visits of before this version stay in `click`.
CREATE TABLE invalid_visits (
  -- Quarter hours since 1970.
  quarter INTEGER NOT NULL,
  country TEXT NOT NULL,
  device INTEGER NOT NULL,
  visits INTEGER NOT NULL,
  newest_ms INTEGER NOT NULL,
  PRIMARY KEY (quarter, country, device)
) STRICT, WITHOUT ROWID;
