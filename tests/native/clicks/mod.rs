//! One shard of the click log over SQLite. These tests fail if a visit is lost or counted twice, whatever the batches
//! and wherever the process is killed; if the work grows with the batch or the log; or if a segment of the log is
//! written a second time with different content.

use serde_json::Value as Json;
use signpost::{
    domain::{
        clicks::{
            bucket::Bucket,
            click::{Country, Device},
            visit::Visit,
            visitor::Visitor,
        },
        values::time::{DAY_MS, HOUR_MS, QUARTER_MS, Timestamp},
    },
    store::{
        Sql, SqlError,
        clicks::{
            AppendError, ClickLog, DELETED_ROWS, KEEP_MS, PackedClick, PageQuery, RECENT_CLICKS,
            SEGMENT_AGE_MS, SEGMENT_CLICKS, Work,
        },
        native::NativeSql,
        schema::MigrateError,
    },
};
use std::collections::BTreeMap;

/// 2026-11-22T10:00:00.000Z.
const NOW: i64 = 1_795_341_600_000;
const MINUTE: i64 = 60_000;

#[cfg(test)]
mod order;
mod pages;
#[cfg(test)]
mod support;
mod watermark;

use support::*;

#[test]
fn a_click_is_a_duplicate_within_an_hour_of_the_last_counted_one() {
    for (name, minutes, expected) in [
        ("one", vec![0], "human*"),
        ("two", vec![0, 1], "human* duplicate"),
        ("an hour later", vec![0, 60], "human* human"),
        (
            "the hour counts from the counted click, not from the duplicate",
            vec![0, 59, 61],
            "human* duplicate human",
        ),
        ("every half hour", vec![0, 30, 60, 90, 120], "human* duplicate human duplicate human"),
        ("a late arrival", vec![10, 0], "human* duplicate"),
    ] {
        let sql = NativeSql::in_memory().unwrap();
        let log = ClickLog::open(&sql, 3).unwrap();
        for (n, minute) in minutes.iter().enumerate() {
            append(&log, &[visit(&format!("c{n}"), NOW + minute * MINUTE, 5, Some(1))]).unwrap();
        }
        assert_eq!(buckets(&log).join(" "), expected, "{name}");
    }
}

#[test]
fn only_the_same_visitor_on_the_same_link_is_a_duplicate() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    append(
        &log,
        &[
            visit("a", NOW, 5, Some(1)),
            visit("b", NOW, 6, Some(1)),
            visit("c", NOW, 5, Some(2)),
            // Without a visitor hash, each click counts and none is unique.
            visit("d", NOW, 5, None),
            visit("e", NOW, 5, None),
            Visit { bucket: Bucket::Bot, ..visit("f", NOW, 5, Some(1)) },
            Visit { bucket: Bucket::Expired, ..visit("g", NOW, 5, Some(1)) },
        ],
    )
    .unwrap();
    // The bot's click of the same visitor was not counted as human, so this one is no duplicate.
    append(
        &log,
        &[Visit { bucket: Bucket::Bot, ..visit("h", NOW, 7, Some(1)) }, visit("i", NOW + 1, 7, Some(1))],
    )
    .unwrap();
    assert_eq!(
        buckets(&log),
        ["human*", "human*", "human*", "human", "human", "bot", "expired", "bot", "human*"]
    );
}

#[test]
fn a_batch_costs_the_same_number_of_statements_whatever_its_size() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let cost = |name: &str, visits: &[Visit], expected: u64| {
        let before = sql.statements();
        append(&log, visits).unwrap();
        assert_eq!(sql.statements() - before, expected, "{name}");
    };
    let many: Vec<Visit> =
        (0..1000u32).map(|n| visit(&format!("m{n}"), NOW, n % 50, Some(u64::from(n % 7)))).collect();
    cost("none", &[], 0);
    cost("one, and what a new shard remembers", &[visit("a", NOW, 5, Some(1))], 3);
    cost("another", &[visit("b", NOW, 5, Some(1))], 2);
    cost("a thousand", &many, 2);
    cost("the same again: tried, and looked at one by one", &many, 3);
}

