-- The Ledger, version 13: verified callbacks that could not be read. They are not in the log: `sealed` holds what the
-- vendor sent, which may contain personal data, and is deleted once the callback is processed. Numbers are never used
-- again, because cursors name them.
CREATE TABLE kept_callbacks (
  no INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, listing_no INTEGER NOT NULL REFERENCES listings,
  kind TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, sealed TEXT,
  tries INTEGER NOT NULL, received_at INTEGER NOT NULL, tried_at INTEGER, expires_at INTEGER NOT NULL);
CREATE INDEX kept_callbacks_by_status ON kept_callbacks (status, no);
CREATE INDEX kept_callbacks_by_listing ON kept_callbacks (listing_no, no);
CREATE INDEX kept_callbacks_by_both ON kept_callbacks (listing_no, status, no);
CREATE INDEX kept_callbacks_by_age ON kept_callbacks (expires_at);
-- What the messages of a listing take up.
CREATE INDEX kept_callbacks_size ON kept_callbacks (listing_no, length(sealed)) WHERE status = 'unprocessed';
