//! Endpoints that receive events: which events, in which version, and whether they are active.

use crate::{event::EventType, values::string_enum::string_enum};

/// The maximum number of endpoints of a programme.
pub const MAX_ENDPOINTS: i64 = 1_000;
/// The maximum number of endpoints of a partner.
pub const MAX_ENDPOINTS_OF_PARTNER: i64 = 20;
/// How long a secret still signs after it was replaced, in milliseconds.
pub const OLD_SECRET_MS: i64 = 86_400_000;
/// The maximum number of secrets that sign at the same time.
pub const MAX_SECRETS: usize = 5;
/// What stands for every type of event.
pub const EVERY_EVENT: &str = "*";

string_enum! {
    /// Whether an endpoint receives events.
    EndpointStatus {
        /// It receives events.
        Active = "active";
        /// It receives nothing; its events wait.
        Paused = "paused";
    }
}

string_enum! {
    /// Who receives the events of a destination.
    Receiver {
        /// An HTTPS endpoint.
        Https = "https";
        /// People, by mail.
        Mail = "mail";
    }
}

string_enum! {
    /// Why an endpoint was paused.
    PauseReason {
        /// Somebody paused it.
        Requested = "requested";
        /// It answered 410 Gone.
        Gone = "gone";
        /// Every attempt failed for five days.
        Failing = "failing";
    }
}

string_enum! {
    /// A version of the payloads. An endpoint keeps the version that it was made with until it is changed.
    ApiVersion {
        /// The first version.
        V20261130 = "2026-11-30";
    }
}

impl ApiVersion {
    /// The version of new endpoints.
    pub const NEWEST: Self = Self::V20261130;
}

/// The events that an endpoint receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventFilter {
    /// All, also those of types that are added later.
    Every,
    /// Those of these types.
    Types(Vec<EventType>),
}

impl EventFilter {
    /// Parses the words of a filter. Returns the first word that is no type of event.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let (mut types, mut is_every) = (Vec::new(), false);
        for word in words {
            if word == EVERY_EVENT {
                is_every = true;
                continue;
            }
            let kind = EventType::parse(word).ok_or(word)?;
            if !types.contains(&kind) {
                types.push(kind);
            }
        }
        Ok(if is_every { Self::Every } else { Self::Types(types) })
    }

    /// Returns the words of the filter.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        match self {
            Self::Every => vec![EVERY_EVENT],
            Self::Types(types) => types.iter().map(|kind| kind.as_str()).collect(),
        }
    }

    /// Returns whether events of this type are received.
    #[must_use]
    pub fn includes(&self, kind: EventType) -> bool {
        match self {
            Self::Every => true,
            Self::Types(types) => types.contains(&kind),
        }
    }
}

/// The maximum number of earlier filters that are known. An event before the oldest is judged by the oldest.
const MAX_EARLIER: usize = 50;

/// The filter of an endpoint over time. A change is for later events only, also where earlier ones are still waiting in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filters {
    /// The filter now.
    pub current: EventFilter,
    /// Earlier filters with the last event that each was for, the oldest first.
    pub earlier: Vec<(i64, EventFilter)>,
}

impl Filters {
    /// A filter that was never changed.
    #[must_use]
    pub fn new(current: EventFilter) -> Self {
        Self { current, earlier: Vec::new() }
    }

    /// Changes the filter for the events after `last`.
    pub fn change(&mut self, filter: EventFilter, last: i64) {
        let before = std::mem::replace(&mut self.current, filter);
        self.earlier.push((last, before));
        let excess = self.earlier.len().saturating_sub(MAX_EARLIER);
        self.earlier.drain(..excess);
    }

    /// Returns whether the event at a place of the log is received.
    #[must_use]
    pub fn includes(&self, seq: i64, kind: EventType) -> bool {
        let earlier = self.earlier.iter().find(|(last, _)| seq <= *last);
        earlier.map_or(&self.current, |(_, filter)| filter).includes(kind)
    }

    /// Returns every type that an event may have which is received; `None` means all.
    #[must_use]
    pub fn types(&self) -> Option<Vec<EventType>> {
        let mut types = Vec::new();
        for filter in self.earlier.iter().map(|(_, filter)| filter).chain([&self.current]) {
            match filter {
                EventFilter::Every => return None,
                EventFilter::Types(some) => types.extend(some),
            }
        }
        Some(types)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_filter_is_for_later_events() {
        let filter = |word| EventFilter::parse([word]).unwrap();
        let mut filters = Filters::new(filter("payout.paid"));
        filters.change(filter("link.created"), 10);
        filters.change(filter("*"), 20);
        let includes = |seq, kind| filters.includes(seq, kind);
        assert!(includes(10, EventType::PayoutPaid) && !includes(10, EventType::LinkCreated));
        assert!(!includes(11, EventType::PayoutPaid) && includes(20, EventType::LinkCreated));
        assert!(includes(21, EventType::PayoutPaid) && includes(21, EventType::KeyCreated));
        assert_eq!(filters.types(), None);
    }

    #[test]
    fn a_filter_names_types_or_all() {
        let paid = EventFilter::parse(["payout.paid", "payout.failed", "payout.paid"]).unwrap();
        assert_eq!(paid.words(), ["payout.paid", "payout.failed"]);
        assert!(paid.includes(EventType::PayoutPaid) && !paid.includes(EventType::LinkCreated));
        let every = EventFilter::parse(["payout.paid", "*"]).unwrap();
        assert_eq!(every, EventFilter::Every);
        assert!(every.includes(EventType::LinkCreated));
        assert_eq!(EventFilter::parse(["payout.paid", "payout.*"]), Err("payout.*"));
    }
}
