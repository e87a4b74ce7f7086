//! Counters that terms depend on: sales of a month, use of a cap, cost covered.

use crate::store::{Sql, SqlError, Value};

/// An addition to a counter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// The counter's name.
    pub key: String,
    /// The amount added: a count or minor units.
    pub added: i64,
}

/// Returns the value of a counter, 0 if it does not exist.
pub fn value(sql: &dyn Sql, key: &str) -> Result<i64, SqlError> {
    let rows = sql.exec("SELECT CAST(used AS TEXT) FROM uses WHERE key = ?1", &[key.into()])?;
    let used = rows.first().map_or(Ok(0), |row| row.big_int(0))?;
    i64::try_from(used).map_err(|_| SqlError::Overflow("a counter of the terms"))
}

/// Adds to counters. Sums are passed as text and checked here, as for accounts.
pub fn add(sql: &dyn Sql, increments: &[Usage]) -> Result<(), SqlError> {
    for Usage { key, added } in increments {
        let sum = value(sql, key)?.checked_add(*added).ok_or(SqlError::Overflow("a counter of the terms"))?;
        let args: [Value; 2] = [key.as_str().into(), sum.to_string().into()];
        sql.exec(
            "INSERT INTO uses (key, used) VALUES (?1, CAST(?2 AS INTEGER)) \
             ON CONFLICT (key) DO UPDATE SET used = excluded.used",
            &args,
        )?;
    }
    Ok(())
}