#[test]
fn counted_clicks_are_known_from_memory_from_the_table_and_after_a_restart() {
    let sql = NativeSql::in_memory().unwrap();
    let visitors = u64::try_from(RECENT_CLICKS).unwrap();
    let first = |range: std::ops::Range<u64>, at: i64| -> Vec<Visit> {
        range.map(|n| visit(&format!("{at} {n}"), at, 5, Some(n))).collect()
    };
    let rows = || sql.exec("SELECT count(*), max(day) FROM counted", &[]).unwrap().remove(0);
    let written = || rows().int(0).unwrap();
    let mut log = ClickLog::open(&sql, 3).unwrap();
    append(&log, &first(0..visitors - 1, NOW)).unwrap();
    log.due(Timestamp::clamped(NOW)).unwrap();
    assert_eq!(written(), 0, "one less than is worth it");
    append(&log, &first(visitors - 1..visitors + 1, NOW)).unwrap();
    log.due(Timestamp::clamped(NOW)).unwrap();
    assert_eq!(written(), i64::try_from(visitors).unwrap() + 1);
    // The first is in the table, the last in memory; after a restart memory is read from the log.
    append(&log, &first(visitors + 1..visitors + 2, NOW)).unwrap();
    for (again, at) in [("at once", NOW + MINUTE), ("after a restart", NOW + 2 * MINUTE)] {
        append(&log, &first(0..1, at)).unwrap();
        append(&log, &first(visitors + 1..visitors + 2, at)).unwrap();
        assert_eq!(buckets(&log).split_off(buckets(&log).len() - 2), ["duplicate"; 2], "{again}");
        log = ClickLog::open(&sql, 3).unwrap();
    }
    append(&log, &first(0..1, NOW + HOUR_MS)).unwrap();
    assert_eq!(buckets(&log).pop().as_deref(), Some("human"), "an hour later it counts, but is not unique");
    // Two days later nothing of the first day is read again.
    let later = NOW + 2 * DAY_MS;
    append(&log, &first(0..visitors, later)).unwrap();
    log.due(Timestamp::clamped(later)).unwrap();
    assert_eq!(written(), i64::try_from(visitors).unwrap());
    assert_eq!(rows().int(1).unwrap(), later / DAY_MS);
}

