-- The Ledger, version 9: exchange rates, payout details and payout runs.

-- The value of one unit of a currency in another on a day, in units of 10^-10. `used` is 1 if an approved run used it.
CREATE TABLE fx_rates (
  no INTEGER PRIMARY KEY, date TEXT NOT NULL, from_currency TEXT NOT NULL, to_currency TEXT NOT NULL,
  rate INTEGER NOT NULL CHECK (rate > 0), used INTEGER NOT NULL, set_at INTEGER NOT NULL,
  UNIQUE (date, from_currency, to_currency));

-- Payout details, one row per version: a payout keeps the version under which it was approved. `sealed` is not in the
-- log, and so not in a Ledger rebuilt from it.
CREATE TABLE payout_details (
  no INTEGER PRIMARY KEY, partner_no INTEGER NOT NULL, method TEXT NOT NULL, fields TEXT NOT NULL, sealed TEXT,
  set_at INTEGER NOT NULL);
CREATE INDEX payout_details_by_partner ON payout_details (partner_no, no);

-- Payout runs. `currency` is empty if the run is for all currencies. `transfers_seen` is the last transfer when the run
-- was computed, `last_payout_no` the last payout number assigned. `payer` is the payer at the time of approval.
CREATE TABLE payout_runs (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, period_from TEXT NOT NULL, period_to TEXT NOT NULL,
  currency TEXT NOT NULL, minimum INTEGER, minimum_currency TEXT, rate_date TEXT NOT NULL, status TEXT NOT NULL,
  maker TEXT NOT NULL, refreshed_by TEXT, approver TEXT, transfers_seen INTEGER NOT NULL,
  last_payout_no INTEGER NOT NULL, answer TEXT NOT NULL, created_at INTEGER NOT NULL, computed_at INTEGER NOT NULL,
  approved_at INTEGER, payer TEXT);
CREATE UNIQUE INDEX payout_runs_standing ON payout_runs (period_from, period_to, currency)
  WHERE status <> 'cancelled';

-- One row per run and partner: a payout, or the reason that there is none.
CREATE TABLE payouts (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run_no INTEGER NOT NULL REFERENCES payout_runs,
  partner_no INTEGER NOT NULL, currency TEXT NOT NULL, amount INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT,
  invoice_no INTEGER UNIQUE, details_no INTEGER, reference TEXT, failure TEXT, created_at INTEGER NOT NULL,
  ended_at INTEGER);
CREATE INDEX payouts_by_run ON payouts (run_no, status, no);
CREATE INDEX payouts_by_partner ON payouts (partner_no, no);
CREATE INDEX payouts_by_status ON payouts (status, no);
CREATE INDEX payouts_open ON payouts (partner_no, no) WHERE status = 'open';
-- The amounts of a payout by the currency in which they were earned. Rows without `converted` are held.
CREATE TABLE payout_parts (
  payout_no INTEGER NOT NULL, currency TEXT NOT NULL, amount INTEGER NOT NULL, commissions INTEGER NOT NULL, rate TEXT,
  converted INTEGER, PRIMARY KEY (payout_no, currency)) WITHOUT ROWID;
-- The commissions of an approved payout, with their open and reversed amounts at the time of approval.
CREATE TABLE payout_items (
  payout_no INTEGER NOT NULL, commission_no INTEGER NOT NULL, amount INTEGER NOT NULL, reversed INTEGER NOT NULL,
  PRIMARY KEY (payout_no, commission_no)) WITHOUT ROWID;

-- Exactly the unpaid commissions, so that a run reads this index and no other commissions. `settled` is the paid
-- amount. Amounts in open payouts are only in `payout_items`, so that an approval updates no commissions.
CREATE INDEX commissions_open ON commissions
  (partner_no, currency, matures_at, reversed, amount - reversed - settled + written_off)
  WHERE status <> 'pending' AND amount - reversed - settled + written_off <> 0;
-- A partner's balance at a past time, and the transfers of one commission.
CREATE INDEX transfers_by_commission ON transfers (partner_no, commission_no, no);
