//! What a report offers besides its sums: hours, two dimensions, names, filled periods, plain days, CSV.

use super::report::{apply, busy, clicks, key, quarter};
use crate::support::{Answer, Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::api::http::message::Request;

/// A Ledger with one click in each of these quarter hours.
fn clicks_at(times: &[&str]) -> Ledger {
    let mut ledger = Ledger::new();
    ledger.scenario(1_000);
    let rows: Vec<Json> = times.iter().map(|text| json!([1, quarter(text), "DE", 1, 0, 1, 1])).collect();
    apply(&ledger, 0, 1, times[times.len() - 1], &json!(rows)).unwrap();
    ledger
}

#[test]
fn hours_are_local_and_the_same_hour_may_come_twice() {
    // Berlin's clocks go back at 01:00Z, from 03:00 to 02:00.
    let mut ledger = clicks_at(&[
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-25T01:45:00Z",
        "2026-10-25T02:00:00Z",
    ]);
    let report = ledger.get("/v1/attribution?group_by=hour&timezone=Europe/Berlin");
    let expected = [
        ("2026-10-25T02:00:00+02:00", 1),
        ("2026-10-25T02:00:00+01:00", 2),
        ("2026-10-25T03:00:00+01:00", 1),
    ];
    assert_eq!(clicks(&report), expected.map(|(text, count)| key(text, count)));
    // An hour of Kathmandu begins a quarter after that of UTC.
    let report = ledger.get("/v1/attribution?group_by=hour&timezone=Asia/Kathmandu");
    assert_eq!(clicks(&report), [key("2026-10-25T06:00:00+05:45", 2), key("2026-10-25T07:00:00+05:45", 2)]);
}

#[test]
fn periods_without_data_are_filled_on_request() {
    let mut ledger = clicks_at(&["2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"]);
    let get = |ledger: &mut Ledger, query: &str| clicks(&ledger.get(&format!("/v1/attribution?{query}")));
    let days = [key("2026-03-28", 1), key("2026-03-29", 0), key("2026-03-30", 1)];
    assert_eq!(get(&mut ledger, "fill=true"), days);
    assert_eq!(get(&mut ledger, "fill=false"), [days[0].clone(), days[2].clone()]);
    // A period that is asked for is filled to its ends, even where nothing ever happened.
    let query = "fill=true&timezone=Europe/Berlin&from=2026-03-29&to=2026-04-01";
    assert_eq!(get(&mut ledger, query), [key("2026-03-29", 0), key("2026-03-30", 1), key("2026-03-31", 0)]);
    assert_eq!(
        get(&mut ledger, "fill=true&from=2020-02-28&to=2020-03-01"),
        [key("2020-02-28", 0), key("2020-02-29", 0)]
    );
    // That day in Berlin has 23 hours.
    let hours =
        get(&mut ledger, "fill=true&group_by=hour&timezone=Europe/Berlin&from=2026-03-29&to=2026-03-30");
    assert_eq!(
        (hours.len(), hours[1].0.as_deref(), hours[2].0.as_deref()),
        (23, Some("2026-03-29T01:00:00+01:00"), Some("2026-03-29T03:00:00+02:00"))
    );
    assert_eq!(
        get(&mut ledger, "fill=true&group_by=month&from=2025-12-31&to=2026-02-01"),
        [key("2025-12", 0), key("2026-01", 0)]
    );
    assert_eq!(
        get(&mut ledger, "fill=true&group_by=week&from=2025-12-28&to=2026-01-05"),
        [key("2025-W52", 0), key("2026-W01", 0)]
    );
    // Other dimensions have nothing to fill.
    assert_eq!(get(&mut ledger, "fill=true&group_by=country"), [key("DE", 2)]);
    assert_eq!(clicks(&Ledger::new().get("/v1/attribution?fill=true")), []);
    for query in ["from=1970-01-01&to=9999-12-31", "group_by=hour&from=2020-01-01&to=2026-01-01"] {
        let refused = ledger.get(&format!("/v1/attribution?fill=true&{query}"));
        assert_eq!(refused.problem(), (422, "out_of_range".to_owned()), "{query}");
    }
    assert_eq!(ledger.get("/v1/attribution?fill=yes").problem(), (400, "invalid_parameter".to_owned()));
}

#[test]
fn two_dimensions_add_up_to_one() {
    let (mut ledger, ada, bob) = busy();
    for (one, other) in
        [("day", "link"), ("link", "day"), ("hour", "partner"), ("country", "device"), ("campaign", "month")]
    {
        let both = ledger.get(&format!("/v1/attribution?group_by={one},{other}"));
        assert_eq!(both.status, 200, "{}", both.raw.body);
        let single = ledger.get(&format!("/v1/attribution?group_by={one}"));
        assert_eq!(both.json["totals"], single.json["totals"]);
        for row in single.json["data"].as_array().unwrap() {
            let parts =
                both.json["data"].as_array().unwrap().iter().filter(|part| part["keys"][one] == row["key"]);
            let sum: i64 = parts
                .map(|part| part["clicks"].as_i64().unwrap() * 1_000 + part["sales"].as_i64().unwrap())
                .sum();
            assert_eq!(
                sum,
                row["clicks"].as_i64().unwrap() * 1_000 + row["sales"].as_i64().unwrap(),
                "{one},{other} {row}"
            );
        }
    }
    let rows = ledger
        .get("/v1/attribution?group_by=day,partner&fill=true&from=2026-11-21&to=2026-11-23")
        .json["data"]
        .take();
    let found: Vec<(&str, Option<&str>, i64)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            assert_eq!(row["key"], row["keys"]["day"]);
            (row["key"].as_str().unwrap(), row["keys"]["partner"].as_str(), row["clicks"].as_i64().unwrap())
        })
        .collect();
    let mut partners = [(Some(ada.partner.as_str()), 18), (Some(bob.partner.as_str()), 11)];
    partners.sort_unstable();
    let expected: Vec<(&str, Option<&str>, i64)> = [("2026-11-21", 0), ("2026-11-22", 1)]
        .into_iter()
        .flat_map(|(day, times)| {
            [(None, 0), partners[0], partners[1]].map(|(partner, clicks)| (day, partner, clicks * times))
        })
        .collect();
    assert_eq!(found, expected);
    for groups in ["day,week", "day,day", "day,link,partner", "day,", ",day", "day;link", "", "year"] {
        let refused = ledger.get(&format!("/v1/attribution?group_by={groups}"));
        assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{groups}");
    }
}

