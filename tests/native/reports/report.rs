//! The attribution report: every sum, every grouping, every time zone.

use crate::support::{Answer, Ledger, Scenario};
use serde_json::{Value as Json, json};
use signpost::{
    domain::{
        clicks::click::{Class, ClickId, Country, Device},
        values::time::Timestamp,
    },
    store::{
        reports::counts::{self, DeltasError},
        transaction,
    },
};

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Applies count deltas as the Ledger object does.
pub fn apply(ledger: &Ledger, shard: u8, seq: i64, through: &str, rows: &Json) -> Result<i64, DeltasError> {
    let text = json!({"shard": shard, "seq": seq, "through_ms": at(through).ms(), "rows": rows}).to_string();
    transaction(&ledger.sql, || counts::apply(&ledger.sql, &text))
}

pub fn quarter(text: &str) -> i64 {
    at(text).quarter()
}

/// Group keys with their human clicks.
pub fn clicks(report: &Answer) -> Vec<(Option<String>, i64)> {
    assert_eq!(report.status, 200, "{}", report.raw.body);
    let row = |row: &Json| (row["key"].as_str().map(str::to_owned), row["clicks"].as_i64().unwrap());
    report.json["data"].as_array().unwrap().iter().map(row).collect()
}

pub fn key(text: &str, clicks: i64) -> (Option<String>, i64) {
    (Some(text.to_owned()), clicks)
}

fn sale(
    ledger: &mut Ledger,
    id: &str,
    click: Option<&str>,
    occurred_at: &str,
    amount: i64,
    currency: &str,
) -> String {
    let answer = ledger.post(
        "/v1/conversions",
        &json!({
            "type": "sale", "external_id": id, "click_id": click, "amount": amount, "currency": currency,
            "occurred_at": occurred_at
        }),
    );
    assert_eq!(answer.status, 201, "{}", answer.raw.body);
    answer.text("/id")
}

/// A click with its own country and device.
fn click_from(ledger: &Ledger, link_no: u32, country: &str, device: Device) -> String {
    let click = ClickId {
        at: ledger.now,
        link_no,
        shard: 0,
        country: Country::parse(country),
        device,
        class: Class::Human,
        gpc: false,
        random: [1, 2, 3, 4],
    };
    click.mint(&ledger.ring).unwrap()
}

/// Ada with two links (one in a campaign), Bob with one, clicks in every bucket, sales in two currencies.
pub fn busy() -> (Ledger, Scenario, Scenario) {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let bob = ledger.scenario(2_000);
    let body = json!({"partner_id": ada.partner, "listing_id": bob.listing, "campaign": "spring"});
    assert_eq!(ledger.post("/v1/links", &body).status, 201);
    let q = quarter("2026-11-22T10:00:00Z");
    let rows = json!([
        [1, q, "DE", 2, 0, 5, 3],
        [1, q, "DE", 2, 1, 2, 0],
        [1, q, "FR", 1, 2, 7, 0],
        [1, q, "", 0, 3, 1, 0],
        [2, q, "DE", 1, 0, 11, 9],
        [2, q, "DE", 1, 4, 4, 0],
        [3, q + 1, "US", 3, 0, 13, 1],
        [3, q + 1, "US", 3, 5, 6, 0],
        [0, q, "DE", 2, 6, 17, 0]
    ]);
    assert_eq!(apply(&ledger, 0, 1, "2026-11-22T10:20:00Z", &rows).unwrap(), 1);
    let adas = click_from(&ledger, 1, "DE", Device::Mobile);
    let springs = click_from(&ledger, 3, "US", Device::Tablet);
    let bobs = click_from(&ledger, 2, "XX", Device::Unknown);
    ledger.wait(60_000);
    let first = sale(&mut ledger, "o-1", Some(&adas), "2026-11-22T12:00:00Z", 1_000, "EUR");
    sale(&mut ledger, "o-2", Some(&springs), "2026-11-22T12:00:30Z", 500, "USD");
    sale(&mut ledger, "o-3", Some(&bobs), "2026-11-22T12:00:30Z", 300, "EUR");
    sale(&mut ledger, "o-4", None, "2026-11-22T12:00:30Z", 70, "EUR");
    ledger.post("/v1/conversions", &json!({"type": "lead", "external_id": "l", "click_id": adas}));
    ledger.post("/v1/conversions", &json!({"type": "install", "external_id": "i", "click_id": bobs}));
    let target = format!("/v1/conversions/{first}/refunds");
    assert_eq!(ledger.post(&target, &json!({"external_id": "r", "amount": 500})).status, 201);
    (ledger, ada, bob)
}