#[test]
fn clicks_of_other_shards_are_passed_on_until_their_shards_have_them() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    assert_eq!(log.batches_to_forward().unwrap(), (vec![], false), "nothing has been taken in");
    let record = |id: &str| visit(id, NOW, 5, Some(1)).to_json();
    log.store_for_forwarding(&format!(r#"{{"3":[{}],"12":[{},{}]}}"#, record("a"), record("b"), record("c")))
        .unwrap();
    log.store_for_forwarding(&format!(r#"{{"12":[{}]}}"#, record("d"))).unwrap();
    let (parcels, more) = log.batches_to_forward().unwrap();
    let shards: Vec<u8> = parcels.iter().map(|parcel| parcel.shard).collect();
    assert_eq!((shards, more), (vec![3, 12], false));
    // Opened again, as after a kill: work that was not acknowledged is sent again and applied once.
    let log = ClickLog::open(&sql, 3).unwrap();
    assert_eq!(log.batches_to_forward().unwrap().0, parcels);
    let other = NativeSql::in_memory().unwrap();
    let twelve = ClickLog::open(&other, 12).unwrap();
    assert_eq!(twelve.append(&parcels[1].records).unwrap(), 3);
    assert_eq!(twelve.append(&parcels[1].records).unwrap(), 0);
    log.store_for_forwarding(&format!(r#"{{"12":[{}]}}"#, record("e"))).unwrap();
    log.forwarded(12, parcels[1].last).unwrap();
    let (left, _) = log.batches_to_forward().unwrap();
    let left: Vec<_> = left.iter().map(|parcel| (parcel.shard, parcel.records.contains("\"e\""))).collect();
    assert_eq!(left, [(3, false), (12, true)], "what came meanwhile, and what was not passed on");
    assert_eq!(log.append(&parcels[0].records).unwrap(), 1, "its own shard's");
}

#[test]
fn a_long_backlog_is_passed_on_in_parts_and_in_order() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let record =
        |n: i64| Visit { trail: "x".repeat(100_000), ..visit(&format!("n{n}"), NOW + n, 5, None) }.to_json();
    for n in 0..25 {
        log.store_for_forwarding(&format!(r#"{{"{}":[{}]}}"#, n % 2, record(n))).unwrap();
    }
    log.store_for_forwarding(&format!(r#"{{"0":[{}]}}"#, (25..37).map(record).collect::<Vec<_>>().join(",")))
        .unwrap();
    let shards = [NativeSql::in_memory().unwrap(), NativeSql::in_memory().unwrap()];
    let mut rounds = 0;
    loop {
        let (parcels, more) = log.batches_to_forward().unwrap();
        for parcel in &parcels {
            let shard = ClickLog::open(&shards[usize::from(parcel.shard)], parcel.shard).unwrap();
            shard.append(&parcel.records).unwrap();
            log.forwarded(parcel.shard, parcel.last).unwrap();
        }
        rounds += 1;
        if !more {
            break;
        }
    }
    assert_eq!(rounds, 4, "nine, nine, seven, and one that is longer by itself");
    let stored = |shard: usize| ClickLog::open(&shards[shard], 0).unwrap().last_position().unwrap();
    assert_eq!((stored(0), stored(1)), (25, 12));
    assert_eq!(log.batches_to_forward().unwrap(), (vec![], false));
}

#[test]
fn a_shard_of_the_first_version_keeps_its_data() {
    let sql = NativeSql::in_memory().unwrap();
    sql.script(include_str!("../../../src/store/schema/clicklog_0001.sql")).unwrap();
    sql.script("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) WITHOUT ROWID; INSERT INTO schema_version VALUES (1);")
        .unwrap();
    sql.exec(
        "INSERT INTO click (id, at_ms, link_no, visitor, country, device, bucket, first_of_day, trail)
         VALUES ('a', ?1, 5, '0000000000000001', 'DE', 2, 0, 1, '')",
        &[NOW.into()],
    )
    .unwrap();
    // Row 4 of counts was sent; the click came after it and is pending.
    sql.script("INSERT INTO outbox (seq, body) VALUES (4, NULL);").unwrap();
    sql.script("INSERT INTO pending VALUES (1, 5, 0, 'DE', 2, 0, 1, 1, 0);").unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    append(&log, &[visit("b", NOW + 1, 5, Some(1)), visit("c", NOW + 1, 5, Some(2))]).unwrap();
    assert_eq!(buckets(&log), ["human*", "duplicate", "human*"]);
    let mut far = Far { applied: 4, ..Far::default() };
    far.drain(&log, NOW);
    assert_eq!(far.sums, Sums::from([((5, 0), (2, 2)), ((5, 1), (1, 0))]), "each once");
}

#[test]
fn counts_are_numbered_and_retried_unchanged_until_acknowledged() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let now = Timestamp::clamped(NOW);
    append(&log, &[visit("a", NOW, 5, Some(1)), visit("b", NOW + 1, 5, Some(1))]).unwrap();
    let first = log.due(now).unwrap().counts.unwrap();
    let quarter = NOW / QUARTER_MS;
    assert_eq!(
        first.body,
        format!(
            r#"{{"shard":3,"seq":1,"through":2,"through_ms":{},"rows":[[5,{quarter},"DE",2,0,1,1],[5,{quarter},"DE",2,1,1,0]]}}"#,
            NOW + 1
        )
    );
    append(&log, &[visit("c", NOW + 2, 6, None)]).unwrap();
    assert_eq!(log.due(now).unwrap().counts.as_ref(), Some(&first), "not acknowledged: the same again");
    log.counts_sent(7).unwrap();
    assert_eq!(log.due(now).unwrap().counts.as_ref(), Some(&first), "another number acknowledges nothing");
    log.counts_sent(1).unwrap();
    let second = log.due(now).unwrap().counts.unwrap();
    assert_eq!((second.seq, second.body.contains("[[6,")), (2, true));
    log.counts_sent(1).unwrap();
    assert_eq!(log.due(now).unwrap().counts, Some(second), "an old acknowledgement again changes nothing");
    log.counts_sent(2).unwrap();
    assert_eq!(log.due(now).unwrap().counts, None);
}

#[test]
fn segments_end_at_an_age_or_a_size() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let mut far = Far::default();
    append(&log, &[visit("a", NOW, 5, Some(1)), visit("b", NOW + 5, 5, None)]).unwrap();
    assert_eq!(far.drain(&log, NOW + SEGMENT_AGE_MS - 1), Some(NOW + SEGMENT_AGE_MS));
    assert!(far.segments.is_empty());
    let work = log.due(Timestamp::clamped(NOW + SEGMENT_AGE_MS)).unwrap();
    let segment = work.segment.unwrap();
    assert_eq!(segment.key, "log/clicks/03/000000000001");
    let metadata = serde_json::to_string(&segment.metadata).unwrap();
    assert_eq!(metadata, format!(r#"{{"from_ms":{NOW},"to_ms":{},"first":1,"last":2}}"#, NOW + 5));
    assert_eq!(
        segment.value.lines().next(),
        Some(format!(r#"[1,1,["a",{NOW},5,"0000000000000001","DE",2,0,""]]"#).as_str())
    );
    assert_eq!(
        serde_json::to_string(&PackedClick::parse(segment.value.lines().next().unwrap()).unwrap().unpack(3))
            .unwrap(),
        r#"{"kind":"click","id":"a","at":"2026-11-22T10:00:00.000Z","link_no":5,"shard":3,"seq":1,"visitor":"0000000000000001","country":"DE","device":"mobile","bucket":"human","unique":true,"trail":[]}"#
    );
    // Clicks that arrive before it is written wait for the next segment.
    append(&log, &[visit("c", NOW + 6, 5, None)]).unwrap();
    assert_eq!(log.due(Timestamp::clamped(NOW + HOUR_MS)).unwrap().segment, Some(segment));
    far.drain(&log, NOW + HOUR_MS);
    assert_eq!(
        far.segments.keys().collect::<Vec<_>>(),
        ["log/clicks/03/000000000001", "log/clicks/03/000000000003"]
    );

    let full: Vec<Visit> =
        (0..SEGMENT_CLICKS * 2 + 1).map(|n| visit(&format!("n{n}"), NOW + HOUR_MS, 5, None)).collect();
    append(&log, &full).unwrap();
    assert_eq!(far.drain(&log, NOW + HOUR_MS), Some(NOW + HOUR_MS + SEGMENT_AGE_MS));
    assert_eq!(
        far.segments.keys().skip(2).collect::<Vec<_>>(),
        ["log/clicks/03/000000000004", "log/clicks/03/000000001004"]
    );
}

#[test]
fn a_visit_without_a_click_id_is_logged_without_one_and_trails_are_returned() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 0).unwrap();
    append(
        &log,
        &[
            Visit { bucket: Bucket::Expired, country: None, ..visit("random", NOW, 0, Some(1)) },
            Visit { trail: "x.y".to_owned(), ..visit("click", NOW + 1, 5, Some(1)) },
        ],
    )
    .unwrap();
    let lines: Vec<Json> = log.tail(0, 9).unwrap().lines().map(unpacked).collect();
    assert_eq!(
        (&lines[0]["id"], &lines[0]["bucket"], &lines[0]["country"]),
        (&Json::Null, &"expired".into(), &Json::Null)
    );
    assert_eq!(lines[1]["trail"], serde_json::json!(["x", "y"]));
    assert_eq!(log.tail(1, 9).unwrap().lines().count(), 1);
    assert_eq!(log.trail("click").unwrap(), Some(vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!((log.trail("random").unwrap(), log.trail("nobody").unwrap()), (Some(vec![]), None));
    assert_eq!(log.last_position().unwrap(), 2);
}

#[test]
fn visits_with_invented_tokens_are_counted_and_not_kept() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let invented = |id: &str, at: i64| Visit { bucket: Bucket::Invalid, ..visit(id, at, 0, Some(1)) };
    let many: Vec<Visit> = (0..500).map(|n| invented(&format!("i{n}"), NOW + n)).collect();
    append(&log, &many).unwrap();
    let mixed = [
        invented("x", NOW + QUARTER_MS),
        visit("click", NOW + 1, 5, Some(1)),
        invented("y", NOW + QUARTER_MS),
    ];
    append(&log, &mixed).unwrap();
    // The batch arrives again.
    append(&log, &mixed).unwrap();
    let rows =
        |table: &str| sql.exec(&format!("SELECT count(*) FROM {table}"), &[]).unwrap()[0].int(0).unwrap();
    assert_eq!((rows("click"), rows("invalid_visits")), (1, 2));
    assert_eq!(buckets(&log), ["human*"]);
    // A row that is not acknowledged is sent again with the same content.
    let mut far = Far::default();
    let work = log.due(Timestamp::from_ms(NOW + HOUR_MS).unwrap()).unwrap();
    assert_eq!(log.due(Timestamp::from_ms(NOW + HOUR_MS).unwrap()).unwrap().counts, work.counts);
    far.drain(&log, NOW + HOUR_MS);
    let invalid = i64::from(Bucket::Invalid.code());
    assert_eq!(far.sums, BTreeMap::from([((0, invalid), (502, 0)), ((5, 0), (1, 1))]));
    assert_eq!((far.through_ms, far.lines().len()), (NOW + QUARTER_MS, 1));
    // Later ones are counted too, and a quiet shard has nothing to do.
    append(&log, &[invented("z", NOW + HOUR_MS)]).unwrap();
    let next = far.drain(&log, NOW + HOUR_MS + 1);
    assert_eq!((far.sums[&(0, invalid)], rows("invalid_visits")), ((503, 0), 0));
    assert!(next > Some(NOW + HOUR_MS + 1));
}

#[test]
fn old_clicks_are_deleted_in_steps_but_never_before_kv_has_them() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let old = DELETED_ROWS + 10;
    let visits: Vec<Visit> = (0..old).map(|n| visit(&format!("n{n}"), NOW + n, 5, None)).collect();
    append(&log, &visits).unwrap();
    let later = Timestamp::clamped(NOW + KEEP_MS + DAY_MS);
    let rows = |log: &ClickLog<'_>| log.tail(0, 10_000).unwrap().lines().count();
    let segment = log.due(later).unwrap().segment.unwrap();
    log.due(later).unwrap();
    assert_eq!(rows(&log), 510, "KV does not have them");
    log.segment_written(segment.first).unwrap();
    log.due(later).unwrap();
    assert_eq!(rows(&log), 10, "one step");
    let mut far = Far::default();
    far.drain(&log, later.ms());
    assert_eq!(rows(&log), 1, "the newest keeps the place");
    append(&log, &[visit("next", later.ms(), 5, None)]).unwrap();
    assert_eq!(log.last_position().unwrap(), old + 1, "places are never given twice");
    far.drain(&log, later.ms() + SEGMENT_AGE_MS);
    assert_eq!(rows(&log), 1);
    assert_eq!(far.lines().last().unwrap()["seq"], old + 1);
    assert_eq!(far.sums[&(5, 0)], (old + 1, 0));
}

#[test]
fn a_shard_opens_again_but_not_under_older_code() {
    let sql = NativeSql::in_memory().unwrap();
    append(&ClickLog::open(&sql, 3).unwrap(), &[visit("a", NOW, 5, None)]).unwrap();
    assert_eq!(ClickLog::open(&sql, 3).unwrap().last_position().unwrap(), 1);
    sql.exec("INSERT INTO schema_version (version) VALUES (99)", &[]).unwrap();
    let error = ClickLog::open(&sql, 3).unwrap_err();
    assert!(matches!(error, MigrateError::TooNew { found: 99, known: 4 }), "{error}");
}
