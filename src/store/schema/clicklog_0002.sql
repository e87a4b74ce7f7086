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
