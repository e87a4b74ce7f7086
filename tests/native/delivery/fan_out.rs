//! Which events each destination is sent, whatever is lost between the Ledger, the relay and the destinations.

use super::{Destination, config, start};
use crate::support::Ledger;
use serde_json::json;
use signpost::{
    delivery::{
        fan_out::{Batch, Destination as Known, Destinations, FanOut, received},
        intake::{self, LogPart, Pushed, Reading},
    },
    domain::{
        delivery::endpoint::EndpointStatus,
        values::{
            entropy::{Entropy, SeededEntropy},
            id::WebhookId,
        },
    },
    store::{
        delivery::{command::Command, config as stored},
        log::{
            archive::{EventLog, FetchedSegment},
            events, relay,
        },
        native::NativeSql,
        schema::{DESTINATION, migrate},
        webhooks::{self, Webhook},
    },
};
use std::collections::BTreeMap;

/// Nothing was deleted from the table.
const NO_SEGMENTS: &Vec<FetchedSegment> = &Vec::new();

/// A Ledger with endpoints, their objects, and the relay between them. Every step may get lost.
struct Network {
    ledger: Ledger,
    relay: FanOut,
    objects: BTreeMap<String, Destination>,
    unreached: Vec<String>,
    dice: SeededEntropy,
    sales: u32,
    /// The filters of each endpoint, each with the last event before it.
    filters: BTreeMap<String, Vec<(i64, Vec<String>)>>,
}

impl Network {
    fn new(seed: u64) -> Self {
        Self {
            ledger: Ledger::new(),
            relay: FanOut::default(),
            objects: BTreeMap::new(),
            unreached: Vec::new(),
            dice: SeededEntropy::new(seed),
            sales: 0,
            filters: BTreeMap::new(),
        }
    }

    /// Whether something with a chance of one in `n` happens.
    fn one_in(&mut self, n: u8) -> bool {
        let mut byte = [0];
        self.dice.fill(&mut byte);
        byte[0] % n == 0
    }

    fn hook(&mut self, body: &serde_json::Value) -> String {
        let last = events::last_seq(&self.ledger.sql).unwrap();
        let id = self.ledger.post("/v1/webhooks", body).text("/id");
        let sql = NativeSql::in_memory().unwrap();
        migrate(&sql, DESTINATION).unwrap();
        let object = Destination { sql, ..Destination::new(0) };
        self.objects.insert(id.clone(), object);
        self.filters.insert(id.clone(), vec![(last, words(body))]);
        id
    }

    fn change_filter(&mut self, id: &str, words_now: &serde_json::Value) {
        let last = events::last_seq(&self.ledger.sql).unwrap();
        let body = json!({"events": words_now});
        assert_eq!(self.ledger.patch(&format!("/v1/webhooks/{id}"), &body).status, 200);
        self.filters.get_mut(id).unwrap().push((last, words(&body)));
    }

    fn sell(&mut self) {
        self.sales += 1;
        let sale = json!({"type": "sale", "external_id": format!("o-{}", self.sales), "amount": 100, "currency": "EUR"});
        assert_eq!(self.ledger.post("/v1/conversions", &sale).status, 201);
    }

    fn endpoint(&self, id: &str) -> Option<Webhook> {
        webhooks::by_id(&self.ledger.sql, &WebhookId::parse(id).unwrap()).unwrap()
    }

    /// The alarm of the Ledger: commands, then events.
    fn ledger_alarm(&mut self) {
        for queued in webhooks::queued_commands(&self.ledger.sql, 100).unwrap() {
            if self.one_in(4) {
                continue;
            }
            // The command of a destination waits for those before it.
            let first = webhooks::queued_commands(&self.ledger.sql, 100).unwrap();
            if first.iter().find(|other| other.destination == queued.destination).map(|other| other.no)
                != Some(queued.no)
            {
                continue;
            }
            let command: Command = strict_json::from_str(&queued.command).unwrap();
            let it = self.objects.get_mut(&queued.destination).unwrap();
            intake::execute(&mut it.queue, &it.sql, &command, start()).unwrap();
            if !self.one_in(4) {
                webhooks::command_done(&self.ledger.sql, queued.no).unwrap();
            }
        }
        let Some(due) = relay::due(&self.ledger.sql).unwrap() else { return };
        let batch = Batch::new(due, webhooks::version(&self.ledger.sql).unwrap(), false).unwrap();
        if self.one_in(5) {
            return;
        }
        self.relay_takes(&batch);
        if !self.one_in(5) {
            relay::done(&self.ledger.sql, batch.through).unwrap();
        }
    }

