-- Schema of one shard of the click log, version 2.

-- The index over visitors cost more than everything else about a click: visitors arrive in random order, so each row
-- dirtied a page of its own. The counted clicks of a visitor are now collected in memory and written here in sorted
-- batches of thousands. A visitor hash lasts one UTC day, so rows older than yesterday are no longer needed and are
-- deleted.
DROP INDEX click_counted;

CREATE TABLE counted (
  -- Days since 1970-01-01 UTC.
  day INTEGER NOT NULL,
  visitor TEXT NOT NULL,
  link_no INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (day, visitor, link_no, at_ms)
) STRICT, WITHOUT ROWID;

-- The last row of `click` whose counted clicks the table above includes; one row.
CREATE TABLE counted_through (seq INTEGER NOT NULL) STRICT;

INSERT INTO counted SELECT at_ms / 86400000, visitor, link_no, at_ms FROM click
  WHERE bucket = 0 AND visitor IS NOT NULL AND at_ms >= (SELECT max(at_ms) FROM click) - 2 * 86400000
  ORDER BY 1, 2, 3, 4;
INSERT INTO counted_through SELECT coalesce(max(seq), 0) FROM click;

-- Counts for the Ledger are now summed from the rows of `click` between two positions of the log, and no longer
-- collected per batch. `through` is the position of the last click that this row or an earlier one includes. The
-- pending counts are those of the newest clicks.
ALTER TABLE outbox ADD COLUMN through INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET through = coalesce((SELECT max(seq) FROM click), 0) - coalesce((SELECT sum(clicks) FROM pending), 0);
INSERT INTO outbox (seq, body, through) SELECT 0, NULL, 0 WHERE NOT EXISTS (SELECT 1 FROM outbox);
DROP TABLE pending;

-- Clicks of several shards that arrived in one batch and must be forwarded to their shards. A call to each of sixteen
-- objects costs more than its contents, so a batch is made durable in one object and forwarded together with others.
CREATE TABLE intake (
  place INTEGER PRIMARY KEY,
  shard INTEGER NOT NULL,
  -- A JSON array of records.
  records TEXT NOT NULL
) STRICT;
