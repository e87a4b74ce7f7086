//! Which new events each destination receives, and since when the relay has sent it all of them.

use super::{
    intake::{Push, Pushed},
    ordering,
};
use crate::{
    domain::{
        delivery::endpoint::{EventFilter, Filters},
        event::EventType,
        programme::partner::PartnerNo,
        values::{id::EventId, time::Timestamp},
    },
    ledger::event_visibility::as_partner_sees,
    store::{
        SqlError,
        delivery::queue::Event,
        log::{events, relay},
        webhooks::Webhook,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};

/// An event of a batch, as the programme sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RelayedEvent {
    seq: i64,
    id: EventId,
    #[serde(rename = "type")]
    kind: EventType,
    partner_no: Option<PartnerNo>,
    at: Timestamp,
    data: Box<RawValue>,
}

impl RelayedEvent {
    fn new(event: events::Event) -> Result<Self, SqlError> {
        Ok(Self {
            seq: event.seq,
            id: event.id,
            kind: event.kind,
            partner_no: event.partner_no,
            at: event.at,
            data: raw(event.data)?,
        })
    }

    /// The event as a destination receives it.
    fn received(
        &self,
        partner_no: Option<PartnerNo>,
        partners_see_customers: bool,
    ) -> Result<Event, SqlError> {
        let data = match partner_no {
            Some(_) => raw(as_partner_sees(self.kind, self.data.get(), partners_see_customers)?)?,
            None => self.data.clone(),
        };
        let key = ordering::key(self.kind, self.data.get());
        Ok(Event { seq: Some(self.seq), id: self.id.clone(), kind: self.kind, at: self.at, key, data })
    }
}

/// New events of the log.
#[derive(Debug, Serialize, Deserialize)]
pub struct Batch {
    /// The last event before them.
    pub after: i64,
    /// The last of them.
    pub through: i64,
    /// The version of the destinations that they are for.
    pub version: i64,
    /// Whether partners see the customers of their conversions.
    pub partners_see_customers: bool,
    events: Vec<RelayedEvent>,
}

fn raw(text: String) -> Result<Box<RawValue>, SqlError> {
    RawValue::from_string(text).map_err(|error| SqlError::Engine(error.to_string()))
}

impl Batch {
    /// A batch of events that the log has.
    pub fn new(batch: relay::Batch, version: i64, partners_see_customers: bool) -> Result<Self, SqlError> {
        let through = batch.events.last().map_or(batch.after, |event| event.seq);
        let events = batch.events.into_iter().map(RelayedEvent::new).collect::<Result<_, SqlError>>()?;
        Ok(Self { after: batch.after, through, version, partners_see_customers, events })
    }
}

/// A destination as the relay knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its id, which names its object.
    pub id: String,
    partner_no: Option<PartnerNo>,
    events: Vec<String>,
    earlier: Vec<(i64, Vec<String>)>,
}

impl Destination {
    /// The destination of an endpoint.
    #[must_use]
    pub fn of(webhook: &Webhook) -> Self {
        let words = |filter: &EventFilter| filter.words().into_iter().map(str::to_owned).collect();
        let Filters { current, earlier } = &webhook.events;
        let earlier = earlier.iter().map(|(last, filter)| (*last, words(filter))).collect();
        Self { id: webhook.id.to_string(), partner_no: webhook.partner_no, events: words(current), earlier }
    }

    fn filters(&self) -> Filters {
        let filter = |words: &[String]| {
            // The Ledger has checked the words. A type that only newer code knows is in no event of this code either.
            let known = words.iter().map(String::as_str).filter(|word| EventFilter::parse([*word]).is_ok());
            EventFilter::parse(known).unwrap_or(EventFilter::Types(Vec::new()))
        };
        let earlier = self.earlier.iter().map(|(last, words)| (*last, filter(words))).collect();
        Filters { current: filter(&self.events), earlier }
    }
}