#[test]
fn names_stand_beside_ids_on_request() {
    let (mut ledger, ada, bob) = busy();
    assert_eq!(ledger.patch(&format!("/v1/links/{}", ada.link), &json!({"slug": "ada-slug"})).status, 200);
    let named = |ledger: &mut Ledger, key: &str, group: &str| -> Vec<Json> {
        let target = format!("/v1/attribution?group_by={group}&expand=names");
        let report = ledger.call(key, "GET", &target, "", None);
        assert_eq!(report.status, 200, "{}", report.raw.body);
        report.json["data"].as_array().unwrap().iter().map(|row| row["names"].clone()).collect()
    };
    let partners = named(&mut ledger, OPERATOR, "partner");
    assert_eq!(partners, [json!({"partner": null}), json!({"partner": "Ada"}), json!({"partner": "Ada"})]);
    let mut links = named(&mut ledger, OPERATOR, "link")
        .iter()
        .map(|names| names["link"].to_string())
        .collect::<Vec<_>>();
    links.sort_unstable();
    assert_eq!(links, ["\"ada-slug\"", "\"spring\"", "null", "null"]);
    assert_eq!(named(&mut ledger, OPERATOR, "day"), [json!({})]);
    let key = ledger.key(&["read"], Some(&bob.partner));
    assert_eq!(named(&mut ledger, &key, "day,listing"), [json!({"listing": "Shop"})]);
    assert_eq!(ledger.get("/v1/attribution?expand=all").problem(), (422, "invalid_value".to_owned()));
    assert_eq!(ledger.get("/v1/attribution?group_by=partner").json["data"][0].get("names"), None);
}

#[test]
fn plain_days_begin_at_midnight_of_the_zone() {
    for (zone, day, midnight) in [
        ("UTC", "2026-11-22", "2026-11-22T00:00:00Z"),
        ("Europe/Berlin", "2026-11-22", "2026-11-21T23:00:00Z"),
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"),
        ("America/New_York", "2026-11-22", "2026-11-22T05:00:00Z"),
        ("Asia/Kathmandu", "2026-11-22", "2026-11-21T18:15:00Z"),
        ("Pacific/Kiritimati", "2026-11-22", "2026-11-21T10:00:00Z"),
        ("Etc/GMT+12", "2026-11-22", "2026-11-22T12:00:00Z"),
        // Midnight itself does not exist: clocks go from 00:00 to 01:00.
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),
    ] {
        let before =
            signpost::domain::values::time::Timestamp::parse(midnight).unwrap().plus_ms(-900_000).to_string();
        let mut ledger = clicks_at(&[&before, midnight]);
        for (query, expected) in
            [(format!("from={day}"), 1), (format!("to={day}"), 1), (format!("from={midnight}&to={day}"), 0)]
        {
            let report = ledger.get(&format!("/v1/attribution?timezone={zone}&{query}"));
            assert_eq!(report.json["totals"]["clicks"], expected, "{zone} {query}: {}", report.raw.body);
        }
        assert_eq!(
            clicks(&ledger.get(&format!("/v1/attribution?timezone={zone}&from={day}"))),
            [key(day, 1)],
            "{zone}"
        );
    }
    let mut ledger = Ledger::new();
    assert_eq!(
        ledger.get("/v1/attribution?from=2026-02-30").problem(),
        (400, "invalid_parameter".to_owned())
    );
    assert_eq!(
        ledger.get("/v1/attribution?from=2026-01-02&to=2026-01-01").problem(),
        (422, "out_of_range".to_owned())
    );
}

