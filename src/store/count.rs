//! Counting the rows of a list with the statement that reads them, so that the two cannot differ.

use super::{Page, Row, Sql, SqlError, Value, value::MAX_SAFE_INTEGER};
use std::cell::Cell;

/// A database that counts the rows of a statement instead of returning them.
struct Counting<'a> {
    sql: &'a dyn Sql,
    rows: Cell<i64>,
}

impl Sql for Counting<'_> {
    fn exec(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, SqlError> {
        let rows = self.sql.exec(&format!("SELECT count(*) FROM ({sql})"), args)?;
        self.rows.set(rows.first().map_or(Ok(0), |row| row.int(0))?);
        Ok(Vec::new())
    }

    fn atomically(&self, body: &mut dyn FnMut() -> bool) -> Result<(), SqlError> {
        self.sql.atomically(body)
    }

    fn script(&self, sql: &str) -> Result<(), SqlError> {
        self.sql.script(sql)
    }
}

/// Returns how many rows `list` reads with one statement if its page has no end.
pub fn count<T>(
    sql: &dyn Sql,
    list: impl FnOnce(&dyn Sql, Page) -> Result<Vec<T>, SqlError>,
) -> Result<i64, SqlError> {
    let counting = Counting { sql, rows: Cell::new(0) };
    list(&counting, Page::first(MAX_SAFE_INTEGER))?;
    Ok(counting.rows.get())
}
