-- The Ledger, version 11: payment files that were handed out, payments that came back, makers of keys, and the payer's
-- account.

-- The payment files of a run. A payout is in one file at most, so that a later file does not pay it again. `message_id`
-- identifies the file to the bank; `execution_date` is the day on which the bank was asked to pay.
CREATE TABLE payment_files (
  run_no INTEGER NOT NULL REFERENCES payout_runs, number INTEGER NOT NULL, method TEXT NOT NULL,
  message_id TEXT NOT NULL, execution_date TEXT, created_at INTEGER NOT NULL,
  PRIMARY KEY (run_no, number)) WITHOUT ROWID;
-- The number of the file that a payout is in, and what the bank charged for a payment that failed, in minor units.
ALTER TABLE payouts ADD COLUMN file_no INTEGER;
ALTER TABLE payouts ADD COLUMN fee INTEGER;

-- The key that made a key; NULL if it was made before this was recorded.
ALTER TABLE api_keys ADD COLUMN created_by TEXT;

-- The payer's account was stored in the clear. It is moved to a row of its own, which the Ledger seals when it opens
-- (ledger/payer.rs), and only its last four characters remain elsewhere.
INSERT INTO meta (name, value) SELECT 'payer_account_unsealed', value ->> '$.payer.iban' FROM meta
  WHERE name = 'program' AND value ->> '$.payer.iban' IS NOT NULL;
UPDATE meta SET value = json_set(value, '$.payer.iban', '••••' || substr(value ->> '$.payer.iban', -4))
  WHERE name = 'program' AND value ->> '$.payer.iban' IS NOT NULL;
UPDATE payout_runs SET payer = json_set(payer, '$[1].iban', '••••' || substr(payer ->> '$[1].iban', -4))
  WHERE payer ->> '$[1].iban' IS NOT NULL;
UPDATE events SET data = json_set(data, '$.payer.iban', '••••' || substr(data ->> '$.payer.iban', -4)),
  ledger = json_set(ledger, '$.program.payer.iban', '••••' || substr(ledger ->> '$.program.payer.iban', -4))
  WHERE type = 'program.updated' AND ledger ->> '$.program.payer.iban' IS NOT NULL;
