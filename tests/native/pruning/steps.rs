//! When events are deleted, and what a failure at any step leaves.

use super::{DAY_MS, SETTLED_MS, World};
use crate::support::{Ledger, OPERATOR, rows};
use serde_json::json;
use signpost::store::{
    Row, Sql, SqlError, Value,
    log::{
        outbox,
        pruning::{Step, next, prune, written},
    },
    native::NativeSql,
    transaction,
};
use std::cell::Cell;

/// A Ledger with 700 events, the last of them at its time, all in KV.
fn world() -> World {
    let mut world = World::new();
    world.sell_until(700, Some(0));
    world.write_to_kv();
    world
}

/// The time of the 500th event, Unix milliseconds.
fn newest_of_the_first_segment(world: &World) -> i64 {
    world.ledger.sql.exec("SELECT created_at FROM events WHERE seq = 500", &[]).unwrap()[0].int(0).unwrap()
}

/// The last event of the segments that were written.
fn last_written(world: &World) -> i64 {
    world.ledger.sql.exec("SELECT max(last) FROM event_segments", &[]).unwrap()[0].int(0).unwrap()
}

fn wait_until(world: &mut World, ms: i64) {
    let ahead = ms - world.ledger.now.ms();
    world.ledger.wait(ahead);
}

#[test]
fn events_are_deleted_after_the_days_of_the_setting_and_five_minutes() {
    for (setting, days) in [(None, 30), (Some(1), 1), (Some(90), 90)] {
        let mut world = world();
        if let Some(days) = setting {
            let terms = json!({"event_retention_days": days});
            assert_eq!(world.ledger.patch("/v1/program", &terms).status, 200);
        }
        let old_at = newest_of_the_first_segment(&world) + days * DAY_MS;
        // The last events are logged once they are a minute old.
        world.ledger.wait(60_000);
        world.write_to_kv();
        wait_until(&mut world, old_at - 1);
        assert!(!world.step());
        assert_eq!(world.prune_at(), Some(old_at));
        assert_eq!(
            outbox::next_due(&world.ledger.sql, world.ledger.now).unwrap(),
            Some(old_at).min(maturity(&world))
        );
        wait_until(&mut world, old_at);
        assert!(world.step(), "the segment is written");
        assert_eq!((world.kept(), world.ledger.rows("event_segments")), (world.last(), 1));
        let written = last_written(&world);
        wait_until(&mut world, old_at + SETTLED_MS - 1);
        assert!(!world.step());
        wait_until(&mut world, old_at + SETTLED_MS);
        assert!(world.step(), "its events are deleted");
        assert_eq!((world.pruned(), world.kept()), (written, world.last() - written));
        world.ledger.wait(1_000);
        assert!(!world.step(), "fewer than 500 events follow");
        assert_eq!(world.prune_at(), None);
    }
}

/// When the next commission becomes payable.
fn maturity(world: &World) -> Option<i64> {
    world.ledger.sql.exec("SELECT min(matures_at) FROM commissions WHERE status = 'pending'", &[]).unwrap()[0]
        .opt_int(0)
        .unwrap()
}

#[test]
fn a_longer_setting_keeps_what_is_written_already() {
    let mut world = world();
    let old_at = newest_of_the_first_segment(&world) + 30 * DAY_MS;
    world.ledger.wait(60_000);
    world.write_to_kv();
    wait_until(&mut world, old_at);
    assert!(world.step());
    let terms = json!({"event_retention_days": 40});
    assert_eq!(world.ledger.patch("/v1/program", &terms).status, 200);
    wait_until(&mut world, old_at + DAY_MS);
    world.prune();
    assert_eq!(world.kept(), world.last());
    wait_until(&mut world, old_at + 10 * DAY_MS);
    world.prune();
    assert_eq!(world.pruned(), last_written(&world));
}

#[test]
fn what_is_not_logged_or_not_relayed_stays() {
    let mut world = World::new();
    let hook = json!({"url": "https://hooks.example.com/", "events": ["*"]});
    assert_eq!(world.ledger.post("/v1/webhooks", &hook).status, 201);
    world.sell_until(700, Some(0));
    world.ledger.wait(40 * DAY_MS);
    assert!(!world.step(), "nothing is logged");
    world.write_to_kv();
    world.ledger.wait(60_000);
    assert!(!world.step(), "the relay has no event yet");
    signpost::store::log::relay::done(&world.ledger.sql, 499).unwrap();
    world.ledger.wait(60_000);
    assert!(!world.step(), "the relay has not all of the first 500");
    signpost::store::log::relay::done(&world.ledger.sql, 500).unwrap();
    world.ledger.wait(60_000);
    assert!(world.step());
}

