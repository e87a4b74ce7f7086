//! Listings whose marketplaces stop calling. A test fails if silence is found too early, too late, twice or not at all, if it does
//! not end with the next callback, or if watching costs more than a row for each callback.

use crate::support::{Ledger, TzDatabase};
use serde_json::{Value as Json, json};
use signpost::{
    api::{self, Environment},
    domain::values::time::Timestamp,
    ledger::{
        callbacks::{calls as ledger_calls, report::Reported},
        needs::NOTHING_FETCHED,
    },
    store::{
        Sql,
        callbacks::{calls, refusals},
        log::outbox,
        native::NativeSql,
    },
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A store that was called every hour, last at 16:00.
fn store(sql: NativeSql) -> (Ledger, String) {
    let mut ledger = Ledger::over(sql);
    let body = json!({"name": "Store", "marketplace": "woocommerce", "url": "https://store.example",
        "secrets": {"webhook_secret": "s3cret"}});
    let listing = ledger.post("/v1/listings", &body).text("/id");
    for hour in 0..5 {
        ledger.wait(if hour == 0 { 0 } else { HOUR_MS });
        ledger.told(1, &[]);
    }
    (ledger, listing)
}

fn health(ledger: &mut Ledger, listing: &str) -> Json {
    let answer = ledger.get(&format!("/v1/listings/{listing}/health"));
    assert_eq!(answer.status, 200, "{}", answer.raw.body);
    answer.json
}

fn events(ledger: &mut Ledger, kind: &str) -> Vec<Json> {
    let mut events = ledger.get(&format!("/v1/events?type={kind}")).json["data"].take();
    events.as_array_mut().unwrap().iter_mut().map(|event| event["data"].take()).collect()
}

fn wait_until(ledger: &mut Ledger, time: &str) {
    ledger.now = Timestamp::parse(time).unwrap();
}

#[test]
fn an_event_reports_silence_once_and_another_one_its_end() {
    let (mut ledger, listing) = store(NativeSql::in_memory().unwrap());
    let calling = json!({"last_accepted_at": "2026-11-22T16:00:00.000Z", "accepted_24h": 5,
        "refused_24h": 0, "refusals": [], "usual_interval_seconds": 3_600, "silent_since": null});
    assert_eq!(health(&mut ledger, &listing), calling);
    wait_until(&mut ledger, "2026-11-23T15:59:59.999Z");
    ledger.watch_listings();
    assert_eq!(events(&mut ledger, "listing.silent"), Vec::<Json>::new());
    wait_until(&mut ledger, "2026-11-23T16:00:00Z");
    let shown = ledger.get(&format!("/v1/listings/{listing}")).json;
    let mut expected = shown.clone();
    expected["last_accepted_at"] = json!("2026-11-22T16:00:00.000Z");
    expected["usual_interval_seconds"] = json!(3_600);
    expected["silent_since"] = json!("2026-11-23T16:00:00.000Z");
    for _ in 0..3 {
        ledger.watch_listings();
        assert_eq!(events(&mut ledger, "listing.silent"), [expected.clone()]);
        ledger.wait(10 * DAY_MS);
    }
    let silent = json!({"last_accepted_at": "2026-11-22T16:00:00.000Z", "accepted_24h": 0, "refused_24h": 0,
        "refusals": [], "usual_interval_seconds": 3_600, "silent_since": "2026-11-23T16:00:00.000Z"});
    assert_eq!(health(&mut ledger, &listing), silent);
    assert_eq!(events(&mut ledger, "listing.recovered"), Vec::<Json>::new());
    // The outage counts as a day: (7 × 3,600 + 86,400 + 4) / 8.
    ledger.told(1, &[]);
    expected["last_accepted_at"] = json!("2026-12-23T16:00:00.000Z");
    expected["usual_interval_seconds"] = json!(13_950);
    assert_eq!(events(&mut ledger, "listing.recovered"), [expected]);
    let again = json!({"last_accepted_at": "2026-12-23T16:00:00.000Z", "accepted_24h": 1, "refused_24h": 0,
        "refusals": [], "usual_interval_seconds": 13_950, "silent_since": null});
    assert_eq!(health(&mut ledger, &listing), again);
    ledger.told(1, &[]);
    assert_eq!(events(&mut ledger, "listing.recovered").len(), 1);
    // 8 × 13,950 s = 31 h.
    wait_until(&mut ledger, "2026-12-24T22:59:59.999Z");
    ledger.watch_listings();
    assert_eq!(events(&mut ledger, "listing.silent").len(), 1);
    wait_until(&mut ledger, "2026-12-24T23:00:00Z");
    ledger.watch_listings();
    assert_eq!(events(&mut ledger, "listing.silent").len(), 2);
}

#[test]
fn a_listing_that_was_hardly_ever_called_is_not_watched() {
    let mut ledger = Ledger::new();
    let listing = ledger.listing("https://shop.example/buy");
    let never = json!({"last_accepted_at": null, "accepted_24h": 0, "refused_24h": 0, "refusals": [],
        "usual_interval_seconds": null, "silent_since": null});
    assert_eq!(health(&mut ledger, &listing), never);
    for _ in 0..4 {
        ledger.told(1, &[]);
        ledger.wait(HOUR_MS);
    }
    // A burst is one callback.
    for _ in 0..9 {
        ledger.wait(1_000);
        ledger.told(1, &[]);
    }
    assert_eq!(health(&mut ledger, &listing)["usual_interval_seconds"], json!(3_600));
    let mut ledger = Ledger::new();
    let listing = ledger.listing("https://shop.example/buy");
    for _ in 0..9 {
        ledger.told(1, &[]);
        ledger.wait(1_000);
    }
    let seldom = json!({"last_accepted_at": "2026-11-22T12:00:08.000Z", "accepted_24h": 9, "refused_24h": 0,
        "refusals": [], "usual_interval_seconds": null, "silent_since": null});
    assert_eq!(health(&mut ledger, &listing), seldom);
    ledger.wait(9 * DAY_MS);
    ledger.watch_listings();
    assert_eq!(events(&mut ledger, "listing.silent"), Vec::<Json>::new());
}

#[test]
fn silence_is_found_after_a_restart() {
    let path = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("silence-{}.sqlite", std::process::id()));
    drop(std::fs::remove_file(&path));
    let (ledger, listing) = store(NativeSql::open(&path).unwrap());
    let (now, entropy) = (ledger.now, ledger.entropy.clone());
    drop(ledger);
    let mut ledger = Ledger::over(NativeSql::open(&path).unwrap());
    (ledger.now, ledger.entropy) = (now.plus_ms(DAY_MS), entropy);
    ledger.watch_listings();
    assert_eq!(events(&mut ledger, "listing.silent").len(), 1);
    assert_eq!(health(&mut ledger, &listing)["silent_since"], json!("2026-11-23T16:00:00.000Z"));
    drop(ledger);
    drop(std::fs::remove_file(&path));
}

