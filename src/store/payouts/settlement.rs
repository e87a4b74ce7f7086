//! Settlement of payouts: paid, or failed and payable again, even after they were paid.

use crate::domain::values::time::Timestamp;
use crate::store::{
    Sql, SqlError,
    books::accounts::{self, Transfer},
    payouts::{
        fx_transfers::{Direction, post_payout},
        rows::{self, Payout},
        runs,
    },
};

/// Returns the payout with this number.
fn require(sql: &dyn Sql, no: i64) -> Result<Payout, SqlError> {
    rows::by_no(sql, no)?.ok_or(SqlError::Shape { column: 0, expected: "a payout that exists" })
}

/// Records that a payout was paid. Its payable commissions become paid; those reversed in the meantime keep their
/// status.
pub fn paid(sql: &dyn Sql, no: i64, reference: &str, transfer: &Transfer) -> Result<(), SqlError> {
    let payout = require(sql, no)?;
    accounts::post(sql, transfer)?;
    let statement = "UPDATE payouts SET status = 'paid', reference = ?2, ended_at = ?3 WHERE no = ?1";
    sql.exec(statement, &[no.into(), reference.into(), transfer.at.into()])?;
    let statement = "UPDATE commissions SET settled = settled + i.amount, status = iif(status = 'payable', 'paid', status) \
                     FROM payout_items i WHERE i.payout_no = ?1 AND commissions.no = i.commission_no";
    sql.exec(statement, &[no.into()])?;
    runs::settle(sql, payout.run_no)
}

/// Records that a payout failed. Its amount becomes payable again in the currencies in which it was earned, at the
/// original rates, and its commissions are no longer part of an open payout.
pub fn failed(sql: &dyn Sql, no: i64, reason: &str, fee: Option<i64>, at: Timestamp) -> Result<(), SqlError> {
    let payout = require(sql, no)?;
    post_payout(sql, &payout, Direction::Failed, at)?;
    let statement =
        "UPDATE payouts SET status = 'failed', failure = ?2, fee = ?3, ended_at = ?4 WHERE no = ?1";
    sql.exec(statement, &[no.into(), reason.into(), fee.into(), at.into()])?;
    runs::settle(sql, payout.run_no)
}

/// Records that a paid payout came back: `transfer` reverses its payment, and then it is as if it had failed. The
/// commissions that it paid are payable again; those that it netted keep their status.
pub fn returned(
    sql: &dyn Sql,
    no: i64,
    reason: &str,
    fee: Option<i64>,
    transfer: &Transfer,
) -> Result<(), SqlError> {
    accounts::post(sql, transfer)?;
    let statement = "UPDATE commissions SET settled = settled - i.amount, \
                     status = iif(status = 'paid' AND i.amount > 0, 'payable', status) \
                     FROM payout_items i WHERE i.payout_no = ?1 AND commissions.no = i.commission_no";
    sql.exec(statement, &[no.into()])?;
    failed(sql, no, reason, fee, transfer.at)
}
