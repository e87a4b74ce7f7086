//! Lists: pages stay stable while rows are added, a cursor is valid for one list only, and events allow incremental
//! sync.

use crate::support::{Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::api::{http::auth::Access, routes::ROUTES};
use std::collections::BTreeSet;

/// Routes that answer `{"data", "next_cursor"}`.
const LISTS: [&str; 11] = [
    "/v1/keys",
    "/v1/partners",
    "/v1/listings",
    "/v1/links",
    "/v1/coupons",
    "/v1/conversions",
    "/v1/commissions",
    "/v1/placements",
    "/v1/callbacks",
    "/v1/events",
    "/v1/webhooks",
];

/// Adds one row to every list.
fn add_one(ledger: &mut Ledger, n: usize) {
    ledger.key(&["read"], None);
    let scenario = ledger.scenario(1_000);
    ledger.post("/v1/coupons", &json!({"code": format!("CODE-{n}"), "partner_id": scenario.partner}));
    ledger.kept(1, &format!("callback {n}"));
    ledger.post("/v1/webhooks", &json!({"url": "https://hooks.example.com/", "events": ["link.created"]}));
    let click = ledger.click(scenario.link_no);
    ledger.sale(&format!("o-{n}"), &click, 100);
    let placement = serde_json::json!({"partner_id": scenario.partner, "kind": "post", "title": "T",
        "external_id": format!("p-{n}"), "fee": {"amount": 1, "currency": "EUR"}});
    assert_eq!(ledger.post("/v1/placements", &placement).status, 201);
}

fn ids(page: &Json) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_list_of_the_table_is_tested_here() {
    let mut ledger = Ledger::new();
    let plain = ROUTES.iter().filter(|route| route.method == "GET" && !route.path.contains('{'));
    let lists: BTreeSet<&str> = plain
        .map(|route| route.path)
        .filter(|path| ledger.get(path).json.get("next_cursor").is_some())
        .collect();
    // Runs, payouts and rates are not made by one request: `tests/native/payouts/lists.rs` walks their pages.
    let others = ["/v1/fx", "/v1/payouts", "/v1/payouts/runs"];
    assert_eq!(lists, LISTS.into_iter().chain(others).collect());
}

#[test]
fn pages_are_stable_while_rows_are_added() {
    for list in LISTS {
        let mut ledger = Ledger::new();
        (0..5).for_each(|n| add_one(&mut ledger, n));
        let whole = ids(&ledger.get(&format!("{list}?limit=200")).json);
        let mut walked = Vec::new();
        let mut cursor = String::new();
        for n in 0.. {
            let page = ledger.get(&format!("{list}?limit=2&cursor={cursor}")).json;
            assert!(page["data"].as_array().unwrap().len() <= 2);
            walked.extend(ids(&page));
            match page["next_cursor"].as_str() {
                // The rows added here would never end the sync, so it stops after the rows that existed before.
                Some(next) if walked.len() < whole.len() => cursor = next.to_owned(),
                _ => break,
            }
            add_one(&mut ledger, 100 + n);
        }
        walked.truncate(whole.len());
        assert_eq!(walked, whole, "{list}");
    }
}

#[test]
fn lists_are_newest_first_and_events_oldest_first() {
    for list in LISTS {
        let mut ledger = Ledger::new();
        for n in 0..3 {
            add_one(&mut ledger, n);
            ledger.wait(1_000);
        }
        let page = ledger.get(list).json;
        let times: Vec<String> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["created_at"].as_str().unwrap().to_owned())
            .collect();
        let mut sorted = times.clone();
        sorted.sort();
        if list != "/v1/events" {
            sorted.reverse();
        }
        assert_eq!(times, sorted, "{list}");
        assert_eq!(page["next_cursor"], Json::Null);
    }
}

