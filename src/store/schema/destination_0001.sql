-- The object of a destination, version 1.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Events that wait to be delivered. `seq` is the place in the log of events; NULL for a test. `pending_attempt` is the last attempt,
-- whose row says `pending` until the next one.
CREATE TABLE queue (
  no INTEGER PRIMARY KEY, seq INTEGER, event_id TEXT NOT NULL, type TEXT NOT NULL, created_at INTEGER NOT NULL,
  ordering_key TEXT NOT NULL, data TEXT NOT NULL, is_replay INTEGER NOT NULL, attempts INTEGER NOT NULL,
  pending_attempt INTEGER, next_at INTEGER NOT NULL);

-- Every attempt of the last 30 days.
CREATE TABLE attempts (
  no INTEGER PRIMARY KEY, event_id TEXT NOT NULL, type TEXT NOT NULL, is_replay INTEGER NOT NULL,
  attempt INTEGER NOT NULL, status TEXT NOT NULL, http_status INTEGER, error TEXT, latency_ms INTEGER NOT NULL,
  response_excerpt TEXT NOT NULL, attempted_at INTEGER NOT NULL, next_attempt_at INTEGER);
CREATE INDEX attempts_undelivered ON attempts (status, no) WHERE status <> 'delivered';

-- Parts of the log that were requested again: the events after `after` up to `through`.
CREATE TABLE replays (no INTEGER PRIMARY KEY, after INTEGER NOT NULL, through INTEGER NOT NULL);
