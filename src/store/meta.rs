//! Single values: the programme's terms, counters, and where consumers of the event table stand.

use super::{Sql, SqlError};
use crate::domain::{money::Currency, program::Model, program::Program};

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

/// Sets an integer.
pub fn set_int(sql: &dyn Sql, name: &str, value: i64) -> Result<(), SqlError> {
    let statement = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql.exec(statement, &[name.into(), value.into()]).map(drop)
}

#[derive(serde::Serialize, serde::Deserialize)]
struct ProgramText {
    name: String,
    currency: String,
    landing_url: Option<String>,
    model: Model,
    window_days: i64,
    hold_days: i64,
    click_param: String,
    commission_bp: i64,
}

/// The programme, if the operator has set one.
pub fn program(sql: &dyn Sql) -> Result<Option<Program>, SqlError> {
    let rows = sql.exec("SELECT value FROM meta WHERE name = ?1", &[name::PROGRAM.into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let text: ProgramText = row.json(0)?;
    let currency =
        Currency::parse(&text.currency).ok_or(SqlError::Shape { column: 0, expected: "a programme" })?;
    Ok(Some(Program {
        name: text.name,
        currency,
        landing_url: text.landing_url,
        model: text.model,
        window_days: text.window_days,
        hold_days: text.hold_days,
        click_param: text.click_param,
        commission_bp: text.commission_bp,
    }))
}

/// Sets the programme.
pub fn set_program(sql: &dyn Sql, program: &Program) -> Result<(), SqlError> {
    let text = super::value::json_text(&ProgramText {
        name: program.name.clone(),
        currency: program.currency.code().to_owned(),
        landing_url: program.landing_url.clone(),
        model: program.model,
        window_days: program.window_days,
        hold_days: program.hold_days,
        click_param: program.click_param.clone(),
        commission_bp: program.commission_bp,
    })?;
    let statement = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql.exec(statement, &[name::PROGRAM.into(), text.into()]).map(drop)
}
