//! The copy of the rows that a simulation reruns: which rows of the Ledger it takes, how a page of them is read, and how it is
//! written to another database. Secrets, payout details, API keys, callbacks and events are not copied, and neither are names and
//! addresses of partners: they decide only whether a commission is held, and a simulation compares amounts.
//!
//! A page has two kinds of rows. The rows of the base are those that were there before the first conversion of the rerun; each
//! rerun starts from them. The rows of the history are what is rerun, and what it is compared with.

mod sources;

use crate::domain::values::time::Timestamp;
use crate::store::{Row, Sql, SqlError, Value};
use serde::{Deserialize, Serialize};
use sources::{RERUN_TABLES, SOURCES, Source, Start};

/// The part of history that a simulation reruns. What is accepted after the start is left out by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The number of the first conversion. All later ones are rerun, too.
    pub first: i64,
    /// When the first conversion was accepted.
    pub since: Timestamp,
    /// The number of the last conversion.
    pub last: i64,
    /// The number of the last commission.
    pub last_commission: i64,
    /// The number of the last refund.
    pub last_refund: i64,
    /// When the simulation started.
    pub started: Timestamp,
}

/// How far the copy has come.
#[derive(Debug, Default)]
pub struct Cursor {
    source: usize,
    after: Option<String>,
}

/// Rows of one table: JSON arrays of rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page {
    source: usize,
    base: String,
    history: String,
}

const NO_ROWS: &str = "[]";

impl Page {
    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.base == NO_ROWS && self.history == NO_ROWS
    }

    /// The length of the rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.base.len().saturating_add(self.history.len())
    }
}

/// Reads the rows that at most `limit` rows of the Ledger lead to. Returns `None` at the end.
pub fn read(
    sql: &dyn Sql,
    extent: &Extent,
    cursor: &mut Cursor,
    limit: i64,
) -> Result<Option<Page>, SqlError> {
    let Some(source) = SOURCES.get(cursor.source) else { return Ok(None) };
    let after = match (&cursor.after, &source.start) {
        (Some(after), _) => after.clone(),
        (None, Start::Key(key)) => (*key).to_owned(),
        (None, Start::FirstConversion) => format!("[{}]", extent.first.saturating_sub(1)),
    };
    let args: [Value; 8] = [
        after.into(),
        limit.into(),
        extent.first.into(),
        extent.since.into(),
        extent.last.into(),
        extent.last_commission.into(),
        extent.last_refund.into(),
        extent.started.into(),
    ];
    let rows = sql.exec(&page_statement(source), &args)?;
    let text = |row: &Row, column| Ok::<_, SqlError>(row.text(column)?.to_owned());
    let page = match rows.first() {
        Some(row) => Page { source: cursor.source, base: text(row, 0)?, history: text(row, 1)? },
        None => Page { source: cursor.source, base: NO_ROWS.to_owned(), history: NO_ROWS.to_owned() },
    };
    cursor.after = rows.first().map_or(Ok(None), |row| row.opt_string(2))?;
    if cursor.after.is_none() {
        cursor.source = cursor.source.saturating_add(1);
    }
    Ok(Some(page))
}

fn page_statement(source: &Source) -> String {
    let Source { scanned, key, values, from, .. } = source;
    let columns = || key.split(", ").enumerate();
    let after: Vec<String> = columns().map(|(place, _)| format!("?1 ->> {place}")).collect();
    let newest: Vec<String> = columns().map(|(_, column)| format!("{column} DESC")).collect();
    let rows = |condition: Option<&str>| match condition {
        Some(condition) => {
            format!("(SELECT json_group_array(json_array({values})) FROM {from} WHERE {condition})")
        }
        None => format!("'{NO_ROWS}'"),
    };
    format!(
        "WITH extent (first, since, last, last_commission, last_refund, started) AS (SELECT ?3, ?4, ?5, ?6, ?7, ?8), \
         page AS MATERIALIZED (SELECT * FROM {scanned} WHERE ({key}) > ({after}) ORDER BY {key} LIMIT CAST(?2 AS INTEGER)) \
         SELECT {base}, {history}, (SELECT json_array({key}) FROM page ORDER BY {newest} LIMIT 1)",
        after = after.join(", "),
        newest = newest.join(", "),
        base = rows(source.base),
        history = rows(source.history),
    )
}

/// Prepares a database with the Ledger's tables for a copy.
pub fn create(sql: &dyn Sql) -> Result<(), SqlError> {
    sql.script(
        "CREATE TABLE base_pages (no INTEGER PRIMARY KEY, source INTEGER NOT NULL, rows TEXT NOT NULL)",
    )
}

