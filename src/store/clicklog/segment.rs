//! Segments: pieces of a shard's log for KV, one key each. A piece's range is fixed in a row before it is written, and
//! its clicks never change, so a second attempt writes the same bytes under the same key.

use super::{
    ClickLog,
    row::{COLUMNS, ndjson},
};
use crate::{
    domain::time::Timestamp,
    store::{SqlError, Value},
};
use serde::Serialize;

/// Clicks of a full segment.
pub const SEGMENT_CLICKS: i64 = 1000;
/// A segment that is not full is cut when its oldest click is this old.
pub const SEGMENT_AGE_MS: i64 = 60_000;

/// A segment to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Its first click's place in the shard's log; names the segment in [`ClickLog::segment_written`].
    pub first: i64,
    /// The KV key: `log/clicks/<shard, two digits>/<first, twelve digits>`.
    pub key: String,
    /// NDJSON, a click a line.
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
    extent: Extent,
    full: bool,
}

impl Uncut {
    /// When it is to be cut.
    pub(super) fn due_ms(&self) -> i64 {
        if self.full { i64::MIN } else { self.extent.from_ms.saturating_add(SEGMENT_AGE_MS) }
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
                self.cut(uncut.extent)?;
                self.filled(uncut.extent).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The clicks behind the newest segment, as many as fit into the next.
    pub(super) fn uncut(&self) -> Result<Option<Uncut>, SqlError> {
        let rows = self.sql.exec(
            "SELECT min(at_ms), max(at_ms), min(seq), max(seq), count(*) FROM (SELECT seq, at_ms FROM click
             WHERE seq > (SELECT coalesce(max(last), 0) FROM segment) ORDER BY seq LIMIT ?1)",
            &[Value::Int(SEGMENT_CLICKS)],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let clicks = row.int(4)?;
        if clicks == 0 {
            return Ok(None);
        }
        let extent =
            Extent { from_ms: row.int(0)?, to_ms: row.int(1)?, first: row.int(2)?, last: row.int(3)? };
        Ok(Some(Uncut { extent, full: clicks >= SEGMENT_CLICKS }))
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
        let rows = self.sql.exec(
            &format!("SELECT {COLUMNS} FROM click WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq"),
            &[extent.first.into(), extent.last.into()],
        )?;
        Ok(Segment {
            first: extent.first,
            key: format!("log/clicks/{:02}/{:012}", self.shard, extent.first),
            value: ndjson(&rows, self.shard)?,
            metadata: extent,
        })
    }

    /// Notes that KV has the segment that starts at `first`. Saying so twice, or of another one, changes nothing.
    pub fn segment_written(&self, first: i64) -> Result<(), SqlError> {
        self.sql.exec("UPDATE segment SET written = 1 WHERE first = ?1", &[first.into()]).map(drop)
    }
}
