//! Rows of refunds.

use crate::domain::values::{id::RefundId, time::Timestamp};
use crate::store::{Row, Sql, SqlError, Value};

/// A refund as stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refund {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: RefundId,
    /// The refunded conversion.
    pub conversion_no: i64,
    /// The caller's id; unique within the conversion.
    pub external_id: String,
    /// The amount as received; absent means the full remaining amount.
    pub sent_amount: Option<i64>,
    /// The refunded amount in minor units.
    pub amount: i64,
    /// ISO 4217 currency.
    pub currency: String,
    /// The first response, which equals the data of the refund's event.
    #[serde(skip)]
    pub answer: String,
    /// When it was accepted.
    pub created_at: Timestamp,
}

fn read(row: &Row) -> Result<Refund, SqlError> {
    Ok(Refund {
        no: row.int(0)?,
        id: row.parsed(1, "a refund id", RefundId::parse)?,
        conversion_no: row.int(2)?,
        external_id: row.text(3)?.to_owned(),
        sent_amount: row.opt_int(4)?,
        amount: row.int(5)?,
        currency: row.text(6)?.to_owned(),
        answer: row.text(7)?.to_owned(),
        created_at: row.time(8)?,
    })
}

/// Returns the number for the next refund.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "refunds")
}

/// Inserts a refund with its first response.
pub fn insert(sql: &dyn Sql, refund: &Refund, answer: &str) -> Result<(), SqlError> {
    let statement = "INSERT INTO refunds (no, id, conversion_no, external_id, sent_amount, amount, currency, answer, \
                     created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let args: [Value; 9] = [
        refund.no.into(),
        refund.id.as_str().into(),
        refund.conversion_no.into(),
        refund.external_id.as_str().into(),
        refund.sent_amount.into(),
        refund.amount.into(),
        refund.currency.as_str().into(),
        answer.into(),
        refund.created_at.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Returns a conversion's refunds, oldest first.
pub fn of_conversion(sql: &dyn Sql, conversion_no: i64) -> Result<Vec<Refund>, SqlError> {
    let statement = "SELECT no, id, conversion_no, external_id, sent_amount, amount, currency, answer, created_at \
                     FROM refunds WHERE conversion_no = ?1 ORDER BY no";
    sql.exec(statement, &[conversion_no.into()])?.iter().map(read).collect()
}

/// Returns the refunds of conversions with numbers above `after` up to `until`, by conversion.
pub fn of_conversions(sql: &dyn Sql, after: i64, until: i64) -> Result<Vec<Refund>, SqlError> {
    let statement = "SELECT no, id, conversion_no, external_id, sent_amount, amount, currency, '', created_at \
                     FROM refunds WHERE conversion_no > ?1 AND conversion_no <= ?2 ORDER BY conversion_no";
    sql.exec(statement, &[after.into(), until.into()])?.iter().map(read).collect()
}

/// Returns the refund of a conversion with this external id.
pub fn by_key(sql: &dyn Sql, conversion_no: i64, external_id: &str) -> Result<Option<Refund>, SqlError> {
    let statement = "SELECT no, id, conversion_no, external_id, sent_amount, amount, currency, answer, created_at \
                     FROM refunds WHERE conversion_no = ?1 AND external_id = ?2";
    sql.exec(statement, &[conversion_no.into(), external_id.into()])?.first().map(read).transpose()
}
