//! Stored responses by idempotency key. A record is written in the transaction of its change.

use crate::domain::values::time::{DAY_MS, Timestamp};
use crate::store::{Sql, SqlError, Value};

/// The time for which a response is stored.
pub const RETENTION_MS: i64 = 30 * DAY_MS;

/// A stored response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The SHA-256 of the request body, in hexadecimal.
    pub body_hash: String,
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub answer: String,
}

/// Returns the response stored under `scope` (caller, route and key in one string) unless it has expired.
pub fn find(sql: &dyn Sql, scope: &str, now: Timestamp) -> Result<Option<Record>, SqlError> {
    let statement = "SELECT body_hash, status, answer FROM idempotency WHERE scope = ?1 AND created_at > ?2";
    let rows = sql.exec(statement, &[scope.into(), now.ms().saturating_sub(RETENTION_MS).into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let status =
        u16::try_from(row.int(1)?).map_err(|_| SqlError::Shape { column: 1, expected: "a status" })?;
    Ok(Some(Record { body_hash: row.text(0)?.to_owned(), status, answer: row.text(2)?.to_owned() }))
}

/// Stores a response, replacing an expired one.
pub fn put(sql: &dyn Sql, scope: &str, record: &Record, now: Timestamp) -> Result<(), SqlError> {
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

/// Deletes up to `limit` expired responses.
pub fn expire(sql: &dyn Sql, now: Timestamp, limit: i64) -> Result<(), SqlError> {
    let statement = "DELETE FROM idempotency WHERE scope IN \
                     (SELECT scope FROM idempotency WHERE created_at <= ?1 ORDER BY created_at LIMIT CAST(?2 AS INTEGER))";
    sql.exec(statement, &[now.ms().saturating_sub(RETENTION_MS).into(), limit.into()]).map(drop)
}