/// What became of a report that is written as the Worker writes it.
fn report(ledger: &mut Ledger, report: &Json) -> Reported {
    let environment = Environment {
        sql: &ledger.sql,
        config: &ledger.config,
        zones: &TzDatabase,
        now: ledger.now,
        fetched: &NOTHING_FETCHED,
    };
    let report = strict_json::from_str(&report.to_string()).unwrap();
    api::report(&environment, &mut ledger.entropy, &report).unwrap()
}

#[test]
fn a_repetition_is_a_sign_of_life_and_a_message_of_the_app_is_none() {
    let (mut ledger, listing) = store(NativeSql::in_memory().unwrap());
    let token = json!({"key": "0".repeat(64), "keep_until": ledger.now.plus_ms(DAY_MS), "again_at": null});
    let proven = json!({"listing_no": 1, "events": [], "single_use": token});
    assert_eq!(report(&mut ledger, &proven), Reported::Written);
    ledger.wait(1_000);
    assert_eq!(report(&mut ledger, &proven), Reported::Replayed);
    let called = json!({"last_accepted_at": "2026-11-22T16:00:01.000Z", "accepted_24h": 7, "refused_24h": 0,
        "refusals": [], "usual_interval_seconds": 3_600, "silent_since": null});
    assert_eq!(health(&mut ledger, &listing), called);
    ledger.wait(HOUR_MS);
    let of_app = json!({"listing_no": 1, "events": [], "is_from_app": true});
    assert_eq!(report(&mut ledger, &of_app), Reported::Written);
    assert_eq!(health(&mut ledger, &listing), called);
}

fn changed_rows(ledger: &Ledger) -> i64 {
    ledger.sql.exec("SELECT total_changes()", &[]).unwrap()[0].int(0).unwrap()
}

