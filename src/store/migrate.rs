//! Schema versions. A database opens under the code that made it and under any newer code: the steps it has not
//! taken yet are taken in order, each in a transaction with the note that it was taken.

use super::{Sql, SqlError, transaction};

/// One step: its version and its statements.
#[derive(Debug)]
pub struct Step {
    /// 1, 2, 3, …
    pub version: i64,
    /// The statements.
    pub script: &'static str,
}

/// The Ledger's steps. Add to the end; never change one that has been released.
pub const LEDGER: &[Step] = &[
    Step { version: 1, script: include_str!("schema/ledger_0001.sql") },
    Step { version: 2, script: include_str!("schema/ledger_0002.sql") },
    Step { version: 3, script: include_str!("schema/ledger_0003.sql") },
];

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database was written by newer code.
    #[error(
        "the database has schema version {found}, this code knows {known}: deploy a version at least as new"
    )]
    TooNew {
        /// The database's version.
        found: i64,
        /// The newest version this code knows.
        known: i64,
    },
    /// A step failed; nothing of it remains.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Brings a database up to the newest version of `steps` and returns that version.
pub fn migrate(sql: &dyn Sql, steps: &[Step]) -> Result<i64, MigrateError> {
    sql.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) WITHOUT ROWID", &[])?;
    let rows = sql.exec("SELECT max(version) FROM schema_version", &[])?;
    let found = rows.first().map(|row| row.opt_int(0)).transpose()?.flatten().unwrap_or(0);
    let known = steps.last().map_or(0, |step| step.version);
    if found > known {
        return Err(MigrateError::TooNew { found, known });
    }
    for step in steps.iter().filter(|step| step.version > found) {
        transaction(sql, || -> Result<(), SqlError> {
            sql.script(step.script)?;
            sql.exec("INSERT INTO schema_version (version) VALUES (?1)", &[step.version.into()])?;
            Ok(())
        })?;
    }
    Ok(known)
}