#[test]
fn the_last_page_has_no_cursor_even_if_it_is_full() {
    for list in LISTS {
        let mut ledger = Ledger::new();
        (0..2).for_each(|n| add_one(&mut ledger, n));
        let rows = ids(&ledger.get(list).json).len();
        let full = ledger.get(&format!("{list}?limit={rows}")).json;
        assert_eq!((ids(&full).len(), &full["next_cursor"]), (rows, &Json::Null), "{list}");
        let short = ledger.get(&format!("{list}?limit={}", rows - 1)).json;
        assert_eq!(ids(&short).len(), rows - 1);
        let cursor = short["next_cursor"].as_str().unwrap();
        assert_eq!(
            ids(&ledger.get(&format!("{list}?cursor={cursor}")).json),
            ids(&full)[rows - 1..],
            "{list}"
        );
    }
}

#[test]
fn a_page_has_fifty_rows_by_default_and_at_most_two_hundred() {
    let mut ledger = Ledger::new();
    for n in 0..201 {
        ledger.partner(&format!("P{n}"), None);
    }
    for (query, rows) in [("", 50), ("?limit=1", 1), ("?limit=200", 200)] {
        assert_eq!(ids(&ledger.get(&format!("/v1/partners{query}")).json).len(), rows);
    }
    for (limit, status, code) in [
        ("0", 422, "out_of_range"),
        ("201", 422, "out_of_range"),
        ("-1", 422, "out_of_range"),
        ("", 400, "invalid_parameter"),
        ("1.5", 400, "invalid_parameter"),
        ("many", 400, "invalid_parameter"),
        ("99999999999999999999", 400, "invalid_parameter"),
    ] {
        for list in LISTS {
            let refused = ledger.get(&format!("{list}?limit={limit}"));
            assert_eq!(refused.problem(), (status, code.to_owned()), "{list}?limit={limit}");
        }
    }
}

#[test]
fn a_cursor_is_valid_for_one_list_and_one_caller() {
    let mut ledger = Ledger::new();
    (0..3).for_each(|n| add_one(&mut ledger, n));
    let partner = ledger.get("/v1/partners").text("/data/0/id");
    let listing = ledger.get("/v1/listings").text("/data/0/id");
    (0..2).for_each(|_| drop(ledger.link(&partner, &listing)));
    let key = ledger.key(&["admin"], Some(&partner));
    let mut cursors: Vec<(String, &str, String)> = Vec::new();
    for list in LISTS {
        let cursor = ledger.get(&format!("{list}?limit=1")).text("/next_cursor");
        cursors.push((OPERATOR.to_owned(), list, cursor));
    }
    for list in ["/v1/links", "/v1/events"] {
        let cursor = ledger.call(&key, "GET", &format!("{list}?limit=1"), "", None).text("/next_cursor");
        cursors.push((key.clone(), list, cursor));
    }
    for (owner, of, cursor) in &cursors {
        for caller in [OPERATOR, &key] {
            for list in LISTS {
                let partners =
                    ROUTES.iter().any(|route| route.path == list && route.access == Access::Partner);
                if caller == key && !partners {
                    continue;
                }
                let answer = ledger.call(caller, "GET", &format!("{list}?cursor={cursor}"), "", None);
                if (owner.as_str(), *of) == (caller, list) {
                    assert_eq!(answer.status, 200);
                } else {
                    assert_eq!(answer.problem(), (422, "cursor_mismatch".to_owned()), "{of} in {list}");
                }
            }
        }
    }
    for list in LISTS {
        let good = ledger.get(&format!("{list}?limit=1")).text("/next_cursor");
        // A valid cursor with its position changed to 2^63 − 1, and to −1.
        let beyond = format!("{}{}", &good[..9], "X__________");
        for bad in
            ["x", "AAAA", &good[1..], &format!("{good}A"), &format!("{good}="), "%F0%9F%A6%80", &beyond]
        {
            let refused = ledger.get(&format!("{list}?cursor={bad}"));
            let (status, code) = refused.problem();
            assert!(
                [(400, "invalid_cursor"), (422, "cursor_mismatch")].contains(&(status, code.as_str())),
                "{list} {bad}: {status} {code}"
            );
        }
    }
}

