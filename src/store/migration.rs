//! Schema versions: a database remembers how many steps it has taken, and takes the missing ones when it is opened.

use super::{Sql, SqlError, Value, transaction};

/// Brings a database to the newest of `steps`, each a script that never changes once it has been released. Each step
/// and the note that it was taken are one transaction. A database that has taken more steps than there are, because
/// newer code had it before, is refused: older code would write rows that the newer one does not expect.
pub fn migrate(sql: &dyn Sql, steps: &[&str]) -> Result<(), SqlError> {
    sql.script("CREATE TABLE IF NOT EXISTS schema_step (step INTEGER PRIMARY KEY) STRICT")?;
    let rows = sql.exec("SELECT coalesce(max(step), 0) FROM schema_step", &[])?;
    let taken = rows.first().map_or(Ok(0), |row| row.int(0))?;
    let newest = i64::try_from(steps.len()).map_err(|_| SqlError::Overflow("schema steps"))?;
    if taken > newest {
        return Err(SqlError::NewerSchema { taken, known: newest });
    }
    for (step, script) in (1..).zip(steps).filter(|(step, _)| *step > taken) {
        transaction(sql, || {
            sql.script(script)?;
            sql.exec("INSERT INTO schema_step (step) VALUES (?1)", &[Value::Int(step)]).map(drop)
        })?;
    }
    Ok(())
}
