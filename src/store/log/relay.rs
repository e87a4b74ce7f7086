//! The events that the Ledger hands to the relay, and those that a destination reads later.

use crate::{
    domain::{
        delivery::endpoint::{EventFilter, Filters},
        programme::partner::PartnerNo,
    },
    store::{
        Sql, SqlError,
        log::{
            archive::{EventLog, LogError},
            events::{self, Event, Range},
        },
        meta::{self, name},
    },
};

/// The maximum number of events that are handed over or read at once.
const EVENTS: i64 = 200;
/// The maximum length of these events in bytes. A single one may be longer.
const BYTES: i64 = 512 * 1024;

/// The number of events of the log that are considered at once for a destination.
const CONSIDERED: i64 = 5_000;

/// Events to hand to the relay.
#[derive(Debug)]
pub struct Batch {
    /// The last event that was handed over before.
    pub after: i64,
    /// The events that follow it, without a gap.
    pub events: Vec<Event>,
}

/// Returns the events that are to be handed to the relay; `None` if there are none, or if no endpoint is active.
pub fn due(sql: &dyn Sql) -> Result<Option<Batch>, SqlError> {
    let Some(after) = meta::get_int(sql, name::EVENTS_RELAYED)? else { return Ok(None) };
    let events = events::shown_after_within(sql, after, EVENTS, BYTES)?;
    Ok((!events.is_empty()).then_some(Batch { after, events }))
}

/// Records that the relay has the events up to `last`. Nothing is recorded if no endpoint is active any more.
pub fn done(sql: &dyn Sql, last: i64) -> Result<(), SqlError> {
    match meta::get_int(sql, name::EVENTS_RELAYED)? {
        Some(relayed) if relayed < last => meta::set_int(sql, name::EVENTS_RELAYED, last),
        Some(_) | None => Ok(()),
    }
}

/// Starts or stops handing events to the relay. Endpoints that become active read earlier events themselves.
pub fn set_active(sql: &dyn Sql, is_active: bool) -> Result<(), SqlError> {
    match (is_active, meta::get_int(sql, name::EVENTS_RELAYED)?) {
        (true, None) => meta::set_int(sql, name::EVENTS_RELAYED, events::last_seq(sql)?),
        (false, Some(_)) => meta::delete(sql, name::EVENTS_RELAYED),
        (true, Some(_)) | (false, None) => Ok(()),
    }
}

/// A part of the log as one destination reads it.
#[derive(Debug)]
pub struct Part {
    /// The events that it receives.
    pub events: Vec<Event>,
    /// The last event that was considered.
    pub through: i64,
    /// Whether the part reaches the end of the log or of the period.
    pub is_last: bool,
}

/// Returns the events after `after`, and up to `through`, that a destination receives. The work is limited: a part without
/// events may have a successor.
pub fn part(
    log: &EventLog<'_>,
    after: i64,
    through: Option<i64>,
    partner: Option<PartnerNo>,
    filters: &Filters,
) -> Result<Part, LogError> {
    let last = events::last_seq(log.sql)?;
    let end = through.map_or(last, |through| through.min(last));
    let considered = after.saturating_add(CONSIDERED).min(end);
    let types = filters.types();
    let range = Range { after, through: considered, partner, types: types.as_deref() };
    let (read, through) = log.read(&range, EVENTS, BYTES)?;
    let events = read.into_iter().filter(|event| filters.includes(event.seq, event.kind)).collect();
    Ok(Part { events, through, is_last: through >= end })
}

/// Returns how many events after `after`, and up to `through`, a destination receives.
pub fn count(
    log: &EventLog<'_>,
    after: i64,
    through: i64,
    partner: Option<PartnerNo>,
    filter: &EventFilter,
) -> Result<i64, LogError> {
    let types = match filter {
        EventFilter::Every => None,
        EventFilter::Types(types) => Some(types.as_slice()),
    };
    log.count(&Range { after, through, partner, types })
}