fn eur(amount: i64) -> Json {
    json!({"amount": amount, "currency": "EUR"})
}

fn usd(amount: i64) -> Json {
    json!({"amount": amount, "currency": "USD"})
}

#[test]
fn every_bucket_and_every_sum_is_reported_in_its_group() {
    let (mut ledger, ada, _) = busy();
    let totals = ledger.get("/v1/attribution").json["totals"].clone();
    assert_eq!(
        totals,
        json!({
            "clicks": 29, "unique_clicks": 13,
            "filtered": {"duplicate": 2, "bot": 7, "prefetch": 1, "expired": 6, "revoked": 4, "invalid": 17},
            "leads": 1, "qualified_leads": 0, "installs": 1, "sales": 4,
            "revenue": [eur(1_370), usd(500)], "refunds": [eur(500), usd(0)], "commission": [eur(110), usd(50)]
        })
    );
    let totals = ledger.get(&format!("/v1/attribution?partner_id={}", ada.partner)).json["totals"].clone();
    assert_eq!(
        totals,
        json!({
            "clicks": 18, "unique_clicks": 4,
            "filtered": {"duplicate": 2, "bot": 7, "prefetch": 1, "expired": 6, "revoked": 0, "invalid": 0},
            "leads": 1, "qualified_leads": 0, "installs": 0, "sales": 2,
            "revenue": [eur(1_000), usd(500)], "refunds": [eur(500), usd(0)], "commission": [eur(50), usd(50)]
        })
    );
}

/// A group's key, clicks and sales.
type Cut<'a> = (Option<&'a str>, i64, i64);

