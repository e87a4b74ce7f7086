//! The counted clicks that the rules for duplicates and for unique clicks ask about. The newest are in memory, the others
//! in a table that is written by the thousand: visitors arrive in no order, and a row at a time would dirty a page each.
//! What is in memory is read again from the log after a restart.

use crate::store::clicks::{ClickLog, json};
use crate::{
    domain::{
        clicks::{bucket::Bucket, visit::Arrival, visitor::Visitor},
        values::time::Timestamp,
    },
    store::{Row, SqlError, Value},
};
use std::collections::{HashMap, HashSet};

/// Counted clicks that are gathered in memory: about 60 bytes each, and a few milliseconds to write.
pub const GATHERED: usize = 4_096;

/// Times of the counted clicks of a visitor on a link: one an hour at most, and a visitor is one of a day.
pub(super) type Counted = HashMap<(Visitor, u32), Vec<Timestamp>>;

/// What is in memory: the counted clicks behind the last that was written to the table.
#[derive(Debug, Default)]
pub struct Recent {
    /// Nothing until it is first asked for.
    counted: Option<Counted>,
    clicks: usize,
}

impl Recent {
    fn add(&mut self, visitor: Visitor, link_no: u32, at: Timestamp) {
        self.counted.get_or_insert_default().entry((visitor, link_no)).or_default().push(at);
        self.clicks = self.clicks.saturating_add(1);
    }
}

fn read(row: &Row) -> Result<((Visitor, u32), Timestamp), SqlError> {
    let visitor = Visitor::parse(row.text(0)?).ok_or(SqlError::Shape { column: 0, expected: "a visitor" })?;
    Ok(((visitor, row.number(1)?), Timestamp::clamped(row.int(2)?)))
}

impl ClickLog<'_> {
    /// The counted clicks that the rules for `arrivals` depend on.
    pub(super) fn counted(&self, arrivals: &[Arrival<'_>]) -> Result<Counted, SqlError> {
        self.recall()?;
        let asked: HashSet<(i64, Visitor, u32)> = arrivals
            .iter()
            .filter(|arrival| arrival.bucket == Bucket::Human)
            .filter_map(|arrival| Some((arrival.at.utc_day(), arrival.visitor?, arrival.link_no)))
            .collect();
        if asked.is_empty() {
            return Ok(Counted::new());
        }
        let keys: Vec<_> =
            asked.iter().map(|(day, visitor, link)| (day, visitor.to_string(), link)).collect();
        let rows = self.sql.exec(
            "SELECT c.visitor, c.link_no, c.at_ms FROM jsonb_each(?1) AS key JOIN counted AS c
             ON c.day = key.value ->> 0 AND c.visitor = key.value ->> 1 AND c.link_no = key.value ->> 2",
            &[json(&keys)?],
        )?;
        let mut counted = Counted::new();
        for row in &rows {
            let (key, at) = read(row)?;
            counted.entry(key).or_default().push(at);
        }
        let recent = self.recent.borrow();
        for (_, visitor, link_no) in asked {
            let key = (visitor, link_no);
            if let Some(times) = recent.counted.as_ref().and_then(|counted| counted.get(&key)) {
                counted.entry(key).or_default().extend_from_slice(times);
            }
        }
        Ok(counted)
    }

    /// Notes which clicks were counted; once they are committed.
    pub(super) fn gather(&self, clicks: impl Iterator<Item = (Visitor, u32, Timestamp)>) {
        let mut recent = self.recent.borrow_mut();
        clicks.for_each(|(visitor, link_no, at)| recent.add(visitor, link_no, at));
    }

    /// Reads what belongs into memory, if it is not there.
    fn recall(&self) -> Result<(), SqlError> {
        if self.recent.borrow().counted.is_some() {
            return Ok(());
        }
        let rows = self.sql.exec(
            "SELECT visitor, link_no, at_ms FROM click
             WHERE seq > (SELECT seq FROM counted_through) AND bucket = 0 AND visitor IS NOT NULL",
            &[],
        )?;
        let mut recalled = Recent { counted: Some(Counted::new()), clicks: 0 };
        for row in &rows {
            let ((visitor, link_no), at) = read(row)?;
            recalled.add(visitor, link_no, at);
        }
        *self.recent.borrow_mut() = recalled;
        Ok(())
    }

    /// Writes what is in memory to the table, if it is enough to be worth it; in a transaction. Afterwards memory must be
    /// told by [`ClickLog::forget`].
    pub(super) fn write_counted(&self, now: Timestamp) -> Result<bool, SqlError> {
        if self.recent.borrow().clicks < GATHERED {
            return Ok(false);
        }
        self.sql.exec(
            "INSERT OR IGNORE INTO counted SELECT at_ms / 86400000, visitor, link_no, at_ms FROM click
             WHERE seq > (SELECT seq FROM counted_through) AND bucket = 0 AND visitor IS NOT NULL
             ORDER BY 1, 2, 3, 4",
            &[],
        )?;
        // Yesterday's may still be asked for by clicks that arrive late.
        let yesterday = now.utc_day().saturating_sub(1);
        self.sql.exec("DELETE FROM counted WHERE day < ?1", &[Value::Int(yesterday)])?;
        self.sql.exec("UPDATE counted_through SET seq = (SELECT max(seq) FROM click)", &[])?;
        Ok(true)
    }

    /// Empties the memory: the table has it all.
    pub(super) fn forget(&self) {
        *self.recent.borrow_mut() = Recent { counted: Some(Counted::new()), clicks: 0 };
    }
}
