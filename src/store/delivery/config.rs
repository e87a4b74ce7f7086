//! What a destination's object knows about its destination: the configuration that the Ledger has sent, and how far it is.

use crate::{
    domain::{
        delivery::endpoint::{ApiVersion, EndpointStatus, PauseReason, Receiver},
        values::time::Timestamp,
    },
    store::{
        Sql, SqlError,
        meta::{delete, get_int, set_int, set_text, text},
        value::json_text,
    },
};
use serde::{Deserialize, Serialize};

/// The configuration of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Who receives the events.
    #[serde(default = "https")]
    pub receiver: Receiver,
    /// The URL that receives the events; empty for mail.
    pub url: String,
    /// Whether it is active.
    pub status: EndpointStatus,
    /// The version of its payloads.
    pub api_version: ApiVersion,
    /// Its signing secrets, sealed.
    pub secrets: String,
    /// The last event before it was made.
    pub start_seq: i64,
}

/// The receiver of destinations that were made before there was mail.
fn https() -> Receiver {
    Receiver::Https
}

/// The names of the values in `meta`.
mod name {
    pub const CONFIG: &str = "config";
    pub const CURSOR: &str = "cursor";
    pub const BEHIND: &str = "behind";
    pub const FAILING_SINCE: &str = "failing_since";
    pub const DISABLED: &str = "disabled";
}

/// Returns the configuration; `None` before the Ledger has sent one.
pub fn config(sql: &dyn Sql) -> Result<Option<Config>, SqlError> {
    let stored = text(sql, name::CONFIG)?;
    let parse =
        |text: String| strict_json::from_str(&text).map_err(|error| SqlError::Engine(error.to_string()));
    stored.map(parse).transpose()
}

/// Returns whether events may be sent now.
pub fn is_active(sql: &dyn Sql) -> Result<bool, SqlError> {
    let is_active = config(sql)?.is_some_and(|config| config.status == EndpointStatus::Active);
    Ok(is_active && disabled(sql)?.is_none())
}

/// Sets the configuration. The first one also sets where the destination begins. An endpoint that becomes active is behind until its
/// object has read the log, because events may have been recorded while it was paused or being made.
pub fn configure(sql: &dyn Sql, config: &Config) -> Result<(), SqlError> {
    if get_int(sql, name::CURSOR)?.is_none() {
        set_int(sql, name::CURSOR, config.start_seq)?;
    }
    let was_active = is_active(sql)?;
    if config.status == EndpointStatus::Active && !was_active {
        set_behind(sql, true)?;
        delete(sql, name::DISABLED)?;
        delete(sql, name::FAILING_SINCE)?;
    }
    set_text(sql, name::CONFIG, &json_text(config)?)
}

/// Pauses the destination until the Ledger sends another configuration.
pub fn pause(sql: &dyn Sql, config: Config) -> Result<(), SqlError> {
    delete(sql, name::DISABLED)?;
    set_text(sql, name::CONFIG, &json_text(&Config { status: EndpointStatus::Paused, ..config })?)
}

/// Returns the last event of the log that is in the queue or was before; the destination need not know of those before it.
pub fn cursor(sql: &dyn Sql) -> Result<i64, SqlError> {
    Ok(get_int(sql, name::CURSOR)?.unwrap_or(0))
}

/// Advances the cursor.
pub fn set_cursor(sql: &dyn Sql, seq: i64) -> Result<(), SqlError> {
    set_int(sql, name::CURSOR, seq)
}

/// Returns whether the log has events after the cursor that nobody will send.
pub fn is_behind(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(get_int(sql, name::BEHIND)?.is_some())
}

/// Records whether the log has events after the cursor that nobody will send.
pub fn set_behind(sql: &dyn Sql, behind: bool) -> Result<(), SqlError> {
    if behind { set_int(sql, name::BEHIND, 1) } else { delete(sql, name::BEHIND) }
}

/// Returns since when every attempt has failed.
pub fn failing_since(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    Ok(get_int(sql, name::FAILING_SINCE)?.map(Timestamp::clamped))
}

/// Records that an attempt failed, and returns since when every one has.
pub fn set_failing(sql: &dyn Sql, now: Timestamp) -> Result<Timestamp, SqlError> {
    if let Some(since) = failing_since(sql)? {
        return Ok(since);
    }
    set_int(sql, name::FAILING_SINCE, now.ms())?;
    Ok(now)
}

/// Records that an attempt succeeded.
pub fn set_working(sql: &dyn Sql) -> Result<(), SqlError> {
    if failing_since(sql)?.is_some() { delete(sql, name::FAILING_SINCE) } else { Ok(()) }
}

/// Returns why the destination was disabled, until the Ledger has paused it.
pub fn disabled(sql: &dyn Sql) -> Result<Option<PauseReason>, SqlError> {
    Ok(text(sql, name::DISABLED)?.as_deref().and_then(PauseReason::parse))
}

/// Disables the destination. Nothing is sent from now on.
pub fn disable(sql: &dyn Sql, reason: PauseReason) -> Result<(), SqlError> {
    set_text(sql, name::DISABLED, reason.as_str())
}
