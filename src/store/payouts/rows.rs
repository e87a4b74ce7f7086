//! The table of payouts.

use crate::domain::{
    money::Currency,
    payouts::{PayoutStatus, RunStatus, UnpaidReason},
    programme::partner::PartnerNo,
    values::{
        id::{PartnerId, PayoutId, RunId},
        time::Timestamp,
    },
};
use crate::store::{Page, Row, Sql, SqlError, Value};

/// The open amount of a commission, written exactly as in the index `commissions_open`, because SQLite uses an
/// expression index only for the same expression.
pub(super) const OPEN: &str = "amount - reversed - settled + written_off";
/// The same expression for the table alias `m`.
pub(super) const OPEN_OF_M: &str = "m.amount - m.reversed - m.settled + m.written_off";

/// A payout as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: PayoutId,
    /// The number of its run.
    pub run_no: i64,
    /// The run's public id.
    pub run_id: RunId,
    /// The run's status.
    pub run_status: RunStatus,
    /// The partner that is paid.
    pub partner_no: PartnerNo,
    /// The partner's public id.
    pub partner_id: PartnerId,
    /// The currency of the payment.
    pub currency: Currency,
    /// The amount in minor units.
    pub amount: i64,
    /// Status.
    pub status: PayoutStatus,
    /// The reason that it is not paid.
    pub reason: Option<UnpaidReason>,
    /// The number of its self-billing invoice.
    pub invoice_no: Option<i64>,
    /// The version of the partner's payout details that a draft was computed with and its approval fixed.
    pub details_no: Option<i64>,
    /// The provider's reference.
    pub reference: Option<String>,
    /// The reason that it failed.
    pub failure: Option<String>,
    /// What the bank charged for the failure in minor units.
    pub fee: Option<i64>,
    /// The number of the payment file that it is in.
    pub file_no: Option<i64>,
    /// When it was computed.
    pub created_at: Timestamp,
    /// When it was paid or failed.
    pub ended_at: Option<Timestamp>,
}

const COLUMNS: &str = "y.no, y.id, y.run_no, r.id, r.status, y.partner_no, p.id, y.currency, CAST(y.amount AS TEXT), \
                       y.status, y.reason, y.invoice_no, y.details_no, y.reference, y.failure, y.created_at, y.ended_at, y.fee, y.file_no";
const FROM: &str =
    "FROM payouts y CROSS JOIN payout_runs r ON r.no = y.run_no CROSS JOIN partners p ON p.no = y.partner_no";

/// Reads an amount from a text column.
pub(super) fn amount(row: &Row, column: usize) -> Result<i64, SqlError> {
    i64::try_from(row.big_int(column)?).map_err(|_| SqlError::Overflow("an amount of a payout"))
}

fn read(row: &Row) -> Result<Payout, SqlError> {
    Ok(Payout {
        no: row.int(0)?,
        id: row.parsed(1, "a payout's id", PayoutId::parse)?,
        run_no: row.int(2)?,
        run_id: row.parsed(3, "a run's id", RunId::parse)?,
        run_status: row.parsed(4, "a status", RunStatus::parse)?,
        partner_no: row.number(5)?,
        partner_id: row.parsed(6, "a partner id", PartnerId::parse)?,
        currency: row.parsed(7, "a currency", Currency::parse)?,
        amount: amount(row, 8)?,
        status: row.parsed(9, "a status", PayoutStatus::parse)?,
        reason: row.opt_parsed(10, "a reason", UnpaidReason::parse)?,
        invoice_no: row.opt_int(11)?,
        details_no: row.opt_int(12)?,
        reference: row.opt_string(13)?,
        failure: row.opt_string(14)?,
        created_at: row.time(15)?,
        ended_at: row.opt_time(16)?,
        fee: row.opt_int(17)?,
        file_no: row.opt_int(18)?,
    })
}

/// Returns the payout with this id.
pub fn by_id(sql: &dyn Sql, id: &PayoutId) -> Result<Option<Payout>, SqlError> {
    let statement = format!("SELECT {COLUMNS} {FROM} WHERE y.id = ?1");
    sql.exec(&statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// Returns the payout with this number.
pub fn by_no(sql: &dyn Sql, no: i64) -> Result<Option<Payout>, SqlError> {
    let statement = format!("SELECT {COLUMNS} {FROM} WHERE y.no = ?1");
    sql.exec(&statement, &[no.into()])?.first().map(read).transpose()
}

/// A filter for lists of payouts; absent fields match everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct PayoutFilter {
    /// The run.
    pub run_no: Option<i64>,
    /// The status.
    pub status: Option<PayoutStatus>,
    /// The partner; only payouts of approved runs match.
    pub partner_no: Option<PartnerNo>,
}

/// Returns payouts, newest first.
pub fn list(sql: &dyn Sql, filter: PayoutFilter, page: Page) -> Result<Vec<Payout>, SqlError> {
    let mut args: Vec<Value> = vec![page.below().into(), page.limit.into()];
    let mut conditions = String::new();
    let mut narrow = |column: &str, value: Option<Value>| {
        if let Some(value) = value {
            args.push(value);
            conditions.push_str(&format!("{column} = ?{} AND ", args.len()));
        }
    };
    narrow("y.run_no", filter.run_no.map(Value::from));
    narrow("y.status", filter.status.map(|status| status.as_str().into()));
    narrow("y.partner_no", filter.partner_no.map(Value::from));
    if filter.partner_no.is_some() {
        conditions.push_str("r.status IN ('approved', 'settled') AND ");
    }
    let statement = format!(
        "SELECT {COLUMNS} {FROM} WHERE {conditions} y.no < ?1 ORDER BY y.no DESC LIMIT CAST(?2 AS INTEGER)"
    );
    sql.exec(&statement, &args)?.iter().map(read).collect()
}

/// Returns the payouts of a run with this status in ascending order, at most `limit`.
pub fn of_run(sql: &dyn Sql, run_no: i64, status: PayoutStatus, limit: i64) -> Result<Vec<Payout>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} {FROM} WHERE y.run_no = ?1 AND y.status = ?2 ORDER BY y.no LIMIT CAST(?3 AS INTEGER)"
    );
    let args = [run_no.into(), status.as_str().into(), limit.into()];
    sql.exec(&statement, &args)?.iter().map(read).collect()
}

