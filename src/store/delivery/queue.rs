//! Events that wait to be delivered to a destination.

use crate::{
    domain::{
        event::EventType,
        values::{id::EventId, string_enum::Word, time::Timestamp},
    },
    store::{Row, Sql, SqlError},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// An event as a destination may read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// The place in the log of events; absent for a test.
    pub seq: Option<i64>,
    /// Public id.
    pub id: EventId,
    /// What changed.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When it was recorded.
    pub at: Timestamp,
    /// Events with the same key are delivered one after the other.
    pub key: String,
    /// What the payload shows, a JSON object.
    pub data: Box<RawValue>,
}

/// A place in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of its row.
    pub no: i64,
    /// The ordering key.
    pub key: String,
    /// When it is due.
    pub next_at: Timestamp,
}

/// An event of the queue, to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The number of its row.
    pub no: i64,
    /// Public id of the event.
    pub id: EventId,
    /// What changed.
    pub kind: EventType,
    /// When it was recorded.
    pub at: Timestamp,
    /// What the payload shows, a JSON object.
    pub data: String,
    /// Whether it was requested again.
    pub is_replay: bool,
    /// The attempts so far.
    pub attempts: u32,
    /// The number of the last attempt's row, which is still pending.
    pub pending_attempt: Option<i64>,
}

/// Appends an event, due at `now`, and returns its row's number.
pub fn append(sql: &dyn Sql, event: &Event, is_replay: bool, now: Timestamp) -> Result<i64, SqlError> {
    let statement = "INSERT INTO queue (seq, event_id, type, created_at, ordering_key, data, is_replay, attempts, next_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8) RETURNING no";
    let args = [
        event.seq.into(),
        event.id.as_str().into(),
        Word::from(event.kind).into(),
        event.at.into(),
        event.key.as_str().into(),
        event.data.get().into(),
        i64::from(is_replay).into(),
        now.into(),
    ];
    let rows = sql.exec(statement, &args)?;
    rows.first().map_or(Err(SqlError::Shape { column: 0, expected: "a number" }), |row| row.int(0))
}

/// Returns the places of all events in their order.
pub fn places(sql: &dyn Sql) -> Result<Vec<Place>, SqlError> {
    let rows = sql.exec("SELECT no, ordering_key, next_at FROM queue ORDER BY no", &[])?;
    let place =
        |row: &Row| Ok(Place { no: row.int(0)?, key: row.text(1)?.to_owned(), next_at: row.time(2)? });
    rows.iter().map(place).collect()
}

/// Returns the event in a place.
pub fn get(sql: &dyn Sql, no: i64) -> Result<Option<Queued>, SqlError> {
    let statement = "SELECT no, event_id, type, created_at, data, is_replay, attempts, pending_attempt FROM queue WHERE no = ?1";
    sql.exec(statement, &[no.into()])?.first().map(read).transpose()
}

fn read(row: &Row) -> Result<Queued, SqlError> {
    Ok(Queued {
        no: row.int(0)?,
        id: row.parsed(1, "an event id", EventId::parse)?,
        kind: row.parsed(2, "an event type", EventType::parse)?,
        at: row.time(3)?,
        data: row.text(4)?.to_owned(),
        is_replay: row.int(5)? == 1,
        attempts: row.number(6)?,
        pending_attempt: row.opt_int(7)?,
    })
}

/// Records a failed attempt after which the event stays in the queue. The id is compared, because a number is used again once
/// its row is deleted.
pub fn retry_at(
    sql: &dyn Sql,
    queued: &Queued,
    pending_attempt: i64,
    next_at: Timestamp,
) -> Result<(), SqlError> {
    let statement =
        "UPDATE queue SET attempts = ?3, pending_attempt = ?4, next_at = ?5 WHERE no = ?1 AND event_id = ?2";
    let attempts = queued.attempts.saturating_add(1);
    let args = [
        queued.no.into(),
        queued.id.as_str().into(),
        attempts.into(),
        pending_attempt.into(),
        next_at.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Deletes an event that was delivered or given up.
pub fn delete(sql: &dyn Sql, queued: &Queued) -> Result<(), SqlError> {
    let args = [queued.no.into(), queued.id.as_str().into()];
    sql.exec("DELETE FROM queue WHERE no = ?1 AND event_id = ?2", &args).map(drop)
}
