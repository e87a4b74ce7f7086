-- The Ledger, version 14: imports.

-- What imports created, by the caller's own ids. `digest` identifies the content of the line, so that the same line again
-- changes nothing. `trail` has the earlier clicks of a click's visitor. Conversions and refunds are not in this table,
-- because their external ids are unique in their own.
CREATE TABLE imported (
  object TEXT NOT NULL, external_id TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, trail TEXT,
  PRIMARY KEY (object, external_id)) WITHOUT ROWID;
CREATE INDEX imported_clicks ON imported (id) WHERE object = 'click';

-- Imported clicks on their way to their ClickLogs, one record each.
CREATE TABLE click_outbox (place INTEGER PRIMARY KEY, shard INTEGER NOT NULL, record TEXT NOT NULL);

-- The payouts of a period that were made elsewhere are in a run of their own, beside the run that pays the period here.
ALTER TABLE payout_runs ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
DROP INDEX payout_runs_standing;
CREATE UNIQUE INDEX payout_runs_standing ON payout_runs (period_from, period_to, currency)
  WHERE status <> 'cancelled' AND imported = 0;
CREATE UNIQUE INDEX payout_runs_imported ON payout_runs (period_from, period_to) WHERE imported = 1;
