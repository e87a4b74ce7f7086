//! Old events are deleted from the Ledger once the log in KV has them, and every reader of events finds them there.

mod readers;
mod steps;

use crate::support::Ledger;
use serde_json::{Value as Json, json};
use signpost::{
    ledger::needs::{Fetched, Need},
    store::{
        log::{
            archive::{EventLog, LogError},
            outbox,
            pruning::{Step, next, prune, pruned_through, written},
        },
        meta::{self, name::EVENTS_PRUNE_AT},
        transaction,
    },
};

const DAY_MS: i64 = 86_400_000;
/// The time after which KV is expected to return what was written.
const SETTLED_MS: i64 = 300_000;

/// A Ledger with partners, each with a key of its own.
struct World {
    ledger: Ledger,
    keys: Vec<String>,
    partners: Vec<String>,
    links: Vec<u32>,
    sales: u32,
}

impl World {
    fn new() -> Self {
        let mut ledger = Ledger::new();
        // No commission becomes payable while the tests wait.
        assert_eq!(ledger.put("/v1/program", &json!({"hold_days": 3_650})).status, 200);
        let listing = ledger.listing("https://shop.example/buy");
        let mut world = Self { ledger, keys: Vec::new(), partners: Vec::new(), links: Vec::new(), sales: 0 };
        for name in ["Ada", "Ben"] {
            let partner = world.ledger.partner(name, Some(1_000));
            world.links.push(world.ledger.link(&partner, &listing).1);
            world.keys.push(world.ledger.key(&["read", "webhooks:write"], Some(&partner)));
            world.partners.push(partner);
        }
        world
    }

    /// Records a sale of a partner, or one that nobody earns. An attributed sale has two events, another one has one.
    fn sell(&mut self, partner: Option<usize>) {
        self.ledger.wait(1_000);
        self.sales += 1;
        let click = partner.map(|partner| self.ledger.click(self.links[partner]));
        let sale = json!({"type": "sale", "external_id": format!("o-{}", self.sales), "click_id": click,
            "customer_id": format!("c-{}", self.sales), "amount": 9_900, "currency": "EUR"});
        assert_eq!(self.ledger.post("/v1/conversions", &sale).status, 201);
    }

    /// Sells until the log has `events` events.
    fn sell_until(&mut self, events: i64, partner: Option<usize>) {
        while self.last() < events {
            self.sell(partner);
        }
    }

    /// The number of events that were ever written.
    fn last(&self) -> i64 {
        signpost::store::log::events::last_seq(&self.ledger.sql).unwrap()
    }

    /// The number of events that were deleted.
    fn pruned(&self) -> i64 {
        let pruned = pruned_through(&self.ledger.sql).unwrap();
        assert_eq!(self.kept(), self.last() - pruned);
        pruned
    }

    /// The number of events in the table.
    fn kept(&self) -> i64 {
        self.ledger.rows("events")
    }

    /// Writes to KV what is due.
    fn write_to_kv(&mut self) {
        loop {
            let sql = &self.ledger.sql;
            let work = transaction(sql, || outbox::due(sql, self.ledger.now)).unwrap();
            for put in &work.puts {
                self.ledger.kv.insert(put.key.clone(), put.value.clone());
            }
            transaction(sql, || outbox::done(sql, &work.ack)).unwrap();
            if work.puts.is_empty() {
                return;
            }
        }
    }

    /// Does the next step of pruning, as the alarm does. Returns whether something was due.
    fn step(&mut self) -> bool {
        let Ledger { sql, kv, now, .. } = &mut self.ledger;
        match transaction(sql, || next(sql, *now)).unwrap() {
            Step::Nothing => return false,
            Step::Write(put) => {
                kv.insert(put.key.clone(), put.value.clone());
                written(sql, &put, *now).unwrap();
            }
            Step::Prune { key, last } => {
                let text = kv.get(&key).map(String::as_str);
                transaction(sql, || prune(sql, last, text)).unwrap();
            }
        }
        true
    }

    /// Runs the alarm for an hour.
    fn prune(&mut self) {
        let end = self.ledger.now.plus_ms(3_600_000);
        loop {
            self.write_to_kv();
            if !self.step() {
                match self.prune_at() {
                    Some(at) if at < end.ms() && at > self.ledger.now.ms() => {
                        self.ledger.wait(at - self.ledger.now.ms());
                    }
                    _ => return,
                }
            }
        }
    }

    fn prune_at(&self) -> Option<i64> {
        meta::get_int(&self.ledger.sql, EVENTS_PRUNE_AT).unwrap()
    }

    /// Reads the log, with the segments that the reader needs.
    fn read<T>(&self, reader: impl Fn(&EventLog<'_>) -> Result<T, LogError>) -> T {
        let mut fetched = Fetched::nothing();
        loop {
            let log = EventLog::open(&self.ledger.sql, &fetched.segments).unwrap();
            let first = match reader(&log) {
                Ok(read) => return read,
                Err(LogError::SegmentNeeded(first)) => first,
                Err(error) => panic!("{error}"),
            };
            self.ledger.fetch(Need::Segment(first), &mut fetched);
        }
    }

    /// All events of `GET /v1/events` under a filter, in pages.
    fn pages(&mut self, key: &str, filter: &str, limit: usize) -> Vec<Json> {
        let (mut events, mut cursor) = (Vec::new(), String::new());
        loop {
            let page =
                self.ledger.call(key, "GET", &format!("/v1/events?limit={limit}{filter}{cursor}"), "", None);
            assert_eq!(page.status, 200, "{}", page.raw.body);
            let data = page.json["data"].as_array().unwrap();
            assert!(data.len() <= limit);
            events.extend(data.iter().cloned());
            match page.json["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return events,
            }
        }
    }
}