#[test]
fn the_newest_event_stays() {
    let mut world = World::new();
    world.sell_until(499, None);
    world.sell(None);
    assert_eq!(world.last(), 500);
    world.ledger.wait(40 * DAY_MS);
    world.prune();
    assert_eq!(world.kept(), 500);
    world.sell(None);
    world.prune();
    assert_eq!((world.kept(), world.last()), (1, 501));
}

#[test]
fn a_segment_that_kv_lost_or_changed_is_written_again_before_events_are_deleted() {
    for lost in [None, Some("{}\n".to_owned())] {
        let mut world = world();
        world.ledger.wait(40 * DAY_MS);
        world.write_to_kv();
        assert!(world.step());
        let key = outbox::segment_key(1);
        let whole = world.ledger.kv.remove(&key).unwrap();
        world.ledger.kv.extend(lost.map(|text| (key.clone(), text)));
        world.ledger.wait(SETTLED_MS);
        assert!(world.step());
        assert_eq!((world.kept(), world.ledger.rows("event_segments")), (world.last(), 0));
        world.prune();
        assert_eq!(world.ledger.kv.get(&key), Some(&whole));
        assert_eq!(world.pruned(), last_written(&world));
    }
}

#[test]
fn a_read_that_kv_cannot_serve_is_refused_and_changes_nothing() {
    let mut world = world();
    world.ledger.wait(40 * DAY_MS);
    world.prune();
    let hook = json!({"url": "https://hooks.example.com/", "events": ["*"]});
    let hook = world.ledger.post("/v1/webhooks", &hook).text("/id");
    let whole = world.ledger.kv.remove(&outbox::segment_key(1)).unwrap();
    // The value that the key had before has fewer lines.
    let old = whole.split_inclusive('\n').take(3).collect::<String>();
    let replay = format!("/v1/webhooks/{hook}/replay");
    let period = json!({"from": "2026-11-22T12:00:01Z", "to": "2026-11-22T12:01:00Z"}).to_string();
    for text in [None, Some(old)] {
        world.ledger.kv.extend(text.map(|text| (outbox::segment_key(1), text)));
        for (method, target, body) in [("GET", "/v1/events", ""), ("POST", replay.as_str(), period.as_str())]
        {
            let refused =
                world.ledger.unchanged(target, |ledger| ledger.call(OPERATOR, method, target, body, None));
            assert_eq!(refused.problem(), (503, "unavailable".to_owned()), "{target}");
            assert_eq!(
                refused.text("/detail"),
                "Events of that time are in Workers KV, which does not return them at the moment. Nothing was changed. \
                 Try again in a minute."
            );
        }
    }
    world.ledger.kv.insert(outbox::segment_key(1), whole);
    assert_eq!(world.ledger.get("/v1/events").status, 200);
}

/// A database that fails at a statement.
struct Failing<'a> {
    sql: &'a NativeSql,
    left: Cell<u32>,
}

impl Sql for Failing<'_> {
    fn exec(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, SqlError> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(SqlError::Engine("the machine lost its power".to_owned())),
        }
        self.sql.exec(sql, args)
    }

    fn atomically(&self, body: &mut dyn FnMut() -> bool) -> Result<(), SqlError> {
        self.sql.atomically(body)
    }

    fn script(&self, sql: &str) -> Result<(), SqlError> {
        self.sql.script(sql)
    }
}