/// Writes the history of a page to its table, and keeps the base for [`write_base`].
pub fn write(sql: &dyn Sql, page: &Page) -> Result<(), SqlError> {
    let place = i64::try_from(page.source).unwrap_or(i64::MAX);
    if page.base != NO_ROWS {
        let args: [Value; 2] = [place.into(), page.base.as_str().into()];
        sql.exec("INSERT INTO base_pages (source, rows) VALUES (CAST(?1 AS INTEGER), ?2)", &args)?;
    }
    match SOURCES.get(page.source).filter(|_| page.history != NO_ROWS) {
        Some(source) => insert(sql, source, &page.history),
        None => Ok(()),
    }
}

fn insert(sql: &dyn Sql, source: &Source, rows: &str) -> Result<(), SqlError> {
    let values: Vec<String> =
        source.columns.split(", ").enumerate().map(|(place, _)| format!("value ->> {place}")).collect();
    let statement = format!(
        "INSERT OR REPLACE INTO {} ({}) SELECT {} FROM json_each(?1)",
        source.table,
        source.columns,
        values.join(", ")
    );
    sql.exec(&statement, &[rows.into()]).map(drop)
}

/// Writes the first page of the base after page `after`, and returns its number, or `None` at the end. Unless
/// `is_first`, the tables that a rerun does not change have their rows already.
pub fn write_base(sql: &dyn Sql, after: i64, is_first: bool) -> Result<Option<i64>, SqlError> {
    let statement = "SELECT no, source, rows FROM base_pages WHERE no > ?1 ORDER BY no LIMIT 1";
    let rows = sql.exec(statement, &[after.into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let source = usize::try_from(row.int(1)?).ok().and_then(|place| SOURCES.get(place));
    if let Some(source) = source.filter(|source| is_first || source.is_rerun) {
        insert(sql, source, row.text(2)?)?;
    }
    row.int(0).map(Some)
}

/// Deletes at most `limit` rows of the tables that a rerun fills. Returns whether they are empty.
pub fn clear(sql: &dyn Sql, limit: i64) -> Result<bool, SqlError> {
    for (table, key) in RERUN_TABLES {
        let statement = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} LIMIT CAST(?1 AS INTEGER)) RETURNING 1"
        );
        if !sql.exec(&statement, &[limit.into()])?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the number of the newest conversion that is too old to be rerun with `most` others; `None` if there are not more.
pub fn beyond(sql: &dyn Sql, most: i64) -> Result<Option<i64>, SqlError> {
    let statement =
        "SELECT no FROM conversions WHERE no > 0 ORDER BY no DESC LIMIT 1 OFFSET CAST(?1 AS INTEGER)";
    let rows = sql.exec(statement, &[most.into()])?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// Returns whether a conversion with a number up to `last` occurred in `from..to`.
pub fn is_any_between(sql: &dyn Sql, from: Timestamp, to: Timestamp, last: i64) -> Result<bool, SqlError> {
    let statement =
        "SELECT 1 FROM conversions WHERE occurred_at >= ?1 AND occurred_at < ?2 AND no <= ?3 LIMIT 1";
    Ok(!sql.exec(statement, &[from.into(), to.into(), last.into()])?.is_empty())
}

/// Returns the number of the first conversion that was accepted of those that occurred in `from..to`.
pub fn first_between(sql: &dyn Sql, from: Timestamp, to: Timestamp) -> Result<Option<i64>, SqlError> {
    let statement = "SELECT min(no) FROM conversions WHERE occurred_at >= ?1 AND occurred_at < ?2";
    let rows = sql.exec(statement, &[from.into(), to.into()])?;
    rows.first().map_or(Ok(None), |row| row.opt_int(0))
}

/// Returns the extent from conversion `first` to the newest rows.
pub fn extent(sql: &dyn Sql, first: i64, started: Timestamp) -> Result<Extent, SqlError> {
    let statement = "SELECT (SELECT created_at FROM conversions WHERE no = ?1), (SELECT max(no) FROM conversions), \
                     coalesce((SELECT max(no) FROM commissions), 0), coalesce((SELECT max(no) FROM refunds), 0)";
    let rows = sql.exec(statement, &[first.into()])?;
    let row = rows.first().ok_or(SqlError::Shape { column: 0, expected: "a conversion" })?;
    let (since, last) = (row.time(0)?, row.int(1)?);
    Ok(Extent { first, since, last, last_commission: row.int(2)?, last_refund: row.int(3)?, started })
}
