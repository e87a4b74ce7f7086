//! The cost of a click in its shard: storing it in batches of several sizes, and forwarding it.

use crate::{figure, timed};
use signpost::{
    domain::{
        clicks::{
            bucket::Bucket,
            click::{Class, ClickId, Country, Device},
            visit::Visit,
            visitor::Visitor,
        },
        links::keyring::{KeyRing, with_new_key},
        values::{entropy::SeededEntropy, time::Timestamp},
    },
    store::{clicks::ClickLog, native::NativeSql},
};
use std::time::Duration;

/// 2026-11-22T10:00:00.000Z.
const START: i64 = 1_795_341_600_000;
const CLICKS: u32 = 20_000;
/// The number of returning visitors, with four earlier clicks each. They make every second click; the other clicks are
/// by new visitors.
const KNOWN: u32 = 1_000;

struct Visitors {
    ring: KeyRing,
    trail: String,
    number: u32,
}

impl Visitors {
    fn new() -> Self {
        let ring = KeyRing::parse(&with_new_key(None, &mut SeededEntropy::new(1)).unwrap()).unwrap();
        let mut visitors = Self { ring, trail: String::new(), number: 0 };
        visitors.trail = (0..4).map(|_| visitors.click_id()).collect::<Vec<_>>().join(".");
        visitors
    }

    fn click_id(&self) -> String {
        let click = ClickId {
            at: Timestamp::clamped(START + i64::from(self.number)),
            link_no: 1 + self.number % 3,
            shard: 3,
            country: Country::parse("DE"),
            device: Device::Mobile,
            class: Class::Human,
            gpc: false,
            random: self.number.to_be_bytes(),
        };
        click.mint(&self.ring).unwrap()
    }

    /// Returns records as they arrive: a JSON array.
    fn batch(&mut self, size: u32) -> String {
        let records: Vec<String> = (0..size).map(|_| self.record()).collect();
        format!("[{}]", records.join(","))
    }

    fn record(&mut self) -> String {
        self.number += 1;
        let known = self.number.is_multiple_of(2);
        let visitor = if known { self.number / 2 % KNOWN } else { KNOWN + self.number };
        let visit = Visit {
            id: self.click_id(),
            at: Timestamp::clamped(START + i64::from(self.number)),
            link_no: Some(1 + self.number % 3),
            visitor: Visitor::parse(&format!("{visitor:016x}")),
            country: Country::parse("DE"),
            device: Device::Mobile,
            bucket: Bucket::Human,
            trail: if known { self.trail.clone() } else { String::new() },
        };
        visit.to_json()
    }
}

pub fn run() {
    for size in [1, 10, 100, 1_000] {
        let sql = NativeSql::in_memory().unwrap();
        let log = ClickLog::open(&sql, 3).unwrap();
        let mut visitors = Visitors::new();
        let (mut appending, mut forwarding) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..CLICKS / size {
            let records = visitors.batch(size);
            appending += timed(|| log.append(&records).unwrap()).0;
        }
        let now = Timestamp::clamped(START + i64::from(CLICKS));
        loop {
            let (took, work) = timed(|| log.due(now).unwrap());
            forwarding += took;
            if work.counts.is_none() && work.segment.is_none() {
                break;
            }
            forwarding += timed(|| {
                work.counts.iter().for_each(|counts| log.counts_sent(counts.seq).unwrap());
                work.segment.iter().for_each(|segment| log.segment_written(segment.first).unwrap());
            })
            .0;
        }
        let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(CLICKS);
        let compares = format!("{CLICKS} clicks in memory, processor time");
        figure(&format!("click stored, batches of {size}"), each(appending), "µs", None, &compares);
        figure(&format!("click forwarded, after batches of {size}"), each(forwarding), "µs", None, &compares);
    }
}
