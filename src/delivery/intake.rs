//! How events come into the queue of a destination. The relay sends new events; whenever the destination may have missed some, it
//! reads the log instead, from its own cursor. Each event is in the queue once, in the order of the log.

use super::queue::DeliveryQueue;
use crate::{
    domain::values::time::Timestamp,
    store::{
        Sql, SqlError,
        delivery::{
            command::Command,
            config,
            queue::Event,
            replays::{self, Replay},
        },
        transaction,
        value::MAX_SAFE_INTEGER,
    },
};
use serde::{Deserialize, Serialize};

/// New events of one destination.
#[derive(Debug, Serialize, Deserialize)]
pub struct Push {
    /// Every event of the destination after this one is in this push, or in one that it has accepted.
    pub since: i64,
    /// The last event of the log that was considered.
    pub through: i64,
    /// The events. They are left out while the destination declines them.
    pub events: Option<Vec<Event>>,
}

impl Push {
    /// Makes a destination read the log.
    pub const READ_THE_LOG: Self = Self { since: MAX_SAFE_INTEGER, through: MAX_SAFE_INTEGER, events: None };
}

/// The answer to a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pushed {
    /// The events are in the queue.
    Accepted,
    /// The destination reads the log itself. Send the next events again.
    Reading,
    /// The queue is full, or the destination is paused. It reads the log itself, later.
    Full,
}

/// A part of the log as a destination receives it.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogPart {
    /// The events.
    pub events: Vec<Event>,
    /// The last event that was considered.
    pub through: i64,
    /// Whether the log, or the part that was asked for, ends here.
    pub is_last: bool,
}

/// What to read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The log after this event.
    Log {
        /// The cursor.
        after: i64,
        /// How often the queue had declined events when the read began.
        declined: u64,
    },
    /// A part that was requested again.
    Replay(Replay),
}

/// Takes a push of the relay.
pub fn push(
    queue: &mut DeliveryQueue,
    sql: &dyn Sql,
    push: &Push,
    now: Timestamp,
) -> Result<Pushed, SqlError> {
    if config::config(sql)?.is_none() {
        // The Ledger's first command is on its way, or the destination was deleted.
        return Ok(Pushed::Full);
    }
    let cursor = config::cursor(sql)?;
    if push.through <= cursor {
        return Ok(Pushed::Accepted);
    }
    let is_open = config::is_active(sql)? && queue.has_room();
    let is_behind = config::is_behind(sql)?;
    if let (Some(events), true, false) = (&push.events, is_open && push.since <= cursor, is_behind) {
        let new: Vec<Event> =
            events.iter().filter(|event| event.seq.is_some_and(|seq| seq > cursor)).cloned().collect();
        queue.append(sql, &new, false, now, || config::set_cursor(sql, push.through))?;
        return Ok(Pushed::Accepted);
    }
    if !is_behind {
        config::set_behind(sql, true)?;
    }
    queue.decline();
    Ok(if is_open { Pushed::Reading } else { Pushed::Full })
}

/// Returns what the destination should read, if there is anything and the queue has room for it.
pub fn next_reading(queue: &DeliveryQueue, sql: &dyn Sql) -> Result<Option<Reading>, SqlError> {
    if !queue.has_room() || !config::is_active(sql)? {
        return Ok(None);
    }
    if config::is_behind(sql)? {
        return Ok(Some(Reading::Log { after: config::cursor(sql)?, declined: queue.declined() }));
    }
    Ok(replays::first(sql)?.map(Reading::Replay))
}

/// Appends a part of the log that was read.
pub fn append_read(
    queue: &mut DeliveryQueue,
    sql: &dyn Sql,
    reading: Reading,
    part: &LogPart,
    now: Timestamp,
) -> Result<(), SqlError> {
    match reading {
        Reading::Log { after, declined } => {
            // A push may have been accepted while the log was read.
            if config::cursor(sql)? != after {
                return Ok(());
            }
            // Events that were declined while the log was read may be later than its end then.
            let is_last = part.is_last && queue.declined() == declined;
            queue.append(sql, &part.events, false, now, || {
                config::set_cursor(sql, part.through)?;
                if is_last { config::set_behind(sql, false) } else { Ok(()) }
            })
        }
        Reading::Replay(replay) => {
            let after = if part.is_last { replay.through } else { part.through };
            queue.append(sql, &part.events, true, now, || replays::advance(sql, replay, after))
        }
    }
}

/// Executes a command of the Ledger. [`Command::Discard`] changes nothing here: the object deletes its storage.
pub fn execute(
    queue: &mut DeliveryQueue,
    sql: &dyn Sql,
    command: &Command,
    now: Timestamp,
) -> Result<(), SqlError> {
    match command {
        Command::Configure(config) => {
            queue.decline();
            transaction(sql, || config::configure(sql, config))
        }
        Command::Deliver(events) => {
            // A test has no place in the log.
            let is_replay = events.iter().any(|event| event.seq.is_some());
            queue.append(sql, events, is_replay, now, || Ok(()))
        }
        Command::Replay { after, through } => replays::add(sql, *after, *through),
        Command::Discard => Ok(()),
    }
}
