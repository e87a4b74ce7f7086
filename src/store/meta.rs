//! Single values: the programme's terms, counters, and the positions of consumers of the event table.

use super::{Sql, SqlError};
use crate::domain::programme::Program;

/// The names of the values; each is one row of `meta`.
pub mod name {
    /// The programme as JSON.
    pub const PROGRAM: &str = "program";
    /// The sealed account of the payer.
    pub const PAYER_ACCOUNT: &str = "payer_account";
    /// The account of the payer in the clear, between the schema step that moved it here and the start that seals it.
    pub const PAYER_ACCOUNT_UNSEALED: &str = "payer_account_unsealed";
    /// The version of the rule by which the keys of coupons are made.
    pub const COUPON_KEYS: &str = "coupon_keys";
    /// The hash of the data key under which everything is sealed.
    pub const SEALED_UNDER: &str = "sealed_under";
    /// Set while the words of partners from before words were kept are missing.
    pub const PARTNER_WORDS_MISSING: &str = "partner_words_missing";
    /// The version of the snapshot, which increases with every change that redirects depend on.
    pub const SNAPSHOT_VERSION: &str = "snapshot_version";
    /// The version of the snapshot in KV.
    pub const SNAPSHOT_WRITTEN: &str = "snapshot_written";
    /// When the snapshot was last written to KV, Unix milliseconds.
    pub const SNAPSHOT_WRITTEN_AT: &str = "snapshot_written_at";
    /// The last event in the KV log.
    pub const EVENTS_LOGGED: &str = "events_logged";
    /// The last event of the segment that is being written to the KV log; equal to `events_logged` between segments.
    pub const EVENTS_LOGGING: &str = "events_logging";
    /// The last event that is only in the KV log, because its row was deleted.
    pub const EVENTS_PRUNED: &str = "events_pruned";
    /// When events may next be deleted, Unix milliseconds; absent while too few are in the table.
    pub const EVENTS_PRUNE_AT: &str = "events_prune_at";
    /// How far the segments of the event log in KV have been redacted: a cursor of KV, empty at the end.
    pub const LOG_REDACTED: &str = "log_redacted";
    /// The last event that was handed to the relay; absent while no endpoint is active.
    pub const EVENTS_RELAYED: &str = "events_relayed";
    /// Increases with every change of an endpoint that the relay must know.
    pub const ENDPOINTS_VERSION: &str = "endpoints_version";
    /// How far a restore has come, JSON.
    pub const RESTORED: &str = "restored";
    /// 1 while pages of an export are still missing.
    pub const RESTORING: &str = "restoring";
}

/// Returns an integer by name, if it is set.
pub fn get_int(sql: &dyn Sql, name: &str) -> Result<Option<i64>, SqlError> {
    let rows = sql.exec("SELECT value FROM meta WHERE name = ?1", &[name.into()])?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// Sets an integer. The cast is necessary because the column has no type and JavaScript binds every number as a double.
pub fn set_int(sql: &dyn Sql, name: &str, value: i64) -> Result<(), SqlError> {
    let statement = "INSERT INTO meta (name, value) VALUES (?1, CAST(?2 AS INTEGER)) \
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql.exec(statement, &[name.into(), value.into()]).map(drop)
}

/// Returns a text by name, if it is set.
pub fn text(sql: &dyn Sql, name: &str) -> Result<Option<String>, SqlError> {
    let rows = sql.exec("SELECT value FROM meta WHERE name = ?1", &[name.into()])?;
    rows.first().map_or(Ok(None), |row| row.opt_string(0))
}

/// Sets a text.
pub fn set_text(sql: &dyn Sql, name: &str, value: &str) -> Result<(), SqlError> {
    let statement = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql.exec(statement, &[name.into(), value.into()]).map(drop)
}

/// Deletes a value.
pub fn delete(sql: &dyn Sql, name: &str) -> Result<(), SqlError> {
    sql.exec("DELETE FROM meta WHERE name = ?1", &[name.into()]).map(drop)
}

/// Returns the programme, if the operator has set one.
pub fn program(sql: &dyn Sql) -> Result<Option<Program>, SqlError> {
    let rows = sql.exec("SELECT value FROM meta WHERE name = ?1", &[name::PROGRAM.into()])?;
    rows.first().map(|row| row.json(0)).transpose()
}

/// Sets the programme.
pub fn set_program(sql: &dyn Sql, program: &Program) -> Result<(), SqlError> {
    set_text(sql, name::PROGRAM, &super::value::json_text(program)?)
}
