//! SQL, one noun a file, over the [`Sql`] trait: the same statements run on workerd's SQLite and natively.

pub mod books;
pub mod callbacks;
pub mod clicks;
pub mod commissions;
pub mod conversions;
pub mod links;
pub mod log;
pub mod meta;
#[cfg(all(feature = "sqlite", not(target_arch = "wasm32")))]
pub mod native;
mod page;
pub mod payouts;
pub mod programme;
pub mod reports;
pub mod schema;
pub mod value;

pub use page::Page;
pub use value::{Row, Value};

/// Why a statement could not be carried out. Every case is ours to mend: callers' mistakes are found before SQL.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The engine refused the statement.
    #[error("the database refused a statement: {0}")]
    Engine(String),
    /// A row did not have the shape that the code expects.
    #[error("column {column} of a row is not {expected}")]
    Shape {
        /// Zero-based column.
        column: usize,
        /// The type that the code asked for.
        expected: &'static str,
    },
    /// An integer beyond ±(2^53 − 1), which workerd's SQLite binding would round.
    #[error("the integer {0} cannot cross into the engine unchanged")]
    UnsafeInteger(i64),
    /// A sum or a counter left its range.
    #[error("arithmetic overflow in {0}")]
    Overflow(&'static str),
}

/// A SQLite database. Placeholders are `?1`, `?2`, …; at most 100 of them a statement (workerd's limit).
pub trait Sql {
    /// Runs one statement and returns all its rows.
    fn exec(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, SqlError>;

    /// Runs `body` in a transaction: committed if it answers `true`, rolled back if it answers `false` or if it
    /// panics. Not re-entrant. Use [`transaction`].
    fn atomically(&self, body: &mut dyn FnMut() -> bool) -> Result<(), SqlError>;

    /// Runs a script of several statements without arguments (schema migrations).
    fn script(&self, sql: &str) -> Result<(), SqlError>;
}

/// Runs `body` in one transaction; an `Err` rolls back all that it wrote.
pub fn transaction<T, E: From<SqlError>>(sql: &dyn Sql, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let mut body = Some(body);
    let mut outcome = None;
    let run = sql.atomically(&mut || {
        outcome = body.take().map(|body| body());
        matches!(outcome, Some(Ok(_)))
    });
    match (outcome, run) {
        (Some(Err(error)), _) => Err(error),
        (Some(Ok(value)), Ok(())) => Ok(value),
        (_, Err(error)) => Err(error.into()),
        (None, Ok(())) => Err(SqlError::Engine("the transaction's body did not run".to_owned()).into()),
    }
}

/// The number after the largest in a table whose rows are never deleted.
fn next_no(sql: &dyn Sql, table: &'static str) -> Result<i64, SqlError> {
    let rows = sql.exec(&format!("SELECT coalesce(max(no), 0) + 1 FROM {table}"), &[])?;
    rows.first().map_or(Ok(1), |row| row.int(0))
}
