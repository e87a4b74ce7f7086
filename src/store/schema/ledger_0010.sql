-- The Ledger, version 10: payment files that were handed out, and payments that came back.

-- The payment files of a run. A payout is in one file at most, so that a later file does not pay it again. `message_id`
-- identifies the file to the bank; `execution_date` is the day on which the bank was asked to pay.
CREATE TABLE payment_files (
  run_no INTEGER NOT NULL REFERENCES payout_runs, number INTEGER NOT NULL, method TEXT NOT NULL,
  message_id TEXT NOT NULL, execution_date TEXT, created_at INTEGER NOT NULL,
  PRIMARY KEY (run_no, number)) WITHOUT ROWID;
-- The number of the file that a payout is in, and what the bank charged for a payment that failed, in minor units.
ALTER TABLE payouts ADD COLUMN file_no INTEGER;
ALTER TABLE payouts ADD COLUMN fee INTEGER;