#[test]
fn a_forged_cursor_is_refused_without_a_look_up() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut ledger = Ledger::new();
    (0..2).for_each(|n| add_one(&mut ledger, n));
    for list in LISTS {
        let good = ledger.get(&format!("{list}?limit=1")).text("/next_cursor");
        let tag = URL_SAFE_NO_PAD.decode(good).unwrap()[..7].to_vec();
        for (position, status) in [
            (0, 200),
            (9_007_199_254_740_991, 200),
            (9_007_199_254_740_992, 400),
            (i64::MAX, 400),
            (-1, 400),
            (i64::MIN, 400),
        ] {
            let cursor = URL_SAFE_NO_PAD.encode([tag.as_slice(), &position.to_be_bytes()].concat());
            assert_eq!(ledger.get(&format!("{list}?cursor={cursor}")).status, status, "{list} at {position}");
        }
    }
}

#[test]
fn a_sync_by_cursor_returns_every_event_once() {
    let mut ledger = Ledger::new();
    let mut seen = Vec::new();
    let mut after = String::new();
    for n in 0..10 {
        add_one(&mut ledger, n);
        let page = ledger.get(&format!("/v1/events?after={after}&limit=3")).json;
        seen.extend(ids(&page));
        // Every page of events has a cursor, so that a sync that has caught up keeps its position.
        if let Some(last) = page["data"].as_array().unwrap().last() {
            after = last["cursor"].as_str().unwrap().to_owned();
        }
    }
    loop {
        let page = ledger.get(&format!("/v1/events?after={after}&limit=7")).json;
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let mut walk = ids(&ledger.get("/v1/events?limit=200").json);
    assert_eq!(seen, walk);
    assert_eq!(i64::try_from(walk.len()).unwrap(), ledger.rows("events"));
    walk.dedup();
    assert_eq!(seen.len(), walk.len());
}

#[test]
fn every_change_has_an_event_and_reads_have_none() {
    let mut ledger = Ledger::new();
    ledger.put("/v1/program", &json!({"name": "P", "hold_days": 1}));
    let scenario = ledger.scenario(1_000);
    ledger.patch(&format!("/v1/partners/{}", scenario.partner), &json!({"name": "A"}));
    ledger.patch(&format!("/v1/listings/{}", scenario.listing), &json!({"name": "A"}));
    let link = json!({"partner_id": scenario.partner, "listing_id": scenario.listing});
    ledger.post("/v1/links/bulk", &json!({"links": [link, link]}));
    ledger.post(&format!("/v1/links/{}/revoke", scenario.link), &json!({}));
    let key = ledger.post("/v1/keys", &json!({"name": "K", "scopes": ["read"]})).text("/id");
    ledger.delete(&format!("/v1/keys/{key}"));
    let click = ledger.click(scenario.link_no);
    let sale = ledger.sale("o-1", &click, 100).text("/id");
    ledger.post("/v1/conversions", &json!({"type": "lead", "external_id": "l-1", "click_id": click}));
    ledger.post(&format!("/v1/conversions/{sale}/refunds"), &json!({"external_id": "r", "amount": 10}));
    ledger.wait(86_400_000);
    for list in LISTS {
        ledger.get(list);
    }
    let events = ledger.get("/v1/events?limit=200").json;
    let types: Vec<_> =
        events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "program.updated",
            "partner.created",
            "listing.created",
            "link.created",
            "partner.updated",
            "listing.updated",
            "link.created",
            "link.created",
            "link.revoked",
            "key.created",
            "key.revoked",
            "conversion.created",
            "commission.created",
            "conversion.created",
            "refund.created",
            "commission.reversed",
            "commission.payable",
        ]
    );
    // The commission's own events go to its partner; the programme's do not.
    let own = ledger.key(&["read"], Some(&scenario.partner));
    let events = ledger.call(&own, "GET", "/v1/events?limit=200", "", None).json;
    let types: Vec<_> =
        events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "partner.created",
            "link.created",
            "partner.updated",
            "link.created",
            "link.created",
            "link.revoked",
            "conversion.created",
            "commission.created",
            "conversion.created",
            "refund.created",
            "commission.reversed",
            "commission.payable",
        ]
    );
}
