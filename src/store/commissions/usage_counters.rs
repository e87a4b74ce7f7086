//! Counters that terms depend on: sales of a month, what a cap has left, what a cost has covered.

use crate::store::{Sql, SqlError, Value};

/// What is added to a counter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Use {
    /// The counter's name.
    pub key: String,
    /// What is added, a count or minor units.
    pub added: i64,
}

/// How far a counter is; 0 if it was never used.
pub fn used(sql: &dyn Sql, key: &str) -> Result<i64, SqlError> {
    let rows = sql.exec("SELECT CAST(used AS TEXT) FROM uses WHERE key = ?1", &[key.into()])?;
    let used = rows.first().map_or(Ok(0), |row| row.big_int(0))?;
    i64::try_from(used).map_err(|_| SqlError::Overflow("a counter of the terms"))
}

/// Adds to counters. Sums cross as text and are checked here, as those of accounts are.
pub fn add(sql: &dyn Sql, uses: &[Use]) -> Result<(), SqlError> {
    for Use { key, added } in uses {
        let sum = used(sql, key)?.checked_add(*added).ok_or(SqlError::Overflow("a counter of the terms"))?;
        let args: [Value; 2] = [key.as_str().into(), sum.to_string().into()];
        sql.exec(
            "INSERT INTO uses (key, used) VALUES (?1, CAST(?2 AS INTEGER)) \
             ON CONFLICT (key) DO UPDATE SET used = excluded.used",
            &args,
        )?;
    }
    Ok(())
}
