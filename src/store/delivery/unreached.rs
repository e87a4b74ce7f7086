//! The destinations that the relay has not reached.

use crate::store::{Sql, SqlError};

/// Records that a destination was not reached.
pub fn add(sql: &dyn Sql, destination: &str) -> Result<(), SqlError> {
    sql.exec("INSERT INTO unreached (destination) VALUES (?1) ON CONFLICT DO NOTHING", &[destination.into()])
        .map(drop)
}

/// Records that a destination was reached.
pub fn remove(sql: &dyn Sql, destination: &str) -> Result<(), SqlError> {
    sql.exec("DELETE FROM unreached WHERE destination = ?1", &[destination.into()]).map(drop)
}

/// Returns up to `limit` destinations.
pub fn list(sql: &dyn Sql, limit: i64) -> Result<Vec<String>, SqlError> {
    let rows = sql.exec("SELECT destination FROM unreached LIMIT CAST(?1 AS INTEGER)", &[limit.into()])?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}
