//! SQLite as workerd binds it: every number is a JavaScript number, so arguments are bound as doubles, and a result is
//! an integer only if a double represents it exactly. A statement that passes here also works in workerd.

use rusqlite::{Connection, params_from_iter, types};
use signpost::store::{Row, Sql, SqlError, Value};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

/// The largest integer that JavaScript keeps exact.
const MAX_SAFE: i64 = 9_007_199_254_740_991;
/// The maximum number of parameters in one statement of workerd.
const MOST_PLACEHOLDERS: usize = 100;

/// A database in memory.
pub struct DoubleBound {
    connection: Connection,
    in_transaction: Cell<bool>,
    seen: RefCell<BTreeSet<String>>,
}

impl DoubleBound {
    pub fn in_memory() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.set_prepared_statement_cache_capacity(256);
        Self { connection, in_transaction: Cell::new(false), seen: RefCell::default() }
    }

    /// The tables (or indices) that statements read from end to end, and sorts of all rows found, with the statement.
    pub fn scans(&self) -> BTreeSet<(String, String)> {
        let mut scans = BTreeSet::new();
        for sql in self.seen.borrow().iter() {
            let mut plan = self.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            // The plan does not depend on arguments; unbound ones are NULL.
            let mut steps = plan.raw_query();
            while let Some(step) = steps.next().unwrap() {
                let step: String = step.get(3).unwrap();
                if let Some(table) = step.strip_prefix("SCAN ") {
                    scans.insert((table.to_owned(), sql.clone()));
                } else if step.contains("FOR ORDER BY") {
                    scans.insert(("a sort".to_owned(), sql.clone()));
                }
            }
        }
        scans
    }
}

fn engine(error: rusqlite::Error) -> SqlError {
    SqlError::Engine(error.to_string())
}

impl Sql for DoubleBound {
    fn exec(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, SqlError> {
        assert!(args.len() <= MOST_PLACEHOLDERS, "{} placeholders: {sql}", args.len());
        let first = sql.split_whitespace().next().unwrap_or_default().to_uppercase();
        assert!(!["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "PRAGMA"].contains(&first.as_str()), "{sql}");
        self.seen.borrow_mut().insert(sql.to_owned());
        let bound = args.iter().map(|arg| match arg {
            Value::Null => types::Value::Null,
            Value::Int(n) => {
                assert!(n.abs() <= MAX_SAFE, "{n} would be rounded: {sql}");
                types::Value::Real(*n as f64)
            }
            Value::Text(text) => types::Value::Text(text.clone()),
        });
        let mut statement = self.connection.prepare_cached(sql).map_err(engine)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(bound)).map_err(engine)?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            let value = |column| match row.get_ref(column).unwrap() {
                types::ValueRef::Null => Value::Null,
                types::ValueRef::Integer(n) => {
                    assert!(n.abs() <= MAX_SAFE, "{n} would be rounded: {sql}");
                    Value::Int(n)
                }
                types::ValueRef::Real(x) if x.fract() == 0.0 => Value::Int(x as i64),
                types::ValueRef::Text(bytes) => Value::Text(String::from_utf8(bytes.to_vec()).unwrap()),
                other => panic!("{other:?} from {sql}"),
            };
            answer.push(Row((0..columns).map(value).collect()));
        }
        Ok(answer)
    }

    fn atomically(&self, body: &mut dyn FnMut() -> bool) -> Result<(), SqlError> {
        assert!(!self.in_transaction.replace(true), "transactionSync is not re-entrant");
        let transaction = self.connection.unchecked_transaction().map_err(engine)?;
        let outcome = if body() { transaction.commit() } else { transaction.rollback() }.map_err(engine);
        self.in_transaction.set(false);
        outcome
    }

    fn script(&self, sql: &str) -> Result<(), SqlError> {
        self.connection.execute_batch(sql).map_err(engine)
    }
}