/// Runs `act` with a failure at each of its statements in turn, which must leave every row as it was, and then to its end.
fn with_crashes<T>(ledger: &Ledger, act: impl Fn(&Failing<'_>) -> Result<T, SqlError>) -> (T, u32) {
    let before = rows::rows(&ledger.sql);
    for statements in 0.. {
        let failing = Failing { sql: &ledger.sql, left: Cell::new(statements) };
        match act(&failing) {
            Ok(done) => return (done, statements),
            Err(error) => {
                assert_eq!(error.to_string(), "the database refused a statement: the machine lost its power")
            }
        }
        assert_eq!(rows::difference(&before, &rows::rows(&ledger.sql)), Vec::<String>::new());
    }
    unreachable!()
}

#[test]
fn a_crash_at_any_statement_loses_nothing() {
    let mut world = world();
    world.ledger.wait(40 * DAY_MS);
    world.write_to_kv();
    let expected = world.pages(OPERATOR, "", 200);
    let now = world.ledger.now;
    let (step, crashes) = with_crashes(&world.ledger, |sql| transaction(sql, || next(sql, now)));
    let Step::Write(put) = step else { panic!("{step:?}") };
    assert!(crashes > 5);
    // A crash between the write and its record leaves the step to be done again, with the same bytes.
    world.ledger.wait(1_000);
    let again = transaction(&world.ledger.sql, || next(&world.ledger.sql, world.ledger.now)).unwrap();
    assert_eq!(again, Step::Write(put.clone()));
    world.ledger.kv.insert(put.key.clone(), put.value.clone());
    with_crashes(&world.ledger, |sql| written(sql, &put, now));
    written(&world.ledger.sql, &put, now).unwrap();
    assert_eq!(world.ledger.rows("event_segments"), 1);
    let last = last_written(&world);
    world.ledger.wait(SETTLED_MS);
    let now = world.ledger.now;
    let (step, _) = with_crashes(&world.ledger, |sql| transaction(sql, || next(sql, now)));
    assert_eq!(step, Step::Prune { key: put.key.clone(), last });
    let delete = |sql: &Failing<'_>| transaction(sql, || prune(sql, last, Some(&put.value)));
    let (deleted, crashes) = with_crashes(&world.ledger, delete);
    assert!(deleted && crashes > 4);
    assert_eq!(world.pruned(), last);
    assert_eq!(world.pages(OPERATOR, "", 200), expected);
}

#[test]
fn a_restored_ledger_writes_its_log_and_then_deletes_old_events() {
    let mut world = world();
    let expected = world.pages(OPERATOR, "", 200);
    let lines: Vec<String> = world.read(|log| {
        let events = signpost::store::log::events::after(log.sql, 0, None, 1_000)?;
        events.iter().map(|event| Ok(outbox::event_line(event)?)).collect()
    });
    let end = json!({"end": true, "lines": lines.len()});
    let page = format!("{}\n{end}\n", lines.join("\n"));
    let mut restored = World { ledger: Ledger::new(), ..World::new() };
    restored.ledger.now = world.ledger.now.plus_ms(100 * DAY_MS);
    let answer = restored.ledger.call(OPERATOR, "POST", "/v1/restore", &page, None);
    assert_eq!(answer.status, 200, "{}", answer.raw.body);
    restored.prune();
    assert_eq!((restored.last(), restored.pruned()), (world.last(), last_written(&restored)));
    assert_eq!(restored.pages(OPERATOR, "", 200), expected);
}

#[test]
fn imported_events_of_years_ago_are_deleted_once_they_are_logged() {
    let mut world = World::new();
    let partner = &world.partners[0];
    let line = |n: u32| {
        json!({"object": "conversion", "type": "sale", "external_id": format!("old-{n}"), "customer_id": "c",
            "created_at": format!("2024-03-{:02}T{:02}:00:00Z", n / 20 % 28 + 1, n % 20), "amount": 100,
            "currency": "EUR"})
        .to_string()
    };
    assert!(partner.starts_with("ptn_"));
    let lines: Vec<String> = (0..600).map(line).collect();
    let answer = world.ledger.call(OPERATOR, "POST", "/v1/import", &lines.join("\n"), None);
    assert_eq!(answer.status, 201, "{}", answer.raw.body);
    let expected = world.pages(OPERATOR, "", 200);
    let at = |world: &World, time: &str| {
        let time = signpost::domain::values::time::Timestamp::parse(time).unwrap();
        world.read(|log| log.last_before(time))
    };
    let times =
        ["2024-03-01T00:00:00Z", "2024-03-10T00:30:00Z", "2024-03-28T10:00:00Z", "2026-11-22T12:00:00Z"];
    let places = times.map(|time| at(&world, time));
    world.ledger.wait(60_000);
    world.prune();
    // Events of today are among the first 500, so that these stay.
    assert_eq!(world.kept(), world.last());
    world.ledger.wait(31 * DAY_MS);
    world.prune();
    assert_eq!(world.pruned(), last_written(&world));
    assert_eq!(world.pages(OPERATOR, "", 200), expected);
    assert_eq!(times.map(|time| at(&world, time)), places);
}
