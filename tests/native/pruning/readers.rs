//! What readers of events find is the same before and after old events are deleted.

use super::World;
use crate::support::OPERATOR;
use serde_json::{Value as Json, json};
use signpost::{
    api::reports::export::{MORE_HEADER, Position, cut},
    domain::{
        delivery::endpoint::{EventFilter, Filters},
        event::EventType,
        values::{id::EventId, time::Timestamp},
    },
    replay::{replay, totals},
    store::{
        Sql,
        log::{events::Event, outbox::segment_key, relay},
        native::NativeSql,
        schema::{LEDGER, migrate},
    },
};
use std::collections::BTreeSet;

/// Types of the history: of both partners, of one, of the programme, of nobody.
const TYPES: [&str; 6] = [
    "conversion.created",
    "commission.created",
    "webhook.created",
    "key.created",
    "refund.created",
    "partner.updated",
];

/// A history of 1,200 events that are more than 30 days old, and later ones. Ben has few events, in the first 500 only.
fn history() -> World {
    let mut world = World::new();
    let hook =
        |n: usize| json!({"url": format!("https://hooks{n}.example.com/"), "events": ["*"]}).to_string();
    for n in 0..2 {
        let key = world.keys[n].clone();
        assert_eq!(world.ledger.call(&key, "POST", "/v1/webhooks", &hook(n), None).status, 201);
        let webhook = world.ledger.get("/v1/webhooks").text("/data/0/id");
        let paused = json!({"status": "paused"});
        assert_eq!(world.ledger.patch(&format!("/v1/webhooks/{webhook}"), &paused).status, 200);
    }
    world.sell_until(200, Some(1));
    let conversion = world.ledger.get("/v1/conversions").text("/data/0/id");
    world.sell_until(500, None);
    world.sell_until(800, Some(0));
    let refund = json!({"external_id": "r-1", "amount": 900});
    assert_eq!(world.ledger.post(&format!("/v1/conversions/{conversion}/refunds"), &refund).status, 201);
    world.sell_until(1_200, Some(0));
    world.write_to_kv();
    world.ledger.wait(31 * super::DAY_MS);
    world.sell_until(1_500, Some(0));
    world.ledger.wait(60_000);
    world.write_to_kv();
    world
}

/// Deletes all full segments of old events. A segment has up to 500 events, and fewer if they are long.
fn prune(world: &mut World) {
    assert_eq!(world.pruned(), 0);
    world.prune();
    let segments = world.ledger.rows("event_segments");
    assert!(
        segments >= 2 && world.pruned() > 700 && world.pruned() < 1_200,
        "{segments}, {}",
        world.pruned()
    );
}

/// Reads with every key, filter and page size. The operator reads pages of more sizes than the others.
fn read_all(world: &mut World) -> Vec<(String, Vec<Json>)> {
    let mut all = Vec::new();
    let keys = [OPERATOR.to_owned(), world.keys[0].clone(), world.keys[1].clone()];
    let filters = TYPES.map(|kind| format!("&type={kind}"));
    for (who, key) in keys.iter().enumerate() {
        let sizes: Vec<usize> = if who == 0 {
            (1..=30).chain([50, 99, 100, 101, 199, 200]).collect()
        } else {
            vec![1, 7, 50, 199, 200]
        };
        for limit in sizes {
            all.push((format!("{who}, {limit}"), world.pages(key, "", limit)));
        }
        for filter in &filters {
            for limit in [1, 3, 200] {
                all.push((format!("{who}, {limit}{filter}"), world.pages(key, filter, limit)));
            }
            let count = world.ledger.call(key, "GET", &format!("/v1/events?count=true{filter}"), "", None);
            all.push((format!("{who}, count{filter}"), vec![count.json["total"].clone()]));
        }
    }
    all
}

