//! [`Sql`] over rusqlite, for tests and for `cargo xtask replay`.

use super::{Row, Sql, SqlError, Value, value::MAX_SAFE_INTEGER};
use rusqlite::{Connection, StatementStatus, params_from_iter, types};
use std::{cell::Cell, path::Path};

/// A SQLite database in memory or in a file.
#[derive(Debug)]
pub struct NativeSql {
    connection: Connection,
    statements: Cell<u64>,
    steps: Cell<u64>,
    reprepared: Cell<u64>,
}

impl NativeSql {
    /// Opens an empty database in memory.
    pub fn in_memory() -> Result<Self, SqlError> {
        Connection::open_in_memory().map(Self::over).map_err(engine)
    }

    /// Opens the database file at `path`, creating it if it does not exist.
    pub fn open(path: &Path) -> Result<Self, SqlError> {
        Connection::open(path).map(Self::over).map_err(engine)
    }

    fn over(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(256);
        Self { connection, statements: Cell::new(0), steps: Cell::new(0), reprepared: Cell::new(0) }
    }

    /// Returns the number of statements run so far. Tests use it to prove that the work of a path does not grow with
    /// the data.
    pub fn statements(&self) -> u64 {
        self.statements.get()
    }

    /// Returns the number of instructions of SQLite's virtual machine run so far, which grows with each row read.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Returns how often SQLite compiled a statement again that was compiled before.
    pub fn reprepared(&self) -> u64 {
        self.reprepared.get()
    }
}

fn engine(error: rusqlite::Error) -> SqlError {
    SqlError::Engine(error.to_string())
}

impl Sql for NativeSql {
    fn exec(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, SqlError> {
        self.statements.set(self.statements.get().wrapping_add(1));
        let mut bound = Vec::with_capacity(args.len());
        for arg in args {
            bound.push(match arg {
                Value::Null => types::Value::Null,
                Value::Int(n) if n.unsigned_abs() > MAX_SAFE_INTEGER.unsigned_abs() => {
                    return Err(SqlError::UnsafeInteger(*n));
                }
                Value::Int(n) => types::Value::Integer(*n),
                Value::Text(text) => types::Value::Text(text.clone()),
            });
        }
        let mut statement = self.connection.prepare_cached(sql).map_err(engine)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(bound)).map_err(engine)?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(match row.get_ref(column).map_err(engine)? {
                    types::ValueRef::Null => Value::Null,
                    // As in workerd, an integer that JavaScript would round is an error.
                    types::ValueRef::Integer(n) if n.unsigned_abs() > MAX_SAFE_INTEGER.unsigned_abs() => {
                        return Err(SqlError::UnsafeInteger(n));
                    }
                    types::ValueRef::Integer(n) => Value::Int(n),
                    types::ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
                    types::ValueRef::Real(_) | types::ValueRef::Blob(_) => {
                        return Err(SqlError::Shape { column, expected: "an integer or text" });
                    }
                });
            }
            answer.push(Row(values));
        }
        drop(rows);
        for (counter, status) in
            [(&self.steps, StatementStatus::VmStep), (&self.reprepared, StatementStatus::RePrepare)]
        {
            let count = u64::try_from(statement.reset_status(status)).unwrap_or_default();
            counter.set(counter.get().wrapping_add(count));
        }
        Ok(answer)
    }

    fn atomically(&self, body: &mut dyn FnMut() -> bool) -> Result<(), SqlError> {
        // If it is dropped without a commit (early return or panic), the transaction rolls back.
        let transaction = self.connection.unchecked_transaction().map_err(engine)?;
        if body() { transaction.commit().map_err(engine) } else { transaction.rollback().map_err(engine) }
    }

    fn script(&self, sql: &str) -> Result<(), SqlError> {
        self.connection.execute_batch(sql).map_err(engine)
    }
}
