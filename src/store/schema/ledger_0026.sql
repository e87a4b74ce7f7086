-- The Ledger, version 26: when listings were called.

-- One row for each listing whose marketplace has called. `burst_at`, `bursts` and `interval_s` make up the usual interval between
-- callbacks. `hours` is a JSON array of hours since the epoch, each with the number of callbacks, the newest first. They are in the row,
-- so that a callback writes one. `check_at` is when the alarm looks at the listing; it changes at most once a day. NULL: not at all.
CREATE TABLE listing_calls (
  listing_no INTEGER PRIMARY KEY, last_accepted_at INTEGER NOT NULL, burst_at INTEGER NOT NULL, bursts INTEGER NOT NULL,
  interval_s INTEGER NOT NULL, hours TEXT NOT NULL, silent_since INTEGER, check_at INTEGER);
CREATE INDEX listing_calls_due ON listing_calls (check_at) WHERE check_at IS NOT NULL;

-- How many callbacks of a listing were refused in an hour since the epoch, as far as the Worker reported them.
CREATE TABLE listing_refusals (
  listing_no INTEGER NOT NULL, hour INTEGER NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (listing_no, hour, reason)) WITHOUT ROWID;