#[test]
fn pages_are_the_same_for_every_key_filter_and_size() {
    let mut world = history();
    let before = read_all(&mut world);
    let of_operator = before[0].1.len();
    assert_eq!(i64::try_from(of_operator).unwrap(), world.last());
    prune(&mut world);
    for ((name, expected), (_, found)) in before.iter().zip(&read_all(&mut world)) {
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_page_is_the_same_from_every_event_on() {
    let mut world = history();
    let read = |world: &mut World| {
        let cursors = world.pages(OPERATOR, "", 200);
        let mut pages = Vec::new();
        for event in cursors.iter().step_by(7) {
            let after = event["cursor"].as_str().unwrap();
            pages.push(world.ledger.get(&format!("/v1/events?limit=3&after={after}")).json);
        }
        pages
    };
    let before = read(&mut world);
    prune(&mut world);
    assert_eq!(read(&mut world), before);
}

/// All that a destination reads of the log from `after` on.
fn parts(
    world: &World,
    after: i64,
    through: Option<i64>,
    partner: Option<u32>,
    filters: &Filters,
) -> Vec<Event> {
    let (mut after, mut events) = (after, Vec::new());
    loop {
        let part = world.read(|log| relay::part(log, after, through, partner, filters));
        assert!(part.is_last || part.through > after, "a part makes progress");
        after = part.through;
        events.extend(part.events);
        if part.is_last {
            return events;
        }
    }
}

fn filters() -> [Filters; 4] {
    let filter = |words: &[&str]| EventFilter::parse(words.iter().copied()).unwrap();
    let mut changed = Filters::new(filter(&["conversion.created"]));
    changed.change(filter(&["commission.created", "refund.created"]), 600);
    [
        Filters::new(EventFilter::Every),
        Filters::new(filter(&["webhook.created"])),
        changed,
        Filters::new(filter(&TYPES)),
    ]
}

#[test]
fn destinations_that_are_behind_read_the_same() {
    let mut world = history();
    let read = |world: &World| {
        let mut all = Vec::new();
        for filters in filters() {
            for partner in [None, Some(1), Some(2)] {
                for after in [0, 1, 498, 499, 500, 501, 750, 999, 1_000, 1_001, 1_400, world.last()] {
                    all.push(parts(world, after, None, partner, &filters));
                    all.push(parts(world, after, Some(990), partner, &filters));
                }
            }
        }
        all
    };
    let before = read(&world);
    assert_eq!(i64::try_from(before[0].len()).unwrap(), world.last());
    assert!(before.iter().any(|events| events.len() == 1));
    prune(&mut world);
    assert_eq!(read(&world), before);
}

#[test]
fn replays_count_and_find_the_same() {
    let mut world = history();
    let ids: Vec<EventId> = world
        .pages(OPERATOR, "", 200)
        .iter()
        .map(|event| EventId::parse(event["id"].as_str().unwrap()).unwrap())
        .collect();
    let read = |world: &World| {
        let mut counts = Vec::new();
        let ends = [0, 1, 250, 499, 500, 501, 999, 1_000, 1_001, 1_300, world.last()];
        for (filters, partner) in filters().iter().zip([None, Some(1), Some(2), None]) {
            for after in ends {
                for through in ends {
                    counts
                        .push(world.read(|log| relay::count(log, after, through, partner, &filters.current)));
                }
            }
        }
        let found: Vec<Event> =
            ids.iter().step_by(13).map(|id| world.read(|log| log.by_id(id)).unwrap()).collect();
        let times: BTreeSet<i64> =
            found.iter().flat_map(|event| [event.at.ms(), event.at.ms() + 1]).collect();
        let places: Vec<i64> =
            times.iter().map(|ms| world.read(|log| log.last_before(Timestamp::clamped(*ms)))).collect();
        (counts, found, places)
    };
    let before = read(&world);
    prune(&mut world);
    assert_eq!(read(&world), before);
    let unknown = EventId::parse(&ids[0].as_str().replace(&ids[0].as_str()[20..], "0000000000")).unwrap();
    assert_eq!(world.read(|log| log.by_id(&unknown)), None);
}

#[test]
fn a_replay_by_ids_sends_pruned_events_and_refuses_those_of_others() {
    let mut world = history();
    let body = json!({"url": "https://hooks.example.com/", "events": ["*"]}).to_string();
    let key = world.keys[1].clone();
    let hook = world.ledger.call(&key, "POST", "/v1/webhooks", &body, None).text("/id");
    let of_ben = world.pages(&key, "", 200)[3]["id"].clone();
    let of_ada = world.pages(&world.keys[0].clone(), "", 200)[3]["id"].clone();
    prune(&mut world);
    let target = format!("/v1/webhooks/{hook}/replay");
    let ids = |ids: &[&Json]| json!({"event_ids": ids}).to_string();
    let sent = world.ledger.call(&key, "POST", &target, &ids(&[&of_ben, &of_ben]), None);
    assert_eq!((sent.status, &sent.json["events"]), (202, &json!(2)));
    let refused = world.ledger.call(&key, "POST", &target, &ids(&[&of_ben, &of_ada]), None);
    assert_eq!(refused.problem(), (422, "unknown_event_id".to_owned()));
    let from = json!({"from": "2026-11-22T12:00:00Z", "to": "2026-11-22T13:00:00Z"}).to_string();
    let period = world.ledger.call(&key, "POST", &target, &from, None);
    let of_that_hour = world
        .pages(&key, "", 200)
        .iter()
        .filter(|event| event["created_at"].as_str().unwrap() < "2026-11-22T13:00:00Z")
        .count();
    assert_eq!((period.status, &period.json["events"]), (202, &json!(of_that_hour)));
}

/// The events of an export: segments from KV, then what only the Ledger has. If the Worker finds nothing in KV, the Ledger returns all.
fn exported(world: &mut World, finds_segments: bool) -> String {
    let mut position = Position { stage: 0, after: 0, from_ms: 0, to_ms: i64::MAX };
    let mut text = String::new();
    loop {
        let (lines, has_more) = match world.ledger.kv.get(&position.next_key()).filter(|_| finds_segments) {
            Some(segment) => (segment.clone(), true),
            None => {
                let body = serde_json::to_string(&position).unwrap();
                let tail = world.ledger.call(OPERATOR, "POST", "/internal/export/events", &body, None);
                assert_eq!(tail.status, 200, "{}", tail.raw.body);
                (tail.raw.body.clone(), tail.raw.header(MORE_HEADER) == Some("true"))
            }
        };
        let found = cut(&lines, &position).unwrap();
        text.push_str(&found.text);
        match found.last {
            Some(after) if has_more => position.after = after,
            _ => return text,
        }
    }
}

#[test]
fn an_export_and_its_replay_are_the_same() {
    let mut world = history();
    let before = exported(&mut world, true);
    prune(&mut world);
    assert_eq!(exported(&mut world, true), before);
    // An export that goes on where no segment begins any more is answered by the Ledger.
    let firsts = world.ledger.sql.exec("SELECT first FROM event_segments", &[]).unwrap();
    let full: BTreeSet<String> = firsts.iter().map(|row| segment_key(row.int(0).unwrap())).collect();
    world.ledger.kv.retain(|key, _| full.contains(key));
    assert_eq!(exported(&mut world, true), before);
    assert_eq!(exported(&mut world, false), before);
    let end = json!({"end": true, "lines": 0, "totals": totals(&world.ledger.sql, None).unwrap()});
    let rebuilt = NativeSql::in_memory().unwrap();
    migrate(&rebuilt, LEDGER).unwrap();
    let report = replay(format!("{before}{end}\n").as_bytes(), &rebuilt).unwrap();
    assert_eq!(Some(&report.rebuilt), report.original.as_ref());
    // The rows that `ledger` does not tell the partner of have it from the line.
    let owners = rebuilt
        .exec("SELECT partner_no FROM events WHERE type = 'webhook.created' ORDER BY seq", &[])
        .unwrap();
    assert_eq!(owners.iter().map(|row| row.int(0).unwrap()).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_rare_filter_reads_four_segments_a_page_and_goes_on_from_there() {
    let mut world = World::new();
    let rename = |world: &mut World, n: i64| {
        let target = format!("/v1/partners/{}", world.partners[1]);
        assert_eq!(world.ledger.patch(&target, &json!({"name": format!("Ben {n}")})).status, 200);
    };
    for n in 1..=6 {
        rename(&mut world, n);
        world.sell_until(n * 500, None);
    }
    // Segments without such events are not read.
    world.sell_until(4_000, None);
    rename(&mut world, 7);
    world.sell_until(4_600, None);
    world.ledger.wait(31 * super::DAY_MS);
    world.prune();
    assert_eq!(world.kept(), world.last() - 4_500);
    let names = |page: &Json| -> Vec<String> {
        let data = page["data"].as_array().unwrap();
        data.iter().map(|event| event["data"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = world.ledger.get("/v1/events?type=partner.updated&limit=200&count=true").json;
    assert_eq!(names(&first), ["Ben 1", "Ben 2", "Ben 3", "Ben 4"]);
    assert_eq!(first["total"], 7);
    let next = first["next_cursor"].as_str().unwrap();
    let second = world.ledger.get(&format!("/v1/events?type=partner.updated&limit=200&cursor={next}")).json;
    assert_eq!(
        (names(&second), &second["next_cursor"]),
        (vec!["Ben 5".to_owned(), "Ben 6".to_owned(), "Ben 7".to_owned()], &Json::Null)
    );
    let none = world.ledger.get("/v1/events?type=fx.updated").json;
    assert_eq!((&none["data"], &none["next_cursor"]), (&json!([]), &Json::Null));
    assert_eq!(EventType::parse("fx.updated"), Some(EventType::FxUpdated));
}
