//! Deleting old events once the log in KV has them. The segments that the outbox writes every minute may have a single event, and
//! readers of old events need full ones. Old events are therefore written again, 500 at a time, under the key of the first one. After
//! some minutes the segment is fetched, and only if it is what the rows come to are the rows deleted.

use super::{
    events,
    outbox::{Put, SEGMENT_BYTES, SEGMENT_EVENTS, segment_key, segment_put},
};
use crate::{
    domain::{
        programme::Program,
        values::time::{DAY_MS, Timestamp},
    },
    store::{
        Sql, SqlError,
        meta::{
            self,
            name::{EVENTS_LOGGED, EVENTS_PRUNE_AT, EVENTS_PRUNED, EVENTS_RELAYED},
        },
        value::MAX_SAFE_INTEGER,
    },
};

/// How long KV may return an older value of a key after a write. The platform states 60 seconds or more.
const SETTLED_MS: i64 = 5 * 60_000;
/// The minimum time between two steps, so that a Ledger with years of old events still has its time for requests.
const STEP_EVERY_MS: i64 = 1_000;
/// When to look again whether events are logged that are old already, as imported ones are.
const UNLOGGED_RETRY_MS: i64 = 60_000;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is due.
    Nothing,
    /// Write this segment, then call [`written`].
    Write(Put),
    /// Fetch the segment with this key, then call [`prune`].
    Prune {
        /// The key.
        key: String,
        /// The last event of the segment.
        last: i64,
    },
}

/// Returns the last event that is only in KV; 0 if there is none.
pub fn pruned_through(sql: &dyn Sql) -> Result<i64, SqlError> {
    Ok(meta::get_int(sql, EVENTS_PRUNED)?.unwrap_or(0))
}

/// Makes the next call of [`next`] look what is due. Call it when the setting changes.
pub fn reschedule(sql: &dyn Sql) -> Result<(), SqlError> {
    meta::delete(sql, EVENTS_PRUNE_AT)
}

/// Returns the next step that is due, and records when to call again. Call it in a transaction.
pub fn next(sql: &dyn Sql, now: Timestamp) -> Result<Step, SqlError> {
    if meta::get_int(sql, EVENTS_PRUNE_AT)?.is_some_and(|at| at > now.ms()) {
        return Ok(Step::Nothing);
    }
    let retention_days = meta::program(sql)?
        .map_or(Program::DEFAULT_EVENT_RETENTION_DAYS, |program| program.event_retention_days);
    let kept_ms = retention_days.saturating_mul(DAY_MS);
    let written = oldest_written(sql)?;
    let prune_at = written.as_ref().map(|written| written.prune_at(kept_ms));
    if let Some(written) = written.filter(|_| prune_at.is_some_and(|at| at <= now.ms())) {
        meta::set_int(sql, EVENTS_PRUNE_AT, now.ms().saturating_add(STEP_EVERY_MS))?;
        return Ok(Step::Prune { key: segment_key(written.first), last: written.last });
    }
    let after = last_written(sql)?;
    let write_at = write_at(sql, after, kept_ms, now)?;
    if write_at.is_some_and(|at| at <= now.ms()) {
        meta::set_int(sql, EVENTS_PRUNE_AT, now.ms().saturating_add(STEP_EVERY_MS))?;
        let events = events::after_within(sql, after, SEGMENT_EVENTS, SEGMENT_BYTES)?;
        return Ok(segment_put(&events)?.map_or(Step::Nothing, Step::Write));
    }
    match [prune_at, write_at].into_iter().flatten().min() {
        Some(at) => meta::set_int(sql, EVENTS_PRUNE_AT, at)?,
        None => reschedule(sql)?,
    }
    Ok(Step::Nothing)
}

/// A segment whose events are to be deleted.
struct Written {
    first: i64,
    last: i64,
    to_ms: i64,
    written_at: i64,
}

impl Written {
    fn prune_at(&self, kept_ms: i64) -> i64 {
        self.written_at.saturating_add(SETTLED_MS).max(self.to_ms.saturating_add(kept_ms))
    }
}

fn oldest_written(sql: &dyn Sql) -> Result<Option<Written>, SqlError> {
    let statement =
        "SELECT first, last, to_ms, written_at FROM event_segments WHERE last > ?1 ORDER BY last LIMIT 1";
    let rows = sql.exec(statement, &[pruned_through(sql)?.into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Written { first: row.int(0)?, last: row.int(1)?, to_ms: row.int(2)?, written_at: row.int(3)? }))
}

/// The last event of the segments that were written.
fn last_written(sql: &dyn Sql) -> Result<i64, SqlError> {
    let rows = sql.exec("SELECT coalesce(max(last), 0) FROM event_segments", &[])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Returns when the next segment may be written, Unix milliseconds; `None` while too few events follow.
fn write_at(sql: &dyn Sql, after: i64, kept_ms: i64, now: Timestamp) -> Result<Option<i64>, SqlError> {
    let last = after.saturating_add(SEGMENT_EVENTS);
    // The newest event stays, because it tells the position of the next one.
    if events::last_seq(sql)? <= last {
        return Ok(None);
    }
    let rows = sql.exec(
        "SELECT max(created_at) FROM events WHERE seq > ?1 AND seq <= ?2",
        &[after.into(), last.into()],
    )?;
    let Some(newest) = rows.first().map_or(Ok(None), |row| row.opt_int(0))? else { return Ok(None) };
    let old_at = newest.saturating_add(kept_ms);
    let logged = meta::get_int(sql, EVENTS_LOGGED)?.unwrap_or(0);
    let relayed = meta::get_int(sql, EVENTS_RELAYED)?.unwrap_or(logged);
    let is_read = last <= logged.min(relayed);
    Ok(Some(if is_read { old_at } else { old_at.max(now.ms().saturating_add(UNLOGGED_RETRY_MS)) }))
}

/// Records that a segment is in KV.
pub fn written(sql: &dyn Sql, put: &Put, now: Timestamp) -> Result<(), SqlError> {
    let Some(segment) = &put.metadata else { return Ok(()) };
    let statement = "INSERT OR REPLACE INTO event_segments (last, first, from_ms, to_ms, written_at) \
                     SELECT max(seq), min(seq), min(created_at), max(created_at), ?3 FROM events \
                     WHERE seq >= ?1 AND seq <= ?2";
    sql.exec(statement, &[segment.first.into(), segment.last.into(), now.into()]).map(drop)
}

/// Deletes the events of the oldest segment, if `text` is what KV should have. Otherwise they will be written again. Returns whether
/// they were deleted. Call it in a transaction.
pub fn prune(sql: &dyn Sql, last: i64, text: Option<&str>) -> Result<bool, SqlError> {
    let pruned = pruned_through(sql)?;
    let events = events::after_within(sql, pruned, last.saturating_sub(pruned), MAX_SAFE_INTEGER)?;
    let expected = segment_put(&events)?;
    if expected.is_none_or(|expected| text != Some(expected.value.as_str())) {
        sql.exec("DELETE FROM event_segments WHERE last > ?1", &[pruned.into()])?;
        return Ok(false);
    }
    let counted = "INSERT INTO event_segment_counts (last, partner_no, type, events) \
                   SELECT ?1, partner_no, type, count(*) FROM events WHERE seq <= ?1 GROUP BY +partner_no, +type";
    sql.exec(counted, &[last.into()])?;
    sql.exec("DELETE FROM events WHERE seq <= ?1", &[last.into()])?;
    meta::set_int(sql, EVENTS_PRUNED, last)?;
    Ok(true)
}
