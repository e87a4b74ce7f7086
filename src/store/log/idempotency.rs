//! First answers, by idempotency key. A record is written in the transaction of the change it belongs to.

use crate::domain::values::time::{DAY_MS, Timestamp};
use crate::store::{Sql, SqlError, Value};

/// How long a first answer is kept.
pub const KEPT_MS: i64 = 30 * DAY_MS;

/// A first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// SHA-256 of the body as sent, hex.
    pub body_hash: String,
    /// Status.
    pub status: u16,
    /// Body.
    pub answer: String,
}

/// The answer under `scope` (caller, route and key in one text), if it is not too old.
pub fn find(sql: &dyn Sql, scope: &str, now: Timestamp) -> Result<Option<Record>, SqlError> {
    let statement = "SELECT body_hash, status, answer FROM idempotency WHERE scope = ?1 AND created_at > ?2";
    let rows = sql.exec(statement, &[scope.into(), now.ms().saturating_sub(KEPT_MS).into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let status =
        u16::try_from(row.int(1)?).map_err(|_| SqlError::Shape { column: 1, expected: "a status" })?;
    Ok(Some(Record { body_hash: row.text(0)?.to_owned(), status, answer: row.text(2)?.to_owned() }))
}

/// Keeps an answer; one that is too old gives way.
pub fn keep(sql: &dyn Sql, scope: &str, record: &Record, now: Timestamp) -> Result<(), SqlError> {
    let statement = "INSERT OR REPLACE INTO idempotency (scope, body_hash, status, answer, created_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5)";
    let args: [Value; 5] = [
        scope.into(),
        record.body_hash.as_str().into(),
        record.status.into(),
        record.answer.as_str().into(),
        now.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Drops up to `limit` answers that are too old.
pub fn expire(sql: &dyn Sql, now: Timestamp, limit: i64) -> Result<(), SqlError> {
    let statement = "DELETE FROM idempotency WHERE scope IN \
                     (SELECT scope FROM idempotency WHERE created_at <= ?1 ORDER BY created_at LIMIT ?2)";
    sql.exec(statement, &[now.ms().saturating_sub(KEPT_MS).into(), limit.into()]).map(drop)
}