    fn relay_takes(&mut self, batch: &Batch) {
        if self.relay.lacks(batch.version) {
            let destinations = webhooks::active(&self.ledger.sql).unwrap().iter().map(Known::of).collect();
            let version = webhooks::version(&self.ledger.sql).unwrap();
            self.relay.set(Destinations { version, destinations });
        }
        let mut outcomes = Vec::new();
        for (id, push) in self.relay.pushes(batch).unwrap() {
            let lost = self.one_in(6);
            let outcome = (!lost).then(|| {
                let it = self.objects.get_mut(&id).unwrap();
                intake::push(&mut it.queue, &it.sql, &push, start()).unwrap()
            });
            let outcome = outcome.filter(|_| !self.one_in(6));
            if outcome.is_none() {
                self.unreached.push(id.clone());
            }
            outcomes.push((id, outcome));
        }
        self.relay.finish(batch, &outcomes);
        if self.one_in(8) {
            self.relay = FanOut::default();
        }
    }

    /// The alarms of the relay and of the destinations.
    fn other_alarms(&mut self) {
        for id in std::mem::take(&mut self.unreached) {
            let it = self.objects.get_mut(&id).unwrap();
            let pushed = intake::push(&mut it.queue, &it.sql, &intake::Push::READ_THE_LOG, start()).unwrap();
            assert_ne!(pushed, Pushed::Accepted);
        }
        for id in self.objects.keys().cloned().collect::<Vec<_>>() {
            if !self.one_in(3) {
                self.read(&id);
            }
            if self.one_in(10) {
                self.objects.get_mut(&id).unwrap().restart();
            }
        }
    }

    fn read(&mut self, id: &str) {
        let Some(webhook) = self.endpoint(id) else { return };
        let it = self.objects.get_mut(id).unwrap();
        let Some(reading) = intake::next_reading(&it.queue, &it.sql).unwrap() else { return };
        let (after, through) = match reading {
            Reading::Log { after, .. } => (after, None),
            Reading::Replay(part) => (part.after, Some(part.through)),
        };
        let log = EventLog::open(&self.ledger.sql, NO_SEGMENTS).unwrap();
        let part = relay::part(&log, after, through, webhook.partner_no, &webhook.events).unwrap();
        let shown = part.events.into_iter().map(|event| received(event, webhook.partner_no, false).unwrap());
        let part = LogPart { events: shown.collect(), through: part.through, is_last: part.is_last };
        intake::append_read(&mut it.queue, &it.sql, reading, &part, start()).unwrap();
    }

    /// Runs without losses until nothing is left to do.
    fn settle(&mut self) {
        for _ in 0..200 {
            self.ledger_alarm();
            self.other_alarms();
        }
        assert!(webhooks::queued_commands(&self.ledger.sql, 1).unwrap().is_empty());
        assert!(relay::due(&self.ledger.sql).unwrap().is_none());
    }

    /// The ids in the queue of an endpoint, in their order.
    fn queued(&self, id: &str) -> Vec<String> {
        use signpost::store::Sql;
        let rows = self.objects[id].sql.exec("SELECT event_id FROM queue ORDER BY no", &[]).unwrap();
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    }

    /// The ids of the events that an endpoint must have: those that its filter of their time names.
    fn expected(&self, id: &str) -> Vec<String> {
        let filters = &self.filters[id];
        let all = events::after(&self.ledger.sql, filters[0].0, None, 10_000).unwrap();
        let is_received = |event: &events::Event| {
            let (_, words) = filters.iter().rev().find(|(last, _)| *last < event.seq).unwrap();
            words.iter().any(|word| word == "*" || word == event.kind.as_str())
        };
        all.into_iter().filter(is_received).map(|event| event.id.to_string()).collect()
    }
}

