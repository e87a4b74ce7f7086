//! Visits, and a stand-in for the Ledger and the storage to which a shard sends its work.

use super::*;

pub(crate) fn visit(id: &str, at: i64, link_no: u32, visitor: Option<u64>) -> Visit {
    Visit {
        id: id.to_owned(),
        at: Timestamp::from_ms(at).unwrap(),
        link_no,
        visitor: visitor.map(|hash| Visitor::parse(&format!("{hash:016x}")).unwrap()),
        country: Country::parse("DE"),
        device: Device::Mobile,
        bucket: Bucket::Human,
        trail: String::new(),
    }
}

/// Appends visits as records, as they arrive.
pub(crate) fn append(log: &ClickLog<'_>, visits: &[Visit]) -> Result<usize, AppendError> {
    let records: Vec<String> = visits.iter().map(Visit::to_json).collect();
    log.append(&format!("[{}]", records.join(",")))
}

/// Counts by link and bucket: clicks and unique clicks.
pub(crate) type Sums = BTreeMap<(i64, i64), (i64, i64)>;

/// A Ledger that applies each sequence number once, and a KV that requires the same value when a key is written again.
#[derive(Default, Debug, PartialEq, Clone)]
pub(crate) struct Far {
    pub applied: i64,
    pub sums: Sums,
    pub through_ms: i64,
    pub segments: BTreeMap<String, String>,
}

impl Far {
    pub(crate) fn apply(&mut self, body: &str) {
        let body: Json = serde_json::from_str(body).unwrap();
        let seq = body["seq"].as_i64().unwrap();
        if seq <= self.applied {
            return;
        }
        assert_eq!(seq, self.applied.saturating_add(1), "numbers have no gaps");
        self.applied = seq;
        self.through_ms = self.through_ms.max(body["through_ms"].as_i64().unwrap());
        for row in body["rows"].as_array().unwrap() {
            let int = |column: usize| row[column].as_i64().unwrap();
            let sum = self.sums.entry((int(0), int(4))).or_default();
            *sum = (sum.0.saturating_add(int(5)), sum.1.saturating_add(int(6)));
        }
    }

    pub(crate) fn put(&mut self, key: &str, value: &str) {
        if let Some(before) = self.segments.insert(key.to_owned(), value.to_owned()) {
            assert_eq!(before, value, "a segment's content never changes");
        }
    }

    pub(crate) fn take(&mut self, log: &ClickLog<'_>, work: &Work, acknowledge: bool) {
        if let Some(counts) = &work.counts {
            self.apply(&counts.body);
            acknowledge.then(|| log.counts_sent(counts.seq).unwrap());
        }
        if let Some(segment) = &work.segment {
            self.put(&segment.key, &segment.value);
            acknowledge.then(|| log.segment_written(segment.first).unwrap());
        }
    }

    /// Performs all work that is due at `now`.
    pub(crate) fn drain(&mut self, log: &ClickLog<'_>, now: i64) -> Option<i64> {
        // These are far more rounds than any test needs, so a shard that never finishes fails.
        for _ in 0..1000 {
            let work = log.due(Timestamp::from_ms(now).unwrap()).unwrap();
            if work.next_at_ms != Some(now) {
                assert!(work.counts.is_none() && work.segment.is_none());
                return work.next_at_ms;
            }
            self.take(log, &work, true);
        }
        panic!("the shard never comes to rest")
    }

    pub(crate) fn lines(&self) -> Vec<Json> {
        self.segments.values().flat_map(|text| text.lines()).map(unpacked).collect()
    }
}

/// A line of a shard's log, in full.
pub(crate) fn unpacked(line: &str) -> Json {
    serde_json::to_value(PackedClick::parse(line).unwrap().unpack(3)).unwrap()
}

pub(crate) fn buckets(log: &ClickLog<'_>) -> Vec<String> {
    let lines = log.tail(0, 10_000).unwrap();
    let text = |line: &str| -> String {
        let line = unpacked(line);
        format!("{}{}", line["bucket"].as_str().unwrap(), if line["unique"] == true { "*" } else { "" })
    };
    lines.lines().map(text).collect()
}
