//! The pending work of a shard besides storing clicks, and when to check again.

use crate::store::clicks::{count::Counts, segment::Segment, shard::ClickLog};
use crate::{
    domain::values::time::{DAY_MS, HOUR_MS, Timestamp},
    store::{SqlError, transaction},
};

/// The time for which clicks are kept.
pub const KEEP_MS: i64 = 90 * DAY_MS;
/// The maximum number of old clicks that one call deletes.
pub const DELETED_ROWS: i64 = 500;
/// The minimum interval between deletions, so that a shard without visitors can sleep.
const DELETE_EVERY_MS: i64 = HOUR_MS;

/// The pending work. Do both parts, acknowledge those that succeeded, then call [`ClickLog::due`] again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Counts for the Ledger; acknowledge them with [`ClickLog::counts_sent`].
    pub counts: Option<Counts>,
    /// A segment for KV; acknowledge it with [`ClickLog::segment_written`].
    pub segment: Option<Segment>,
    /// When to check again if nothing else happens, in Unix milliseconds; `None` for an empty shard.
    pub next_at_ms: Option<i64>,
}

impl ClickLog<'_> {
    /// Returns the work pending at `now`. All of it is recorded in rows first, so a call without an acknowledgement in
    /// between returns the same work again.
    pub fn due(&self, now: Timestamp) -> Result<Work, SqlError> {
        let (work, written) = transaction(self.sql, || {
            let written = self.write_counted(now)?;
            let counts = self.counts_due()?;
            let segment = self.segment_due(now)?;
            let deleted = self.delete_old(now)?;
            let next_at_ms = if counts.is_some() || segment.is_some() || deleted || self.has_uncounted()? {
                Some(now.ms())
            } else {
                self.next_work_ms(now)?
            };
            Ok::<_, SqlError>((Work { counts, segment, next_at_ms }, written))
        })?;
        if written {
            self.clear_recent();
        }
        Ok(work)
    }

    /// Deletes some clicks older than [`KEEP_MS`] that have been counted and written to KV. The newest click stays,
    /// because it holds the shard's position. Returns whether anything was deleted.
    fn delete_old(&self, now: Timestamp) -> Result<bool, SqlError> {
        let before = now.plus_ms(KEEP_MS.saturating_neg());
        let rows = self.sql.exec(
            "DELETE FROM click WHERE seq IN (SELECT seq FROM click WHERE at_ms < ?1
               AND seq <= (SELECT coalesce(max(last), 0) FROM segment WHERE written = 1)
               AND seq <= (SELECT max(through) FROM outbox)
               AND seq < (SELECT max(seq) FROM click)
             ORDER BY at_ms LIMIT CAST(?2 AS INTEGER)) RETURNING 1",
            &[before.ms().into(), DELETED_ROWS.into()],
        )?;
        Ok(!rows.is_empty())
    }

    /// Returns when a shard without pending work has work again: a segment to close or clicks to delete.
    fn next_work_ms(&self, now: Timestamp) -> Result<Option<i64>, SqlError> {
        let segment_due = self.open_segment()?.map(|open_segment| open_segment.due_ms());
        let rows = self.sql.exec("SELECT min(at_ms) FROM click", &[])?;
        let oldest = rows.first().map_or(Ok(None), |row| row.opt_int(0))?;
        let earliest = now.plus_ms(DELETE_EVERY_MS).ms();
        let deletion_due = oldest.map(|oldest| oldest.saturating_add(KEEP_MS).max(earliest));
        Ok(segment_due.into_iter().chain(deletion_due).min())
    }
}
