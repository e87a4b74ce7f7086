//! What a shard has to do besides taking clicks in, and when to look again.

use crate::store::clicks::{ClickLog, Counts, Segment};
use crate::{
    domain::values::time::{DAY_MS, HOUR_MS, Timestamp},
    store::{SqlError, transaction},
};

/// Clicks are kept for this long.
pub const KEEP_MS: i64 = 90 * DAY_MS;
/// Old clicks that one call deletes at most.
pub const SWEEP_ROWS: i64 = 500;
/// Old clicks are swept at most this often, so that a shard without visitors sleeps.
const SWEEP_EVERY_MS: i64 = HOUR_MS;

/// What is to be done now. Do both parts, acknowledge what went well, then ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Counts for the Ledger; acknowledge with [`ClickLog::counts_sent`].
    pub counts: Option<Counts>,
    /// A segment for KV; acknowledge with [`ClickLog::segment_written`].
    pub segment: Option<Segment>,
    /// When to ask again if nothing else happens, Unix milliseconds; `None` for an empty shard.
    pub next_at_ms: Option<i64>,
}

impl ClickLog<'_> {
    /// What is to be done at `now`. Whatever it hands out is fixed in a row first, so asking again without an
    /// acknowledgement hands out the same.
    pub fn due(&self, now: Timestamp) -> Result<Work, SqlError> {
        let (work, written) = transaction(self.sql, || {
            let written = self.write_counted(now)?;
            let counts = self.counts_due()?;
            let segment = self.segment_due(now)?;
            let swept = self.sweep(now)?;
            let next_at_ms = if counts.is_some() || segment.is_some() || swept || self.has_uncounted()? {
                Some(now.ms())
            } else {
                self.idle_until(now)?
            };
            Ok::<_, SqlError>((Work { counts, segment, next_at_ms }, written))
        })?;
        if written {
            self.forget();
        }
        Ok(work)
    }

    /// Deletes some clicks that are too old, unless they are not in KV or not counted yet; the newest click stays, since it keeps the
    /// shard's place. Whether there was anything to delete.
    fn sweep(&self, now: Timestamp) -> Result<bool, SqlError> {
        let before = now.plus_ms(KEEP_MS.saturating_neg());
        let rows = self.sql.exec(
            "DELETE FROM click WHERE seq IN (SELECT seq FROM click WHERE at_ms < ?1
               AND seq <= (SELECT coalesce(max(last), 0) FROM segment WHERE written = 1)
               AND seq <= (SELECT max(through) FROM outbox)
               AND seq < (SELECT max(seq) FROM click)
             ORDER BY at_ms LIMIT ?2) RETURNING 1",
            &[before.ms().into(), SWEEP_ROWS.into()],
        )?;
        Ok(!rows.is_empty())
    }

    /// When a shard that has nothing to hand out has something again: a segment to cut or clicks to delete.
    fn idle_until(&self, now: Timestamp) -> Result<Option<i64>, SqlError> {
        let cut = self.uncut()?.map(|uncut| uncut.due_ms());
        let rows = self.sql.exec("SELECT min(at_ms) FROM click", &[])?;
        let oldest = rows.first().map_or(Ok(None), |row| row.opt_int(0))?;
        let earliest = now.plus_ms(SWEEP_EVERY_MS).ms();
        let sweep = oldest.map(|oldest| oldest.saturating_add(KEEP_MS).max(earliest));
        Ok(cut.into_iter().chain(sweep).min())
    }
}
