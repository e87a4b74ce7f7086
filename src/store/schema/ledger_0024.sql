-- The Ledger, version 24: events that are only in the log in KV.

-- Segments of the log of events that were written to KV for good. Their events are deleted some minutes later; the last event that
-- was deleted is in `meta`. The times are those of the earliest and of the latest event, because an import records events at times of
-- their own.
CREATE TABLE event_segments (
  last INTEGER PRIMARY KEY, first INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
  written_at INTEGER NOT NULL);
CREATE INDEX event_segments_by_time ON event_segments (to_ms, from_ms);

-- How many events of a type each partner has in a segment whose events were deleted. Lists and replays count by these rows, and
-- skip segments that have nothing for them.
CREATE TABLE event_segment_counts (
  last INTEGER NOT NULL, partner_no INTEGER NOT NULL, type TEXT NOT NULL, events INTEGER NOT NULL,
  PRIMARY KEY (last, partner_no, type)) WITHOUT ROWID;