/// The destinations of a version.
#[derive(Debug, Serialize, Deserialize)]
pub struct Destinations {
    /// The version.
    pub version: i64,
    /// The active ones.
    pub destinations: Vec<Destination>,
}

/// An event of the log as a destination receives it.
pub fn received(
    event: events::Event,
    partner_no: Option<PartnerNo>,
    partners_see_customers: bool,
) -> Result<Event, SqlError> {
    RelayedEvent::new(event)?.received(partner_no, partners_see_customers)
}

/// What the relay knows. It is not stored: a new relay sends each destination the events from then on, and a destination that lacks
/// earlier ones reads the log.
#[derive(Debug, Default)]
pub struct FanOut {
    destinations: Option<Destinations>,
    /// The last event of the log that every destination was sent.
    through: Option<i64>,
    /// For destinations that declined events or became active later: the last event that they were not sent.
    since: HashMap<String, i64>,
    /// The first event that this relay has considered, less one.
    start: i64,
    /// Destinations that get no events until they have room.
    full: HashSet<String>,
}

impl FanOut {
    /// Whether the destinations of this version must be fetched.
    #[must_use]
    pub fn lacks(&self, version: i64) -> bool {
        self.destinations.as_ref().is_none_or(|known| known.version < version)
    }

    /// Sets the destinations.
    pub fn set(&mut self, new: Destinations) {
        let ids = |known: &Destinations| -> HashSet<String> {
            known.destinations.iter().map(|destination| destination.id.clone()).collect()
        };
        let new_ids = ids(&new);
        self.since.retain(|id, _| new_ids.contains(id));
        self.full.retain(|id| new_ids.contains(id));
        if let (Some(old), Some(through)) = (&self.destinations, self.through) {
            // One that was not among them, or was paused, was not sent the events until now.
            let added = new_ids.difference(&ids(old)).map(|id| (id.clone(), through)).collect::<Vec<_>>();
            self.since.extend(added);
        }
        self.destinations = Some(new);
    }

    /// Returns what to send for a batch, with the destination of each push.
    pub fn pushes(&mut self, batch: &Batch) -> Result<Vec<(String, Push)>, SqlError> {
        if self.through != Some(batch.after) {
            // The relay is new, or it has not seen the events before these.
            self.start = batch.after;
            self.since.clear();
        }
        let mut for_programme: Vec<Option<Event>> = vec![None; batch.events.len()];
        let mut pushes = Vec::new();
        for destination in self.destinations.iter().flat_map(|known| &known.destinations) {
            let (filters, mut events) = (destination.filters(), Vec::new());
            let is_received = |event: &RelayedEvent| {
                filters.includes(event.seq, event.kind)
                    && (destination.partner_no.is_none() || event.partner_no == destination.partner_no)
            };
            for (event, cached) in batch.events.iter().zip(&mut for_programme) {
                if !is_received(event) {
                    continue;
                }
                events.push(match (destination.partner_no, &cached) {
                    (None, Some(shown)) => (*shown).clone(),
                    (None, None) => cached.insert(event.received(None, false)?).clone(),
                    (partner @ Some(_), _) => event.received(partner, batch.partners_see_customers)?,
                });
            }
            if events.is_empty() {
                continue;
            }
            let since = self.since.get(&destination.id).copied().unwrap_or(self.start);
            let events = (!self.full.contains(&destination.id)).then_some(events);
            pushes.push((destination.id.clone(), Push { since, through: batch.through, events }));
        }
        Ok(pushes)
    }

    /// Records what became of the pushes of a batch. A destination that was not reached has `None`.
    pub fn finish(&mut self, batch: &Batch, outcomes: &[(String, Option<Pushed>)]) {
        self.through = Some(batch.through);
        for (id, outcome) in outcomes {
            if *outcome == Some(Pushed::Full) {
                self.full.insert(id.clone());
            } else {
                self.full.remove(id);
            }
            if *outcome != Some(Pushed::Accepted) {
                self.since.insert(id.clone(), batch.through);
            }
        }
    }
}