fn send(ledger: &mut Ledger, path: &str, query: &str, accept: Option<&str>, tag: Option<&str>) -> Answer {
    let authorization = format!("Bearer {OPERATOR}");
    ledger.send(Request {
        method: "GET",
        path,
        query,
        authorization: Some(&authorization),
        if_none_match: tag,
        accept,
        base_url: "https://go.example.com",
        ..Request::default()
    })
}

#[test]
fn the_report_is_csv_by_accept_and_by_its_name() {
    let (mut ledger, ada, _) = busy();
    assert_eq!(
        ledger.patch(&format!("/v1/partners/{}", ada.partner), &json!({"name": "=Ada, \"A\""})).status,
        200
    );
    let lead = ledger.get("/v1/conversions?type=lead").text("/data/0/id");
    let qualified = ledger.post(&format!("/v1/conversions/{lead}/qualify"), &json!({"status": "qualified"}));
    assert_eq!(qualified.status, 200, "{}", qualified.raw.body);
    let query = format!("partner_id={}&group_by=partner,country&expand=names", ada.partner);
    let by_name = send(&mut ledger, "/v1/attribution.csv", &query, None, None);
    assert_eq!(by_name.raw.header("content-type"), Some("text/csv; charset=utf-8"));
    let columns = "partner,partner_name,country,clicks,unique_clicks,duplicate,bot,prefetch,expired,revoked,invalid,leads,\
                   qualified_leads,installs,sales,revenue_EUR,revenue_USD,refunds_EUR,refunds_USD,commission_EUR,commission_USD\r\n";
    let row = |rest: &str| format!("{},\"'=Ada, \"\"A\"\"\",{rest}\r\n", ada.partner);
    let expected = [
        columns.to_owned(),
        row(",0,0,0,0,1,0,0,0,0,0,0,0,,,,,,"),
        row("DE,5,3,2,0,0,0,0,0,1,1,0,1,10.00,,5.00,,0.50,"),
        row("FR,0,0,0,7,0,0,0,0,0,0,0,0,,,,,,"),
        row("US,13,1,0,0,0,6,0,0,0,0,0,1,,5.00,,0.00,,0.50"),
    ]
    .concat();
    assert_eq!(by_name.raw.body, expected);
    let by_accept = send(&mut ledger, "/v1/attribution", &query, Some("text/csv"), None);
    assert_eq!(by_accept.raw, by_name.raw);
    let tag = by_name.raw.header("etag").unwrap().to_owned();
    assert_eq!(send(&mut ledger, "/v1/attribution", &query, Some("text/csv"), Some(&tag)).status, 304);
    let json = send(&mut ledger, "/v1/attribution", &query, Some("application/json"), Some(&tag));
    assert_eq!((json.status, json.raw.header("content-type")), (200, Some("application/json")));
    assert_eq!(json.raw.header("vary"), Some("accept, authorization"));
}

#[test]
fn every_list_and_report_answers_304_to_a_reader_who_has_it() {
    let (mut ledger, ada, _) = busy();
    for list in [
        "keys",
        "partners",
        "listings",
        "links",
        "coupons",
        "conversions",
        "commissions",
        "placements",
        "callbacks",
        "events",
        "fx",
        "payouts",
        "payouts/runs",
        "balances",
        "ledger/trial-balance",
        "attribution",
        "attribution.csv",
    ] {
        let path = format!("/v1/{list}");
        let first = send(&mut ledger, &path, "", None, None);
        assert_eq!(
            (first.status, first.raw.header("cache-control")),
            (200, Some("private, no-transform")),
            "{list}"
        );
        let tag = first.raw.header("etag").unwrap_or_else(|| panic!("{list} has no tag")).to_owned();
        let again = send(&mut ledger, &path, "", None, Some(&tag));
        assert_eq!(
            (again.status, again.raw.body.as_str(), again.raw.header("etag")),
            (304, "", Some(tag.as_str())),
            "{list}"
        );
    }
    let tag = send(&mut ledger, "/v1/partners", "", None, None).raw.header("etag").unwrap().to_owned();
    assert_eq!(ledger.patch(&format!("/v1/partners/{}", ada.partner), &json!({"name": "Grace"})).status, 200);
    assert_eq!(send(&mut ledger, "/v1/partners", "", None, Some(&tag)).status, 200);
}
