//! Segments of the log of events: they are closed by number, by length and by age, and a second attempt writes the same.

use crate::support::{Ledger, OPERATOR};
use serde_json::json;
use signpost::store::{
    log::outbox::{self, SEGMENT_BYTES},
    transaction,
};

/// Imports a call of clicks, whose one event names each of them.
fn import_clicks(ledger: &mut Ledger, link: &str, call: usize) {
    let line = |n: usize| {
        json!({"object": "click", "external_id": format!("{call}-{n}-{}", "x".repeat(200)), "link_id": link})
            .to_string()
    };
    let lines: Vec<String> = (0..1_000).map(line).collect();
    let answer = ledger.call(OPERATOR, "POST", "/v1/import", &lines.join("\n"), None);
    assert_eq!(answer.status, 201, "{}", answer.raw.body);
}

#[test]
fn long_events_close_a_segment_before_it_is_too_long_for_kv() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    for call in 0..6 {
        import_clicks(&mut ledger, &scenario.link, call);
    }
    let (mut segments, mut seen) = (Vec::new(), 0);
    loop {
        let due = || transaction(&ledger.sql, || outbox::due(&ledger.sql, ledger.now)).unwrap();
        let is_log = |put: &&outbox::Put| put.key.starts_with("log/events/");
        let work = due();
        let Some(put) = work.puts.iter().find(is_log) else { break };
        assert_eq!(due().puts.iter().find(is_log), Some(put), "a second attempt writes the same");
        let range = put.metadata.clone().unwrap();
        assert_eq!(range.first, seen + 1);
        seen = range.last;
        segments.push(put.value.len());
        transaction(&ledger.sql, || outbox::done(&ledger.sql, &work.ack)).unwrap();
    }
    let longest = usize::try_from(SEGMENT_BYTES).unwrap() * 2;
    assert!(segments.len() > 1 && segments.iter().all(|length| *length < longest), "{segments:?}");
}