#[test]
fn every_grouping_adds_up_to_the_totals() {
    let (mut ledger, ada, bob) = busy();
    let links: Vec<String> = ledger.get("/v1/links").json["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["id"].as_str().unwrap().to_owned())
        .collect();
    let (spring, bobs) = (&links[0], &links[1]);
    let expected: [(&str, Vec<Cut>); 9] = [
        ("day", vec![(Some("2026-11-22"), 29, 4)]),
        ("week", vec![(Some("2026-W47"), 29, 4)]),
        ("month", vec![(Some("2026-11"), 29, 4)]),
        ("partner", vec![(None, 0, 1), (Some(&ada.partner), 18, 2), (Some(&bob.partner), 11, 1)]),
        ("listing", vec![(None, 0, 1), (Some(&ada.listing), 5, 1), (Some(&bob.listing), 24, 2)]),
        ("link", vec![(None, 0, 1), (Some(&ada.link), 5, 1), (Some(bobs), 11, 1), (Some(spring), 13, 1)]),
        // The country and the device of a sale are those of its click.
        ("country", vec![(None, 0, 2), (Some("DE"), 16, 1), (Some("FR"), 0, 0), (Some("US"), 13, 1)]),
        (
            "device",
            vec![(None, 0, 2), (Some("desktop"), 11, 0), (Some("mobile"), 5, 1), (Some("tablet"), 13, 1)],
        ),
        ("campaign", vec![(None, 16, 3), (Some("spring"), 13, 1)]),
    ];
    let whole = ledger.get("/v1/attribution").json;
    for (group, rows) in expected {
        let report = ledger.get(&format!("/v1/attribution?group_by={group}")).json;
        let mut found: Vec<_> = report["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["key"].as_str(), row["clicks"].as_i64().unwrap(), row["sales"].as_i64().unwrap()))
            .collect();
        found.sort_unstable();
        let mut rows = rows;
        rows.sort_unstable();
        assert_eq!(found, rows, "{group}");
        assert_eq!(report["totals"], whole["totals"], "{group}");
    }
    assert_eq!(ledger.get("/v1/attribution?group_by=day").raw.body, ledger.get("/v1/attribution").raw.body);
}

#[test]
fn filters_narrow_the_report() {
    let (mut ledger, ada, bob) = busy();
    let spring = ledger.get("/v1/links").text("/data/0/id");
    let q = |clicks: i64, sales: i64| (json!(clicks), json!(sales));
    for (query, expected) in [
        (format!("partner_id={}", bob.partner), q(11, 1)),
        (format!("link_id={}", ada.link), q(5, 1)),
        (format!("link_id={spring}"), q(13, 1)),
        (format!("listing_id={}", bob.listing), q(24, 2)),
        (format!("listing_id={}&partner_id={}", bob.listing, ada.partner), q(13, 1)),
        // A link of another partner has no rows in a partner's report.
        (format!("link_id={}&partner_id={}", ada.link, bob.partner), q(0, 0)),
        ("from=2026-11-22T10:15:00Z".to_owned(), q(13, 4)),
        ("to=2026-11-22T10:15:00Z".to_owned(), q(16, 0)),
        ("from=2026-11-22T10:15:00Z&to=2026-11-22T10:30:00Z".to_owned(), q(13, 0)),
        ("from=2026-11-22T11:15:00%2B01:00&to=2026-11-22T11:30:00%2b01:00".to_owned(), q(13, 0)),
        // A plus sign in a query means a blank, and people type it.
        ("from=2026-11-22T11:15:00+01:00&to=2026-11-22T11:30:00+01:00".to_owned(), q(13, 0)),
        ("from=2026-11-22T10:15:00Z&to=2026-11-22T10:15:00Z".to_owned(), q(0, 0)),
        ("from=2027-01-01T00:00:00Z".to_owned(), q(0, 0)),
        ("to=2020-01-01T00:00:00Z".to_owned(), q(0, 0)),
        ("from=1970-01-01T00:00:00Z&to=9999-12-31T23:45:00Z".to_owned(), q(29, 4)),
    ] {
        let report = ledger.get(&format!("/v1/attribution?{query}"));
        let totals = &report.json["totals"];
        assert_eq!(
            (totals["clicks"].clone(), totals["sales"].clone()),
            expected,
            "{query}: {}",
            report.raw.body
        );
    }
}

#[test]
fn local_days_follow_the_zone_and_its_clock_changes() {
    // Quarter hours with one click each, and their day in each time zone.
    for (zone, quarters, expected) in [
        // 23 hours: 2026-03-29 in Berlin lasts from 23:00Z to 22:00Z.
        (
            "Europe/Berlin",
            ["2026-03-28T22:45:00Z", "2026-03-28T23:00:00Z", "2026-03-29T21:45:00Z", "2026-03-29T22:00:00Z"],
            vec![key("2026-03-28", 1), key("2026-03-29", 2), key("2026-03-30", 1)],
        ),
        // 25 hours: 2026-10-25 in Berlin lasts from 22:00Z to 23:00Z.
        (
            "Europe/Berlin",
            ["2026-10-24T21:45:00Z", "2026-10-24T22:00:00Z", "2026-10-25T22:45:00Z", "2026-10-25T23:00:00Z"],
            vec![key("2026-10-24", 1), key("2026-10-25", 2), key("2026-10-26", 1)],
        ),
        (
            "America/New_York",
            ["2026-11-01T03:45:00Z", "2026-11-01T04:00:00Z", "2026-11-02T04:45:00Z", "2026-11-02T05:00:00Z"],
            vec![key("2026-10-31", 1), key("2026-11-01", 2), key("2026-11-02", 1)],
        ),
        // +05:45
        (
            "Asia/Kathmandu",
            ["2026-01-01T18:00:00Z", "2026-01-01T18:15:00Z", "2026-01-02T18:00:00Z", "2026-01-02T18:15:00Z"],
            vec![key("2026-01-01", 1), key("2026-01-02", 2), key("2026-01-03", 1)],
        ),
        // +05:30, and Lord Howe, whose summer time is half an hour
        (
            "Asia/Kolkata",
            ["2026-01-01T18:15:00Z", "2026-01-01T18:30:00Z", "2026-01-02T18:15:00Z", "2026-01-02T18:30:00Z"],
            vec![key("2026-01-01", 1), key("2026-01-02", 2), key("2026-01-03", 1)],
        ),
        (
            "Australia/Lord_Howe",
            ["2026-04-04T12:45:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:15:00Z", "2026-04-05T13:30:00Z"],
            vec![key("2026-04-04", 1), key("2026-04-05", 2), key("2026-04-06", 1)],
        ),
        // Midnight itself does not exist: clocks go from 00:00 to 01:00.
        (
            "Africa/Cairo",
            ["2026-04-23T21:45:00Z", "2026-04-23T22:00:00Z", "2026-04-24T20:45:00Z", "2026-04-24T21:00:00Z"],
            vec![key("2026-04-23", 1), key("2026-04-24", 2), key("2026-04-25", 1)],
        ),
        (
            "UTC",
            ["2026-01-01T23:45:00Z", "2026-01-02T00:00:00Z", "2026-01-02T23:45:00Z", "2026-01-03T00:00:00Z"],
            vec![key("2026-01-01", 1), key("2026-01-02", 2), key("2026-01-03", 1)],
        ),
    ] {
        let mut ledger = Ledger::new();
        ledger.scenario(1_000);
        let rows: Vec<Json> =
            quarters.iter().map(|text| json!([1, quarter(text), "DE", 1, 0, 1, 1])).collect();
        apply(&ledger, 0, 1, quarters[3], &json!(rows)).unwrap();
        let report = ledger.get(&format!("/v1/attribution?timezone={zone}"));
        assert_eq!(clicks(&report), expected, "{zone}");
        // A report of each single day equals that day's row.
        let day =
            ledger.get(&format!("/v1/attribution?timezone={zone}&from={}&to={}", quarters[1], quarters[3]));
        assert_eq!(clicks(&day), expected[1..2], "{zone}");
    }
}

#[test]
fn a_plus_sign_in_a_query_may_be_unescaped() {
    let mut ledger = Ledger::new();
    ledger.scenario(1_000);
    let from = |offset: &str| {
        format!("/v1/attribution?timezone=Etc/GMT{offset}12&from=2026-01-01T00:00:00{offset}05:45")
    };
    let (typed, escaped) = (ledger.get(&from("+")), ledger.get(&from("%2B")));
    assert_eq!((typed.status, escaped.status), (200, 200), "{}", typed.raw.body);
    assert_eq!(typed.json, escaped.json);
}

#[test]
fn weeks_are_iso_weeks_and_months_are_calendar_months() {
    let mut ledger = Ledger::new();
    ledger.scenario(1_000);
    let rows: Vec<Json> =
        ["2026-12-31T12:00:00Z", "2027-01-01T12:00:00Z", "2027-01-03T23:45:00Z", "2027-01-04T00:00:00Z"]
            .iter()
            .map(|text| json!([1, quarter(text), "DE", 1, 0, 1, 1]))
            .collect();
    apply(&ledger, 0, 1, "2027-01-04T00:00:00Z", &json!(rows)).unwrap();
    let week = ledger.get("/v1/attribution?group_by=week");
    assert_eq!(clicks(&week), [key("2026-W53", 3), key("2027-W01", 1)]);
    let month = ledger.get("/v1/attribution?group_by=month");
    assert_eq!(clicks(&month), [key("2026-12", 1), key("2027-01", 3)]);
    // In Auckland, 13 hours ahead, Sunday's last quarter hour is Monday.
    let week = ledger.get("/v1/attribution?group_by=week&timezone=Pacific/Auckland");
    assert_eq!(clicks(&week), [key("2026-W53", 2), key("2027-W01", 2)]);
    // A time zone changes only groups by time.
    for group in ["link", "country"] {
        let (here, there) = (format!("group_by={group}"), format!("group_by={group}&timezone=Asia/Tokyo"));
        assert_eq!(
            ledger.get(&format!("/v1/attribution?{here}")).raw.body,
            ledger.get(&format!("/v1/attribution?{there}")).raw.body
        );
    }
}

#[test]
fn a_refund_is_counted_in_its_sales_own_quarter_hour() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let click = ledger.click(scenario.link_no);
    let id = sale(&mut ledger, "o", Some(&click), "2026-11-22T12:00:00Z", 1_000, "EUR");
    ledger.wait(50 * 86_400_000);
    ledger.post(&format!("/v1/conversions/{id}/refunds"), &json!({"external_id": "r", "amount": 300}));
    let report = ledger.get("/v1/attribution").json;
    assert_eq!(report["data"].as_array().unwrap().len(), 1);
    assert_eq!(report["data"][0]["key"], "2026-11-22");
    assert_eq!(
        (&report["data"][0]["refunds"], &report["data"][0]["commission"]),
        (&json!([eur(300)]), &json!([eur(70)]))
    );
}

#[test]
fn a_report_of_one_partner_costs_the_same_however_many_others_there_are() {
    let (mut ledger, ada, _) = busy();
    let target = format!("/v1/attribution?partner_id={}&group_by=link", ada.partner);
    let cost = |ledger: &mut Ledger| {
        let before = ledger.sql.statements();
        ledger.get(&target);
        ledger.sql.statements() - before
    };
    let few = cost(&mut ledger);
    for _ in 0..50 {
        ledger.scenario(100);
    }
    assert_eq!(cost(&mut ledger), few);
}
