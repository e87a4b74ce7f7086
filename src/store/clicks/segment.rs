//! Segments: pieces of a shard's log for KV, one key each. A piece's range is fixed in a row before it is written, and
//! its clicks never change, so a second attempt writes the same bytes under the same key.

use crate::store::clicks::ClickLog;
use crate::{
    domain::values::time::Timestamp,
    store::{SqlError, Value},
};
use serde::Serialize;

/// Clicks of a full segment.
pub const SEGMENT_CLICKS: i64 = 1000;
/// A segment that is not full is cut when its first click is this old.
pub const SEGMENT_AGE_MS: i64 = 60_000;

/// A segment to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its first click's place in the shard's log; names the segment in [`ClickLog::segment_written`].
    pub first: i64,
    /// The KV key: `log/clicks/<shard, two digits>/<first, twelve digits>`.
    pub key: String,
    /// A packed visit a line.
    pub value: String,
    /// For whoever lists keys and must not read every value.
    pub metadata: Extent,
}

/// What a segment spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// Time of its oldest click, Unix milliseconds.
    pub from_ms: i64,
    /// Time of its newest click, Unix milliseconds.
    pub to_ms: i64,
    /// Its first click's place in the shard's log.
    pub first: i64,
    /// Its last click's place.
    pub last: i64,
}

/// What lies behind the newest segment.
pub(super) struct Uncut {
    /// Place of the first click.
    first: i64,
    /// Its time.
    from_ms: i64,
    full: bool,
}

impl Uncut {
    /// When it is to be cut.
    pub(super) fn due_ms(&self) -> i64 {
        if self.full { i64::MIN } else { self.from_ms.saturating_add(SEGMENT_AGE_MS) }
    }
}

impl ClickLog<'_> {
    /// The segment to write: the one that was not acknowledged yet, or else a new one if it is time.
    pub(super) fn segment_due(&self, now: Timestamp) -> Result<Option<Segment>, SqlError> {
        let rows = self
            .sql
            .exec("SELECT from_ms, to_ms, first, last FROM segment WHERE written = 0 LIMIT 1", &[])?;
        if let Some(row) = rows.first() {
            let extent =
                Extent { from_ms: row.int(0)?, to_ms: row.int(1)?, first: row.int(2)?, last: row.int(3)? };
            return self.filled(extent).map(Some);
        }
        match self.uncut()? {
            Some(uncut) if uncut.due_ms() <= now.ms() => {
                let extent = self.extent(uncut.first)?;
                self.cut(extent)?;
                self.filled(extent).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What lies behind the newest segment, if anything does. Asked at every alarm, so it reads two rows, however many
    /// there are: places have no gaps.
    pub(super) fn uncut(&self) -> Result<Option<Uncut>, SqlError> {
        let rows = self.sql.exec(
            "SELECT seq, at_ms, (SELECT max(seq) FROM click) FROM click
             WHERE seq = (SELECT coalesce(max(last), 0) + 1 FROM segment)",
            &[],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let first = row.int(0)?;
        let clicks = row.int(2)?.saturating_sub(first).saturating_add(1);
        Ok(Some(Uncut { first, from_ms: row.int(1)?, full: clicks >= SEGMENT_CLICKS }))
    }

    /// What the next segment spans.
    fn extent(&self, first: i64) -> Result<Extent, SqlError> {
        let rows = self.sql.exec(
            "SELECT min(at_ms), max(at_ms), max(seq) FROM click WHERE seq >= ?1 AND seq < ?1 + ?2",
            &[first.into(), Value::Int(SEGMENT_CLICKS)],
        )?;
        let row = rows.first().ok_or(SqlError::Shape { column: 0, expected: "an extent" })?;
        Ok(Extent { from_ms: row.int(0)?, to_ms: row.int(1)?, first, last: row.int(2)? })
    }

    fn cut(&self, Extent { from_ms, to_ms, first, last }: Extent) -> Result<(), SqlError> {
        // Rows before the newest have been written: only the newest can be waiting.
        self.sql.exec("DELETE FROM segment", &[])?;
        self.sql
            .exec(
                "INSERT INTO segment (first, last, from_ms, to_ms, written) VALUES (?1, ?2, ?3, ?4, 0)",
                &[first.into(), last.into(), from_ms.into(), to_ms.into()],
            )
            .map(drop)
    }

    fn filled(&self, extent: Extent) -> Result<Segment, SqlError> {
        Ok(Segment {
            first: extent.first,
            key: format!("log/clicks/{:02}/{:012}", self.shard, extent.first),
            value: self.lines(extent.first, extent.last)?,
            metadata: extent,
        })
    }

    /// Notes that KV has the segment that starts at `first`. Saying so twice, or of another one, changes nothing.
    pub fn segment_written(&self, first: i64) -> Result<(), SqlError> {
        self.sql.exec("UPDATE segment SET written = 1 WHERE first = ?1", &[first.into()]).map(drop)
    }
}
