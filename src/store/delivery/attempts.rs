//! Attempts to deliver events to a destination.

use crate::{
    domain::{
        event::EventType,
        values::{id::EventId, string_enum::Word, string_enum::string_enum, time::Timestamp},
    },
    store::{Page, Row, Sql, SqlError, page::Conditions},
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// What became of an attempt to deliver an event.
    AttemptStatus {
        /// It failed, and a retry is due.
        Pending = "pending";
        /// The receiver has confirmed the event.
        Delivered = "delivered";
        /// It failed, and a later attempt followed or the event was given up.
        Failed = "failed";
    }
}

/// An attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The number of its row.
    pub no: i64,
    /// The event.
    pub event_id: EventId,
    /// What changed.
    pub kind: EventType,
    /// Whether the event was requested again.
    pub is_replay: bool,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// What became of it.
    pub status: AttemptStatus,
    /// The HTTP status; absent without a response.
    pub http_status: Option<u16>,
    /// Why there was no response.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub latency_ms: i64,
    /// The beginning of the response's body.
    pub response_excerpt: String,
    /// When it began.
    pub attempted_at: Timestamp,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Timestamp>,
}

const COLUMNS: &str = "no, event_id, type, is_replay, attempt, status, http_status, error, latency_ms, response_excerpt, \
                       attempted_at, next_attempt_at";

/// Appends an attempt, whose number is ignored, and returns the number of its row.
pub fn append(sql: &dyn Sql, attempt: &Attempt) -> Result<i64, SqlError> {
    let statement = "INSERT INTO attempts (event_id, type, is_replay, attempt, status, http_status, error, latency_ms, \
                     response_excerpt, attempted_at, next_attempt_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING no";
    let args = [
        attempt.event_id.as_str().into(),
        Word::from(attempt.kind).into(),
        i64::from(attempt.is_replay).into(),
        attempt.attempt.into(),
        Word::from(attempt.status).into(),
        attempt.http_status.map(i64::from).into(),
        attempt.error.clone().into(),
        attempt.latency_ms.into(),
        attempt.response_excerpt.as_str().into(),
        attempt.attempted_at.into(),
        attempt.next_attempt_at.into(),
    ];
    let rows = sql.exec(statement, &args)?;
    rows.first().map_or(Err(SqlError::Shape { column: 0, expected: "a number" }), |row| row.int(0))
}

/// Records that a retry followed an attempt.
pub fn retried(sql: &dyn Sql, no: i64, event_id: &EventId) -> Result<(), SqlError> {
    let statement =
        "UPDATE attempts SET status = 'failed', next_attempt_at = NULL WHERE no = ?1 AND event_id = ?2";
    sql.exec(statement, &[no.into(), event_id.as_str().into()]).map(drop)
}

/// Returns attempts, newest first.
pub fn list(sql: &dyn Sql, status: Option<AttemptStatus>, page: Page) -> Result<Vec<Attempt>, SqlError> {
    let mut all = Conditions::default();
    all.equals("status", status.map(Word::from));
    let (below, limit) = (all.bind(page.below()), all.bind(page.limit));
    let index = match status {
        // The partial index is used only where its condition is in the query.
        Some(AttemptStatus::Pending | AttemptStatus::Failed) => "status <> 'delivered' AND",
        Some(AttemptStatus::Delivered) | None => "",
    };
    let statement = format!(
        "SELECT {COLUMNS} FROM attempts WHERE {index} {} AND no < {below} ORDER BY no DESC LIMIT CAST({limit} AS INTEGER)",
        all.text()
    );
    sql.exec(&statement, all.args())?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Attempt, SqlError> {
    let http_status = |status: i64| {
        u16::try_from(status).map_err(|_| SqlError::Shape { column: 6, expected: "an HTTP status" })
    };
    Ok(Attempt {
        no: row.int(0)?,
        event_id: row.parsed(1, "an event id", EventId::parse)?,
        kind: row.parsed(2, "an event type", EventType::parse)?,
        is_replay: row.int(3)? == 1,
        attempt: row.number(4)?,
        status: row.parsed(5, "a status", AttemptStatus::parse)?,
        http_status: row.opt_int(6)?.map(http_status).transpose()?,
        error: row.opt_string(7)?,
        latency_ms: row.int(8)?,
        response_excerpt: row.text(9)?.to_owned(),
        attempted_at: row.time(10)?,
        next_attempt_at: row.opt_time(11)?,
    })
}

/// Returns when the oldest attempt began.
pub fn oldest(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    let rows = sql.exec("SELECT attempted_at FROM attempts ORDER BY no LIMIT 1", &[])?;
    rows.first().map(|row| row.time(0)).transpose()
}

/// Deletes up to `limit` attempts before `cutoff`. Rows are in the order of time, so only the oldest are read.
pub fn prune(sql: &dyn Sql, cutoff: Timestamp, limit: i64) -> Result<(), SqlError> {
    if oldest(sql)?.is_none_or(|oldest| oldest >= cutoff) {
        return Ok(());
    }
    let statement = "DELETE FROM attempts WHERE no IN (SELECT no FROM attempts ORDER BY no LIMIT CAST(?1 AS INTEGER)) \
                     AND attempted_at < ?2";
    sql.exec(statement, &[limit.into(), cutoff.into()]).map(drop)
}
