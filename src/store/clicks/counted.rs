//! The counted clicks that the rules for duplicates and unique clicks depend on. The newest are in memory. Older ones
//! are in a table that is written in batches of thousands, because visitors arrive in random order and single inserts
//! would dirty a page each. After a restart, the memory is restored from the log.

use crate::{
    domain::{
        clicks::{bucket::Bucket, visit::ClickRecord, visitor::Visitor},
        values::time::Timestamp,
    },
    store::{
        Row, SqlError, Value,
        clicks::{
            recent::{Counted, RECENT_CLICKS, Recent},
            shard::ClickLog,
        },
        value::json_text,
    },
};
use std::collections::HashSet;

fn read(row: &Row) -> Result<((Visitor, u32), Timestamp), SqlError> {
    let visitor = Visitor::parse(row.text(0)?).ok_or(SqlError::Shape { column: 0, expected: "a visitor" })?;
    Ok(((visitor, row.number(1)?), Timestamp::clamped(row.int(2)?)))
}

impl ClickLog<'_> {
    /// Returns the counted clicks that the rules for `clicks` depend on.
    pub(super) fn counted(&self, clicks: &[ClickRecord<'_>]) -> Result<Counted, SqlError> {
        self.restore_recent()?;
        let keys_needed: HashSet<(i64, Visitor, u32)> = clicks
            .iter()
            .filter(|click| click.bucket == Bucket::Human)
            .filter_map(|click| Some((click.at.utc_day(), click.visitor?, click.link_no)))
            .collect();
        if keys_needed.is_empty() {
            return Ok(Counted::new());
        }
        let keys: Vec<_> =
            keys_needed.iter().map(|(day, visitor, link)| (day, visitor.to_string(), link)).collect();
        let rows = self.sql.exec(
            "SELECT c.visitor, c.link_no, c.at_ms FROM jsonb_each(?1) AS key JOIN counted AS c
             ON c.day = key.value ->> 0 AND c.visitor = key.value ->> 1 AND c.link_no = key.value ->> 2",
            &[json_text(&keys)?.into()],
        )?;
        let mut counted = Counted::new();
        for row in &rows {
            let (key, at) = read(row)?;
            counted.entry(key).or_default().push(at);
        }
        let recent = self.recent.borrow();
        for (_, visitor, link_no) in keys_needed {
            let key = (visitor, link_no);
            if let Some(times) = recent.counted.as_ref().and_then(|counted| counted.get(&key)) {
                counted.entry(key).or_default().extend_from_slice(times);
            }
        }
        Ok(counted)
    }

    /// Adds committed counted clicks to the memory.
    pub(super) fn add_recent(&self, clicks: impl Iterator<Item = (Visitor, u32, Timestamp)>) {
        let mut recent = self.recent.borrow_mut();
        clicks.for_each(|(visitor, link_no, at)| recent.add(visitor, link_no, at));
    }

    /// Restores the memory from the log if it is empty.
    fn restore_recent(&self) -> Result<(), SqlError> {
        if self.recent.borrow().counted.is_some() {
            return Ok(());
        }
        let rows = self.sql.exec(
            "SELECT visitor, link_no, at_ms FROM click
             WHERE seq > (SELECT seq FROM counted_through) AND bucket = 0 AND visitor IS NOT NULL",
            &[],
        )?;
        let mut restored = Recent { counted: Some(Counted::new()), clicks: 0 };
        for row in &rows {
            let ((visitor, link_no), at) = read(row)?;
            restored.add(visitor, link_no, at);
        }
        *self.recent.borrow_mut() = restored;
        Ok(())
    }

    /// Writes the clicks in memory to the table if there are enough. Call it in a transaction, and call
    /// [`ClickLog::clear_recent`] after the commit if it returns `true`.
    pub(super) fn write_counted(&self, now: Timestamp) -> Result<bool, SqlError> {
        if self.recent.borrow().clicks < RECENT_CLICKS {
            return Ok(false);
        }
        self.sql.exec(
            "INSERT OR IGNORE INTO counted SELECT at_ms / 86400000, visitor, link_no, at_ms FROM click
             WHERE seq > (SELECT seq FROM counted_through) AND bucket = 0 AND visitor IS NOT NULL
             ORDER BY 1, 2, 3, 4",
            &[],
        )?;
        // Clicks that arrive late may still need yesterday's rows.
        let yesterday = now.utc_day().saturating_sub(1);
        self.sql.exec("DELETE FROM counted WHERE day < ?1", &[Value::Int(yesterday)])?;
        self.sql.exec("UPDATE counted_through SET seq = (SELECT max(seq) FROM click)", &[])?;
        Ok(true)
    }

    /// Clears the memory after its clicks have been written to the table.
    pub(super) fn clear_recent(&self) {
        *self.recent.borrow_mut() = Recent { counted: Some(Counted::new()), clicks: 0 };
    }
}