#[test]
fn an_accepted_callback_writes_one_row() {
    let (mut ledger, _) = store(NativeSql::in_memory().unwrap());
    let plan = ledger.sql.exec(&format!("EXPLAIN {}", calls::TOUCH), &vec![1i64.into(); 6]).unwrap();
    let count = |opcode: &str| plan.iter().filter(|row| row.text(1).unwrap() == opcode).count();
    assert_eq!((count("Insert"), count("IdxInsert"), count("IdxDelete")), (1, 0, 0));
    // Five callbacks on the same day: the time of the check stays.
    let before = calls::by_listing(&ledger.sql, 1).unwrap().unwrap().check_at;
    assert_eq!(before, Timestamp::parse("2026-11-23T16:00:00Z"));
    for _ in 0..5 {
        ledger.wait(HOUR_MS);
        let rows = changed_rows(&ledger);
        ledger.told(1, &[]);
        assert_eq!(changed_rows(&ledger) - rows, 1);
    }
    assert_eq!(calls::by_listing(&ledger.sql, 1).unwrap().unwrap().check_at, before);
}

#[test]
fn the_alarm_runs_when_the_next_check_is_due() {
    let row = |sql: &NativeSql, listing_no: i64, check_at: Option<i64>| {
        let statement = "INSERT OR REPLACE INTO listing_calls VALUES (?1, 0, 0, 5, 60, '[]', NULL, ?2)";
        sql.exec(statement, &[listing_no.into(), check_at.into()]).unwrap();
    };
    let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
    let (past, soon, later) = (now.ms() - 1, now.ms() + 1, now.ms() + 2);
    for (checks, expected) in [
        (&[][..], None),
        (&[None], None),
        (&[Some(later)], Some(later)),
        (&[Some(later), Some(soon)], Some(soon)),
        (&[None, Some(later), Some(past), Some(soon)], Some(past)),
    ] {
        let ledger = Ledger::new();
        for (listing_no, check_at) in (1..).zip(checks) {
            row(&ledger.sql, listing_no, *check_at);
        }
        assert_eq!(outbox::next_due(&ledger.sql, now).unwrap(), expected, "{checks:?}");
    }
}

#[test]
fn nothing_is_found_while_the_secrets_of_the_worker_are_missing() {
    let (mut ledger, listing) = store(NativeSql::in_memory().unwrap());
    ledger.wait(DAY_MS - 1);
    ledger_calls::put_off(&ledger.sql, ledger.now).unwrap();
    assert_eq!(calls::due(&ledger.sql, ledger.now.plus_ms(1), 9).unwrap().len(), 1);
    ledger.wait(1);
    ledger_calls::put_off(&ledger.sql, ledger.now).unwrap();
    ledger.watch_listings();
    assert_eq!(health(&mut ledger, &listing)["silent_since"], Json::Null);
    ledger.wait(HOUR_MS);
    ledger.watch_listings();
    assert_eq!(health(&mut ledger, &listing)["silent_since"], json!("2026-11-23T16:00:00.000Z"));
}

#[test]
fn refused_callbacks_are_counted_by_reason_for_this_hour_and_the_24_before_it() {
    let mut ledger = Ledger::new();
    let listing = ledger.listing("https://shop.example/buy");
    ledger.listing("https://shop.example/other");
    let add = |ledger: &Ledger, counts: &[(u16, &str, u32)]| {
        let counts: Vec<_> = counts.iter().map(|(no, reason, n)| (*no, (*reason).to_owned(), *n)).collect();
        refusals::add(&ledger.sql, &counts, ledger.now).unwrap();
    };
    let shown = |ledger: &mut Ledger| {
        let health = health(ledger, &listing);
        (health["refused_24h"].clone(), health["refusals"].clone())
    };
    add(&ledger, &[(1, "stale", 2), (2, "stale", 9), (1, "forged", u32::MAX)]);
    add(&ledger, &[(1, "stale", 1)]);
    let forged = json!({"reason": "forged", "count": 4_294_967_295_u32});
    assert_eq!(
        shown(&mut ledger),
        (json!(4_294_967_298_i64), json!([forged, {"reason": "stale", "count": 3}]))
    );
    ledger.wait(24 * HOUR_MS);
    add(&ledger, &[(1, "stale", 5)]);
    assert_eq!(
        shown(&mut ledger),
        (json!(4_294_967_303_i64), json!([forged, {"reason": "stale", "count": 8}]))
    );
    ledger.wait(HOUR_MS - 1);
    assert_eq!(shown(&mut ledger).0, json!(4_294_967_303_i64));
    ledger.wait(1);
    assert_eq!(shown(&mut ledger), (json!(5), json!([{"reason": "stale", "count": 5}])));
    assert_eq!(ledger.rows("listing_refusals"), 4);
    add(&ledger, &[(1, "stale", 1)]);
    assert_eq!(ledger.rows("listing_refusals"), 3, "old rows of the listing are deleted");
    ledger.wait(25 * HOUR_MS);
    assert_eq!(shown(&mut ledger), (json!(0), json!([])));
}
