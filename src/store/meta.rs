//! Single values: the programme's terms, counters, and where consumers of the event table stand.

use super::{Sql, SqlError};
use crate::domain::programme::Program;

/// Names of the values; each stands in one row of `meta`.
pub mod name {
    /// The programme, JSON.
    pub const PROGRAM: &str = "program";
    /// Grows with every change that redirects must learn of.
    pub const SNAPSHOT_VERSION: &str = "snapshot_version";
    /// The snapshot version that KV holds.
    pub const SNAPSHOT_WRITTEN: &str = "snapshot_written";
    /// When the snapshot was last written to KV, Unix milliseconds.
    pub const SNAPSHOT_WRITTEN_AT: &str = "snapshot_written_at";
    /// The last event that the KV log holds.
    pub const EVENTS_LOGGED: &str = "events_logged";
    /// The last event of the segment being written to the KV log; equal to `events_logged` between segments.
    pub const EVENTS_LOGGING: &str = "events_logging";
}

/// An integer by name, if set.
pub fn get_int(sql: &dyn Sql, name: &str) -> Result<Option<i64>, SqlError> {
    let rows = sql.exec("SELECT value FROM meta WHERE name = ?1", &[name.into()])?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// Sets an integer. The column has no type, and JavaScript binds every number as a double: hence the cast.
pub fn set_int(sql: &dyn Sql, name: &str, value: i64) -> Result<(), SqlError> {
    let statement = "INSERT INTO meta (name, value) VALUES (?1, CAST(?2 AS INTEGER)) \
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql.exec(statement, &[name.into(), value.into()]).map(drop)
}

/// The programme, if the operator has set one.
pub fn program(sql: &dyn Sql) -> Result<Option<Program>, SqlError> {
    let rows = sql.exec("SELECT value FROM meta WHERE name = ?1", &[name::PROGRAM.into()])?;
    rows.first().map(|row| row.json(0)).transpose()
}

/// Sets the programme.
pub fn set_program(sql: &dyn Sql, program: &Program) -> Result<(), SqlError> {
    let text = super::value::json_text(program)?;
    let statement = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql.exec(statement, &[name::PROGRAM.into(), text.into()]).map(drop)
}
