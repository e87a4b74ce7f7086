-- One shard of the click log. Version 2.

-- An index over visitors cost more than all the rest of a click: visitors arrive in no order, so each row dirtied a
-- page of its own. The counted clicks of a visitor are now gathered in memory and written here by the thousand, in
-- order. A visitor is one of a UTC day, so what is older than yesterday answers nothing and is deleted.
DROP INDEX click_counted;

CREATE TABLE counted (
  -- Days since 1970-01-01 UTC.
  day INTEGER NOT NULL,
  visitor TEXT NOT NULL,
  link_no INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (day, visitor, link_no, at_ms)
) STRICT, WITHOUT ROWID;

-- Up to which row of `click` the table above has all counted clicks; one row.
CREATE TABLE counted_through (seq INTEGER NOT NULL) STRICT;

INSERT INTO counted SELECT at_ms / 86400000, visitor, link_no, at_ms FROM click
  WHERE bucket = 0 AND visitor IS NOT NULL AND at_ms >= (SELECT max(at_ms) FROM click) - 2 * 86400000
  ORDER BY 1, 2, 3, 4;
INSERT INTO counted_through SELECT coalesce(max(seq), 0) FROM click;

-- Counts for the Ledger are summed from the rows themselves, from one place of the log to another, and no longer
-- gathered with each batch. `through` is the place of the last click that the row, or one before it, carries. What was
-- pending are the counts of the newest clicks.
ALTER TABLE outbox ADD COLUMN through INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET through = coalesce((SELECT max(seq) FROM click), 0) - coalesce((SELECT sum(clicks) FROM pending), 0);
INSERT INTO outbox (seq, body, through) SELECT 0, NULL, 0 WHERE NOT EXISTS (SELECT 1 FROM outbox);
DROP TABLE pending;

-- Clicks of all shards that came in one batch, on their way to the shards they belong to: a call to each of sixteen
-- objects costs more than what is in it, so a batch is made durable in one object, and travels on with others.
CREATE TABLE intake (
  place INTEGER PRIMARY KEY,
  shard INTEGER NOT NULL,
  -- A JSON array of records.
  records TEXT NOT NULL
) STRICT;
