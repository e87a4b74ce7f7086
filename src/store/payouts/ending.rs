//! How payouts end: paid, or failed and payable again.

use super::{
    super::{Sql, SqlError},
    Payout,
    legs::{Direction, of_payout},
};
use crate::domain::values::time::Timestamp;
use crate::store::{
    books::accounts::{self, Transfer},
    payouts::runs,
};

/// The payout with this number.
fn named(sql: &dyn Sql, no: i64) -> Result<Payout, SqlError> {
    super::by_no(sql, no)?.ok_or(SqlError::Shape { column: 0, expected: "a payout that exists" })
}

/// A payout is paid: its money has left, and so have its commissions. One that was taken back meanwhile stays so.
pub fn paid(sql: &dyn Sql, no: i64, reference: &str, transfer: &Transfer) -> Result<(), SqlError> {
    let payout = named(sql, no)?;
    accounts::post(sql, transfer)?;
    let statement = "UPDATE payouts SET status = 'paid', reference = ?2, ended_at = ?3 WHERE no = ?1";
    sql.exec(statement, &[no.into(), reference.into(), transfer.at.into()])?;
    let statement = "UPDATE commissions SET settled = settled + i.amount, status = iif(status = 'payable', 'paid', status) \
                     FROM payout_items i WHERE i.payout_no = ?1 AND commissions.no = i.commission_no";
    sql.exec(statement, &[no.into()])?;
    runs::settle(sql, payout.run_no)
}

/// A payout failed: its money is payable again in the currencies that it was earned in, at the rates that it left them, and
/// its commissions are no longer bound.
pub fn failed(sql: &dyn Sql, no: i64, reason: &str, at: Timestamp) -> Result<(), SqlError> {
    let payout = named(sql, no)?;
    of_payout(sql, &payout, Direction::Failed, at)?;
    let statement = "UPDATE payouts SET status = 'failed', failure = ?2, ended_at = ?3 WHERE no = ?1";
    sql.exec(statement, &[no.into(), reason.into(), at.into()])?;
    runs::settle(sql, payout.run_no)
}
