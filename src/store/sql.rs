//! The interface to a SQLite database.

use crate::store::{
    error::SqlError,
    value::{Row, Value},
};

/// A SQLite database. Placeholders are `?1`, `?2`, …; a statement has at most 100 (workerd's limit).
///
/// A placeholder as the bare operand of LIMIT (`LIMIT ?2`) makes SQLite compile the statement again at each execution,
/// because its planner looks at the value (`sqlite3ExprIsInteger`). That takes ten times as long as a look-up does.
/// `LIMIT CAST(?2 AS INTEGER)` hides the value from the planner.
pub trait Sql {
    /// Runs one statement and returns all its rows.
    fn exec(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, SqlError>;

    /// Runs `body` in a transaction. It commits if `body` returns `true` and rolls back if it returns `false` or
    /// panics. It is not re-entrant. Use [`transaction`] instead.
    fn atomically(&self, body: &mut dyn FnMut() -> bool) -> Result<(), SqlError>;

    /// Runs several statements without arguments, for schema migrations.
    fn script(&self, sql: &str) -> Result<(), SqlError>;
}

/// Runs `body` in a transaction and rolls back everything it wrote if it returns `Err`.
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

/// Returns the largest number in a table plus one. The table's rows must never be deleted.
pub(super) fn next_no(sql: &dyn Sql, table: &'static str) -> Result<i64, SqlError> {
    let rows = sql.exec(&format!("SELECT coalesce(max(no), 0) + 1 FROM {table}"), &[])?;
    rows.first().map_or(Ok(1), |row| row.int(0))
}
