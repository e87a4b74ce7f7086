//! Segments: parts of a shard's log, one KV key each. The range of a segment is recorded in a row before it is written,
//! and its clicks never change, so that a second attempt writes the same bytes under the same key.

use crate::store::clicks::shard::ClickLog;
use crate::{
    domain::values::time::Timestamp,
    store::{SqlError, Value},
};
use serde::Serialize;

/// The number of clicks in a full segment.
pub const SEGMENT_CLICKS: i64 = 1000;
/// A segment that is not full is closed when its first click is this old.
pub const SEGMENT_AGE_MS: i64 = 60_000;

/// A segment to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The position of its first click in the shard's log; identifies the segment in [`ClickLog::segment_written`].
    pub first: i64,
    /// The KV key: `log/clicks/<shard, two digits>/<first, twelve digits>`.
    pub key: String,
    /// The clicks, one packed visit per line.
    pub value: String,
    /// The key's metadata, so that listing keys does not require reading values.
    pub metadata: Extent,
}

/// The range of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// The time of the oldest click in Unix milliseconds.
    pub from_ms: i64,
    /// The time of the newest click in Unix milliseconds.
    pub to_ms: i64,
    /// The position of the first click in the shard's log.
    pub first: i64,
    /// The position of the last click.
    pub last: i64,
}

/// The clicks after the newest segment.
pub(super) struct OpenSegment {
    /// The position of the first click.
    first: i64,
    /// The time of the first click.
    from_ms: i64,
    full: bool,
}

impl OpenSegment {
    /// Returns when the next segment must be closed.
    pub(super) fn due_ms(&self) -> i64 {
        if self.full { i64::MIN } else { self.from_ms.saturating_add(SEGMENT_AGE_MS) }
    }
}

impl ClickLog<'_> {
    /// Returns the segment to write: the one that has not been acknowledged yet, otherwise a new one if it is due.
    pub(super) fn segment_due(&self, now: Timestamp) -> Result<Option<Segment>, SqlError> {
        let rows = self
            .sql
            .exec("SELECT from_ms, to_ms, first, last FROM segment WHERE written = 0 LIMIT 1", &[])?;
        if let Some(row) = rows.first() {
            let extent =
                Extent { from_ms: row.int(0)?, to_ms: row.int(1)?, first: row.int(2)?, last: row.int(3)? };
            return self.with_lines(extent).map(Some);
        }
        match self.open_segment()? {
            Some(open_segment) if open_segment.due_ms() <= now.ms() => {
                let extent = self.extent(open_segment.first)?;
                self.close(extent)?;
                self.with_lines(extent).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Returns the clicks after the newest segment, if any. This runs at every alarm, and reads two rows regardless of
    /// the number of clicks because positions have no gaps.
    pub(super) fn open_segment(&self) -> Result<Option<OpenSegment>, SqlError> {
        let rows = self.sql.exec(
            "SELECT seq, at_ms, (SELECT max(seq) FROM click) FROM click
             WHERE seq = (SELECT coalesce(max(last), 0) + 1 FROM segment)",
            &[],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let first = row.int(0)?;
        let clicks = row.int(2)?.saturating_sub(first).saturating_add(1);
        Ok(Some(OpenSegment { first, from_ms: row.int(1)?, full: clicks >= SEGMENT_CLICKS }))
    }

    /// Returns the range of the next segment.
    fn extent(&self, first: i64) -> Result<Extent, SqlError> {
        let rows = self.sql.exec(
            "SELECT min(at_ms), max(at_ms), max(seq) FROM click WHERE seq >= ?1 AND seq < ?1 + ?2",
            &[first.into(), Value::Int(SEGMENT_CLICKS)],
        )?;
        let row = rows.first().ok_or(SqlError::Shape { column: 0, expected: "an extent" })?;
        Ok(Extent { from_ms: row.int(0)?, to_ms: row.int(1)?, first, last: row.int(2)? })
    }

    fn close(&self, Extent { from_ms, to_ms, first, last }: Extent) -> Result<(), SqlError> {
        // All rows before the newest have been written, so only the newest can be pending.
        self.sql.exec("DELETE FROM segment", &[])?;
        self.sql
            .exec(
                "INSERT INTO segment (first, last, from_ms, to_ms, written) VALUES (?1, ?2, ?3, ?4, 0)",
                &[first.into(), last.into(), from_ms.into(), to_ms.into()],
            )
            .map(drop)
    }

    fn with_lines(&self, extent: Extent) -> Result<Segment, SqlError> {
        Ok(Segment {
            first: extent.first,
            key: format!("log/clicks/{:02}/{:012}", self.shard, extent.first),
            value: self.lines(extent.first, extent.last)?,
            metadata: extent,
        })
    }

    /// Records that KV has the segment that starts at `first`. Repeating it, or passing another position, has no
    /// effect.
    pub fn segment_written(&self, first: i64) -> Result<(), SqlError> {
        self.sql.exec("UPDATE segment SET written = 1 WHERE first = ?1", &[first.into()]).map(drop)
    }
}
