//! The delivery of events, without the network.

mod endpoints;
mod fan_out;
mod intake;
mod mail;
mod mail_providers;
mod mail_recipients;
mod queue;

use serde_json::value::RawValue;
use signpost::{
    delivery::queue::{AttemptResult, DeliveryQueue},
    domain::{
        delivery::endpoint::{ApiVersion, EndpointStatus, Receiver},
        event::EventType,
        values::{entropy::SeededEntropy, id::EventId, time::Timestamp},
    },
    store::{
        delivery::{
            config::{self, Config},
            queue::{Event, Queued},
        },
        native::NativeSql,
        schema::{DESTINATION, migrate},
    },
};

/// The time at which tests begin.
fn start() -> Timestamp {
    Timestamp::clamped(1_795_000_000_000)
}

/// A destination without a network: its rows, its queue, and the time.
struct Destination {
    sql: NativeSql,
    queue: DeliveryQueue,
    entropy: SeededEntropy,
    now: Timestamp,
}

fn config(status: EndpointStatus, start_seq: i64) -> Config {
    Config {
        receiver: Receiver::Https,
        url: "https://hooks.example.com/".to_owned(),
        status,
        api_version: ApiVersion::NEWEST,
        secrets: String::new(),
        start_seq,
    }
}

impl Destination {
    /// An active destination that receives the events after `start_seq`, and has read the log so far.
    fn new(start_seq: i64) -> Self {
        let sql = NativeSql::in_memory().unwrap();
        migrate(&sql, DESTINATION).unwrap();
        config::configure(&sql, &config(EndpointStatus::Active, start_seq)).unwrap();
        config::set_behind(&sql, false).unwrap();
        Self { sql, queue: DeliveryQueue::default(), entropy: SeededEntropy::new(1), now: start() }
    }

    /// What a restart leaves: the rows.
    fn restart(&mut self) {
        self.queue = DeliveryQueue::load(&self.sql).unwrap();
    }

    fn wait(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
    }

    fn append(&mut self, events: &[Event]) {
        self.queue.append(&self.sql, events, false, self.now, || Ok(())).unwrap();
    }

    fn take(&mut self) -> Option<Queued> {
        self.queue.take(&self.sql, self.now).unwrap()
    }

    /// Takes everything that is due, and returns the places in the log.
    fn take_all(&mut self) -> Vec<Queued> {
        std::iter::from_fn(|| self.take()).collect()
    }

    fn finish(&mut self, queued: &Queued, status: u16) -> Option<&'static str> {
        let result = answer(self.now, Some(status));
        self.finish_with(queued, &result)
    }

    fn finish_with(&mut self, queued: &Queued, result: &AttemptResult) -> Option<&'static str> {
        let disabled = self.queue.finish(&self.sql, queued, result, &mut self.entropy).unwrap();
        disabled.map(|reason| reason.as_str())
    }
}

fn answer(now: Timestamp, http_status: Option<u16>) -> AttemptResult {
    AttemptResult {
        is_delivered: http_status.is_some_and(|status| (200..300).contains(&status)),
        http_status,
        error: http_status.is_none().then(|| "The connection failed.".to_owned()),
        began_at: now,
        ended_at: now.plus_ms(40),
        response_excerpt: "answer".to_owned(),
        retry_after_ms: None,
    }
}

/// The id of the event at a place of the log.
fn event_id(seq: i64) -> EventId {
    EventId::generate(start(), &mut SeededEntropy::new(seq.unsigned_abs()))
}

/// The event at a place of the log, about a conversion.
fn event(seq: i64, key: &str) -> Event {
    Event {
        seq: Some(seq),
        id: event_id(seq),
        kind: EventType::ConversionCreated,
        at: start(),
        key: key.to_owned(),
        data: RawValue::from_string(format!("{{\"seq\":{seq}}}")).unwrap(),
    }
}

/// The places in the log of events that were taken.
fn seqs(queued: &[Queued]) -> Vec<i64> {
    let seq = |queued: &Queued| {
        let data: serde_json::Value = serde_json::from_str(&queued.data).unwrap();
        data["seq"].as_i64().unwrap()
    };
    queued.iter().map(seq).collect()
}
