-- The object of a destination, version 2: mail.

-- The mails of each event, one for each recipient. A row is written before its mail is sent, so that none is sent twice after a
-- crash. `provider` has it if anybody has, and `unfound_at` is when it was asked for a mail first and had none.
CREATE TABLE mails (
  event_id TEXT NOT NULL, recipient TEXT NOT NULL, status TEXT NOT NULL, sends INTEGER NOT NULL,
  unfound_at INTEGER, began_at INTEGER NOT NULL, provider TEXT NOT NULL, PRIMARY KEY (event_id, recipient)) WITHOUT ROWID;
CREATE INDEX mails_by_age ON mails (began_at);