/// The types in a body.
fn words(body: &serde_json::Value) -> Vec<String> {
    body["events"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn whatever_gets_lost_each_endpoint_has_each_of_its_events_once_and_in_order() {
    for seed in crate::support::random::seeds(1, 40) {
        let mut network = Network::new(seed);
        let all = network.hook(&json!({"url": "https://a.example.com/", "events": ["*"]}));
        let mut ids = vec![all.clone()];
        for step in 0..60 {
            network.sell();
            if network.one_in(2) {
                network.ledger_alarm();
            }
            if network.one_in(2) {
                network.other_alarms();
            }
            if network.one_in(12) {
                let events = if network.one_in(2) {
                    json!(["conversion.created"])
                } else {
                    json!(["webhook.updated", "partner.created"])
                };
                ids.push(network.hook(&json!({"url": "https://b.example.com/", "events": events})));
            }
            if network.one_in(8) {
                let status = if network.one_in(2) { "paused" } else { "active" };
                let id = ids[step % ids.len()].clone();
                let answer = network.ledger.patch(&format!("/v1/webhooks/{id}"), &json!({"status": status}));
                assert_eq!(answer.status, 200);
            }
            if network.one_in(10) {
                let id = ids[step % ids.len()].clone();
                let words = if network.one_in(2) {
                    json!(["*"])
                } else {
                    json!(["conversion.created", "partner.created"])
                };
                network.change_filter(&id, &words);
            }
            if network.one_in(30) {
                network.ledger.partner("Ada", None);
            }
        }
        for id in &ids {
            network.ledger.patch(&format!("/v1/webhooks/{id}"), &json!({"status": "active"}));
        }
        network.settle();
        for id in &ids {
            assert_eq!(network.queued(id), network.expected(id), "seed {seed}, {id}");
        }
        assert!(!network.expected(&all).is_empty());
    }
}

#[test]
fn partners_receive_their_own_events_as_they_see_them() {
    let mut network = Network::new(1);
    let ada = network.ledger.scenario(1_500);
    let eve = network.ledger.partner("Eve", None);
    let own =
        network.hook(&json!({"url": "https://a.example.com/", "events": ["*"], "partner_id": ada.partner}));
    let others = network.hook(&json!({"url": "https://e.example.com/", "events": ["*"], "partner_id": eve}));
    let click = network.ledger.click(ada.link_no);
    let sale = json!({"type": "sale", "external_id": "o-1", "click_id": click, "customer_id": "secret-customer", "amount": 100,
        "currency": "EUR"});
    assert_eq!(network.ledger.post("/v1/conversions", &sale).status, 201);
    network.settle();
    let kinds = |network: &Network, id: &str| -> Vec<String> {
        use signpost::store::Sql;
        let rows = network.objects[id].sql.exec("SELECT type, data FROM queue ORDER BY no", &[]).unwrap();
        assert!(rows.iter().all(|row| !row.text(1).unwrap().contains("secret-customer")));
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&network, &own), ["webhook.created", "conversion.created", "commission.created"]);
    assert_eq!(kinds(&network, &others), ["webhook.created"]);
}

#[test]
fn a_destination_that_is_full_gets_no_events_until_it_has_room() {
    let mut relay = FanOut::default();
    let mut ledger = Ledger::new();
    let id =
        ledger.post("/v1/webhooks", &json!({"url": "https://a.example.com/", "events": ["*"]})).text("/id");
    let destinations = || webhooks::active(&ledger.sql).unwrap().iter().map(Known::of).collect();
    relay.set(Destinations { version: 1, destinations: destinations() });
    let due = relay::due(&ledger.sql).unwrap();
    let batch = Batch::new(due.unwrap(), 1, false).unwrap();
    let first = relay.pushes(&batch).unwrap();
    assert_eq!(
        (first.len(), first[0].1.since, first[0].1.events.as_ref().map(Vec::len)),
        (1, batch.after, Some(1))
    );
    relay.finish(&batch, &[(id.clone(), Some(Pushed::Full))]);
    let probe = relay.pushes(&batch).unwrap();
    assert!(probe[0].1.events.is_none());
    relay.finish(&batch, &[(id, Some(Pushed::Reading))]);
    assert!(relay.pushes(&batch).unwrap()[0].1.events.is_some());
    let paused = config(EndpointStatus::Paused, 0);
    let it = Destination::new(0);
    stored::configure(&it.sql, &paused).unwrap();
    assert_eq!(stored::config(&it.sql).unwrap(), Some(paused));
}