/// Returns whether a partner has an approved payout that is neither paid nor failed.
pub fn any_open(sql: &dyn Sql, partner_no: PartnerNo) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM payouts WHERE partner_no = ?1 AND status = 'open' LIMIT 1";
    Ok(!sql.exec(statement, &[partner_no.into()])?.is_empty())
}

/// The sum of a run's payouts with the same status and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The status.
    pub status: PayoutStatus,
    /// The currency.
    pub currency: Currency,
    /// The number of payouts.
    pub payouts: i64,
    /// The amount in minor units.
    pub amount: i128,
    /// The number of commissions.
    pub commissions: i64,
}

/// Returns the sums of a run's payouts by status and currency.
pub fn sums(sql: &dyn Sql, run_no: i64) -> Result<Vec<Sum>, SqlError> {
    let statement = "SELECT status, currency, count(*), CAST(sum(amount) AS TEXT), \
                     coalesce(sum((SELECT sum(t.commissions) FROM payout_parts t \
                     WHERE t.payout_no = payouts.no AND t.converted IS NOT NULL)), 0) \
                     FROM payouts WHERE run_no = ?1 GROUP BY status, currency ORDER BY status, currency";
    let read = |row: &Row| {
        Ok(Sum {
            status: row.parsed(0, "a status", PayoutStatus::parse)?,
            currency: row.parsed(1, "a currency", Currency::parse)?,
            payouts: row.int(2)?,
            amount: row.big_int(3)?,
            commissions: row.int(4)?,
        })
    };
    sql.exec(statement, &[run_no.into()])?.iter().map(read).collect()
}

/// A part of a run that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPart {
    /// The payout that the part belongs to.
    pub payout_id: PayoutId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The currency of the amount; absent if another run includes the partner.
    pub currency: Option<Currency>,
    /// The currency of the payout.
    pub into: Currency,
    /// The amount in minor units.
    pub amount: i64,
    /// Why it is held.
    pub reason: UnpaidReason,
}

/// Returns the held parts of a run, at most `limit`, and the total number of them.
pub fn held(sql: &dyn Sql, run_no: i64, limit: i64) -> Result<(Vec<HeldPart>, i64), SqlError> {
    // A missing rate holds a part of a payout. Every other reason holds the payout as a whole, which then has no parts.
    const HELD: &str = "FROM payouts y JOIN partners p ON p.no = y.partner_no \
                        LEFT JOIN payout_parts t ON t.payout_no = y.no \
                        WHERE y.run_no = ?1 AND t.converted IS NULL AND (t.payout_no IS NOT NULL OR y.status = 'held')";
    let statement = format!(
        "SELECT y.id, p.id, coalesce(t.currency, iif(y.reason = 'in_other_run', NULL, y.currency)), y.currency, \
         CAST(coalesce(t.amount, y.amount) AS TEXT), iif(t.payout_no IS NULL, y.reason, 'rate_missing') {HELD} \
         ORDER BY y.no LIMIT CAST(?2 AS INTEGER)"
    );
    let read = |row: &Row| {
        Ok(HeldPart {
            payout_id: row.parsed(0, "a payout's id", PayoutId::parse)?,
            partner_id: row.parsed(1, "a partner id", PartnerId::parse)?,
            currency: row.opt_parsed(2, "a currency", Currency::parse)?,
            into: row.parsed(3, "a currency", Currency::parse)?,
            amount: amount(row, 4)?,
            reason: row.parsed(5, "a reason", UnpaidReason::parse)?,
        })
    };
    let rows = sql.exec(&statement, &[run_no.into(), limit.into()])?;
    let count = sql.exec(&format!("SELECT count(*) {HELD}"), &[run_no.into()])?;
    Ok((
        rows.iter().map(read).collect::<Result<_, SqlError>>()?,
        count.first().map_or(Ok(0), |row| row.int(0))?,
    ))
}
