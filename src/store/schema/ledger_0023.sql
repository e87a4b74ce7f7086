-- The Ledger, version 23: endpoints that receive events.

-- `events` is a JSON array of types, or ["*"]. `secrets` is sealed: a JSON array of the signing secrets, the newest first, each with
-- the time at which it expires. `start_seq` is the last event before the endpoint was made. `earlier_events` has earlier filters, each
-- with the last event that it was for, the oldest first.
CREATE TABLE webhooks (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, partner_no INTEGER NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL,
  earlier_events TEXT NOT NULL,
  description TEXT, status TEXT NOT NULL, pause_reason TEXT, paused_at INTEGER, api_version TEXT NOT NULL,
  secrets TEXT NOT NULL, start_seq INTEGER NOT NULL, created_by TEXT NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, deleted_at INTEGER);
CREATE INDEX webhooks_by_partner ON webhooks (partner_no, no) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_active ON webhooks (no) WHERE deleted_at IS NULL AND status = 'active';

-- Commands on their way to the objects of destinations, in the order in which they are executed. JSON.
CREATE TABLE destination_commands (no INTEGER PRIMARY KEY, destination TEXT NOT NULL, command TEXT NOT NULL);
