//! An operator qualifies leads. These tests fail if a decision is counted twice, not at all, or elsewhere than the lead; if
//! money moves; if a partner decides or reads the operator's reason; or if a repeated or refused request writes anything.

use super::post;
use crate::http::bad_input::{refuse, world};
use crate::support::{Answer, Ledger, OPERATOR, event};
use serde_json::{Value as Json, json};
use signpost::store::Sql;

const HOUR: i64 = 3_600_000;

/// A lead that names this click, if any.
fn lead(ledger: &mut Ledger, external_id: &str, click: Option<&str>) -> String {
    let body = json!({"type": "lead", "external_id": external_id, "click_id": click, "customer_id": "c-1"});
    post(ledger, &body)["id"].as_str().unwrap().to_owned()
}

fn qualify(ledger: &mut Ledger, lead: &str, body: &Json) -> Answer {
    let answer = ledger.post(&format!("/v1/conversions/{lead}/qualify"), body);
    assert_eq!(answer.status, 200, "{}", answer.raw.body);
    answer
}

/// Key, leads and qualified leads of the report's rows.
fn counts(ledger: &mut Ledger, query: &str) -> Json {
    let report = ledger.get(&format!("/v1/attribution?{query}")).json;
    let rows = report["data"].as_array().unwrap();
    rows.iter().map(|row| json!([row["key"], row["leads"], row["qualified_leads"]])).collect()
}

/// Types of the events, newest last.
fn events(ledger: &mut Ledger, key: &str) -> Vec<Json> {
    let data = ledger.call(key, "GET", "/v1/events?limit=200", "", None).json["data"].take();
    data.as_array().unwrap().clone()
}

/// The rows of a statement, each as its first text.
fn texts(ledger: &Ledger, statement: &str) -> Vec<String> {
    let rows = ledger.sql.exec(statement, &[]).unwrap();
    rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
}

#[test]
fn a_decision_is_shown_recorded_and_counted_once() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let click = ledger.click(ada.link_no);
    let id = lead(&mut ledger, "l-1", Some(&click));
    assert_eq!(ledger.get(&format!("/v1/conversions/{id}")).json["qualification"], Json::Null);
    ledger.wait(HOUR);
    let (yes, no) =
        (json!({"status": "qualified", "reason": "has a budget"}), json!({"status": "unqualified"}));
    let reworded = json!({"status": "qualified", "reason": "has a budget and a date"});
    for (body, leads, qualified, at, event, events_in_all) in [
        // The first decision against a lead changes no count.
        (&no, 1, 0, "13:00", "conversion.unqualified", 1),
        (&yes, 1, 1, "14:00", "conversion.qualified", 2),
        (&reworded, 1, 1, "15:00", "conversion.qualified", 3),
        (&no, 1, 0, "16:00", "conversion.unqualified", 4),
        (&yes, 1, 1, "17:00", "conversion.qualified", 5),
    ] {
        let answer = qualify(&mut ledger, &id, body);
        let expected = json!({"status": body["status"], "reason": body["reason"],
            "at": format!("2026-11-22T{at}:00.000Z")});
        assert_eq!(answer.json["qualification"], expected);
        assert_eq!(ledger.get(&format!("/v1/conversions/{id}")).json, answer.json);
        assert_eq!(ledger.get("/v1/conversions").json["data"][0], answer.json);
        assert_eq!(counts(&mut ledger, "group_by=partner"), json!([[ada.partner, leads, qualified]]));
        ledger.wait(HOUR);
        let again = ledger.unchanged("again", |ledger| qualify(ledger, &id, body));
        assert_eq!(again.raw.body, answer.raw.body);
        let recorded = events(&mut ledger, OPERATOR);
        let last = recorded.last().unwrap();
        let data = json!({"id": id, "type": "lead", "external_id": "l-1", "qualification": expected});
        assert_eq!((&last["type"], &last["data"]), (&json!(event), &data));
        let decisions =
            recorded.iter().filter(|event| event["type"].as_str().unwrap().ends_with("qualified"));
        assert_eq!(decisions.count(), events_in_all);
    }
    assert_eq!(
        texts(&ledger, "SELECT qualification FROM conversions"),
        [r#"{"status":"qualified","reason":"has a budget","at":"2026-11-22T17:00:00.000Z"}"#]
    );
    // The lead's row is the only one.
    let row = "SELECT partner_no || ' ' || link_no || ' ' || country || ' ' || device || ' ' || leads || ' ' || qualified_leads \
               FROM conversion_counts";
    assert_eq!(texts(&ledger, row), ["1 1 DE 2 1 1"]);
}

#[test]
fn reports_count_a_qualified_lead_where_and_when_they_count_the_lead() {
    let mut ledger = Ledger::new();
    let (ada, bob) = (ledger.scenario(1_000), ledger.scenario(1_000));
    let (adas, bobs) = (ledger.click(ada.link_no), ledger.click(bob.link_no));
    let first = lead(&mut ledger, "l-1", Some(&adas));
    lead(&mut ledger, "l-2", Some(&adas));
    let nobodys = json!({"type": "lead", "external_id": "l-3", "occurred_at": "2026-11-22T11:59:59Z"});
    let nobodys = post(&mut ledger, &nobodys)["id"].as_str().unwrap().to_owned();
    let body = json!({"type": "lead", "external_id": "l-4", "click_id": bobs, "customer_id": "c-2"});
    post(&mut ledger, &body);
    let before = ledger.get(&format!("/v1/attribution?partner_id={}", bob.partner)).raw;
    // Decided days later.
    ledger.wait(72 * HOUR);
    for id in [&first, &nobodys] {
        qualify(&mut ledger, id, &json!({"status": "qualified"}));
    }
    assert_eq!(
        counts(&mut ledger, "group_by=hour"),
        json!([["2026-11-22T11:00:00+00:00", 1, 1], ["2026-11-22T12:00:00+00:00", 3, 1]])
    );
    for (group, adas) in [("partner", &ada.partner), ("link", &ada.link), ("listing", &ada.listing)] {
        let bobs = match group {
            "partner" => &bob.partner,
            "link" => &bob.link,
            _ => &bob.listing,
        };
        let mut rows = counts(&mut ledger, &format!("group_by={group}"));
        rows.as_array_mut().unwrap().sort_by_key(Json::to_string);
        let mut expected = vec![json!([adas, 2, 1]), json!([bobs, 1, 0]), json!([null, 1, 1])];
        expected.sort_by_key(Json::to_string);
        assert_eq!(rows, json!(expected), "{group}");
    }
    assert_eq!(counts(&mut ledger, "group_by=country"), json!([[null, 1, 1], ["DE", 3, 1]]));
    assert_eq!(counts(&mut ledger, "group_by=device"), json!([[null, 1, 1], ["mobile", 3, 1]]));
    let two = ledger.get("/v1/attribution?group_by=day,partner").json;
    let of = |partner: Json| {
        let mut rows = two["data"].as_array().unwrap().iter();
        rows.find(|row| row["keys"]["partner"] == partner).unwrap()["qualified_leads"].clone()
    };
    assert_eq!([of(json!(ada.partner)), of(json!(bob.partner)), of(Json::Null)], [1, 0, 1]);
    assert_eq!(two["totals"]["qualified_leads"], 2);
    // The time of the newest data is that of the decision, in the reports that it changes.
    assert_eq!(ledger.get("/v1/attribution").json["complete_through"], "2026-11-25T12:00:00.000Z");
    let after = ledger.get(&format!("/v1/attribution?partner_id={}", bob.partner)).raw;
    assert_eq!((after.header("etag"), &after.body), (before.header("etag"), &before.body));
}

#[test]
fn a_decision_that_changes_no_count_changes_no_report() {
    let mut ledger = Ledger::new();
    let id = lead(&mut ledger, "l-1", None);
    let before = ledger.get("/v1/attribution").raw.body;
    ledger.wait(HOUR);
    qualify(&mut ledger, &id, &json!({"status": "unqualified"}));
    assert_eq!(ledger.get("/v1/attribution").raw.body, before);
}

#[test]
fn a_shared_lead_is_counted_once_under_its_largest_credit() {
    let mut ledger = Ledger::new();
    assert_eq!(ledger.put("/v1/program", &json!({"attribution": {"model": "time_decay"}})).status, 200);
    let (ada, bob) = (ledger.scenario(1_000), ledger.scenario(1_000));
    let older = ledger.click(ada.link_no);
    ledger.wait(24 * HOUR);
    let newer = ledger.click(bob.link_no);
    ledger.trails.insert(newer.clone(), Some(vec![older]));
    ledger.wait(1_000);
    let id = lead(&mut ledger, "l-1", Some(&newer));
    let by_partner = "group_by=partner";
    let row = |partner: &str, leads: i64, qualified: i64| json!([partner, leads, qualified]);
    for (status, qualified) in [("qualified", 1), ("unqualified", 0), ("qualified", 1)] {
        let answer = qualify(&mut ledger, &id, &json!({"status": status, "reason": "a shared one"}));
        assert_eq!(answer.json["attribution"]["credits"].as_array().unwrap().len(), 2);
        let mut rows = counts(&mut ledger, by_partner);
        rows.as_array_mut().unwrap().sort_by_key(|row| row[1].as_i64());
        assert_eq!(rows, json!([row(&ada.partner, 0, 0), row(&bob.partner, 1, qualified)]), "{status}");
        for (partner, leads) in [(&ada.partner, 0), (&bob.partner, 1)] {
            let own = ledger.get(&format!("/v1/attribution?partner_id={partner}")).json["totals"].take();
            assert_eq!(json!([own["leads"], own["qualified_leads"]]), json!([leads, leads * qualified]));
        }
    }
    // Each of them sees the status, and the event is the programme's.
    for partner in [&ada.partner, &bob.partner] {
        let key = ledger.key(&["read"], Some(partner));
        let seen = ledger.call(&key, "GET", &format!("/v1/conversions/{id}"), "", None).json;
        assert_eq!(
            seen["qualification"],
            json!({"status": "qualified", "reason": null, "at": "2026-11-23T12:00:01.000Z"})
        );
        let own = events(&mut ledger, &key);
        assert!(own.iter().all(|event| event["type"] != "conversion.qualified"), "{own:?}");
    }
}

#[test]
fn a_lead_that_is_credited_late_takes_its_decision_along() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let click = ledger.click(ada.link_no);
    ledger.wait(1_000);
    let account = json!({"account": "c-1", "clicks": []});
    ledger.told(1, &[event("installed", "i-0", &account)]);
    let customer = ledger.get("/v1/conversions").json["data"][0]["customer_id"].take();
    let of = |id: &str| json!({"type": "lead", "external_id": id, "customer_id": customer});
    let [first, second] =
        ["l-1", "l-2"].map(|id| post(&mut ledger, &of(id))["id"].as_str().unwrap().to_owned());
    qualify(&mut ledger, &first, &json!({"status": "qualified", "reason": "a secret"}));
    qualify(&mut ledger, &second, &json!({"status": "unqualified"}));
    assert_eq!(counts(&mut ledger, "group_by=partner"), json!([[null, 2, 1]]));
    ledger.told(1, &[event("installed", "i-1", &json!({"account": "c-1", "clicks": [click]}))]);
    assert_eq!(counts(&mut ledger, "group_by=partner"), json!([[ada.partner, 2, 1]]));
    qualify(&mut ledger, &second, &json!({"status": "qualified"}));
    assert_eq!(counts(&mut ledger, "group_by=partner"), json!([[ada.partner, 2, 2]]));
    qualify(&mut ledger, &first, &json!({"status": "unqualified", "reason": "a secret"}));
    assert_eq!(counts(&mut ledger, "group_by=partner"), json!([[ada.partner, 2, 1]]));
    // The event of the credit shows the decision too, and hides the reason from the partner.
    let key = ledger.key(&["read"], Some(&ada.partner));
    for (key, reason) in [(OPERATOR, json!("a secret")), (key.as_str(), Json::Null)] {
        let all = events(&mut ledger, key);
        let credited = all
            .iter()
            .find(|event| event["data"]["id"] == json!(first) && event["type"] == "conversion.credited");
        assert_eq!(credited.unwrap()["data"]["qualification"]["reason"], reason);
        let decided = all.iter().rfind(|event| event["type"] == "conversion.unqualified").unwrap();
        assert_eq!(decided["data"]["qualification"]["reason"], reason);
    }
    let body = ledger.call(&key, "GET", "/v1/conversions", "", None).raw.body;
    assert!(body.contains("unqualified") && !body.contains("a secret"), "{body}");
}

#[test]
fn no_money_moves_and_a_rejected_or_refunded_lead_is_still_decided_on() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let click = ledger.click(ada.link_no);
    let body =
        json!({"type": "lead", "external_id": "l-1", "click_id": click, "amount": 2_000, "currency": "EUR"});
    let made = post(&mut ledger, &body);
    let (id, commission) = (made["id"].as_str().unwrap(), made["commissions"][0].clone());
    assert_eq!((&commission["amount"], &commission["status"]), (&json!(200), &json!("pending")));
    let books =
        |ledger: &Ledger| (ledger.rows("transfers"), ledger.rows("commissions"), ledger.rows("refunds"));
    let before = books(&ledger);
    for status in ["qualified", "unqualified"] {
        let answer = qualify(&mut ledger, id, &json!({"status": status}));
        assert_eq!(answer.json["commissions"][0], commission);
    }
    assert_eq!(books(&ledger), before);
    let reject = format!("/v1/commissions/{}/reject", commission["id"].as_str().unwrap());
    assert_eq!(ledger.post(&reject, &json!({"note": "n"})).json["status"], "reversed");
    qualify(&mut ledger, id, &json!({"status": "qualified"}));
    // A refund does not count the decision again.
    for (n, status, qualified) in [(1, "unqualified", 1), (2, "qualified", 0)] {
        let refund = json!({"external_id": format!("r-{n}"), "amount": 1_000});
        assert_eq!(ledger.post(&format!("/v1/conversions/{id}/refunds"), &refund).status, 201);
        assert_eq!(counts(&mut ledger, "group_by=partner"), json!([[ada.partner, 1, qualified]]));
        qualify(&mut ledger, id, &json!({"status": status}));
        assert_eq!(counts(&mut ledger, "group_by=partner"), json!([[ada.partner, 1, 1 - qualified]]));
    }
    ledger.audit();
}

#[test]
fn only_the_programmes_keys_decide() {
    let mut world = world();
    let target = format!("/v1/conversions/{}/qualify", world.lead);
    let body = r#"{"status":"qualified"}"#;
    let partner = world.scenario.partner.clone();
    for (scopes, of, expected) in [
        (&["conversions:write"][..], Some(partner.as_str()), (404, "not_found")),
        (&["admin"], Some(partner.as_str()), (404, "not_found")),
        (&["read", "links:write", "payouts:write"], Some(partner.as_str()), (403, "insufficient_scope")),
        (&["read", "partners:write", "payouts:write"], None, (403, "insufficient_scope")),
    ] {
        let key = world.ledger.key(scopes, of);
        let answer =
            world.ledger.unchanged("refused", |ledger| ledger.call(&key, "POST", &target, body, None));
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{scopes:?}");
    }
    let page = json!({"name": "Page", "publishable": true, "origins": ["https://shop.example"],
        "scopes": ["leads:report"]});
    let page = world.ledger.post("/v1/keys", &page).text("/key");
    let answer = world.ledger.unchanged("page", |ledger| {
        let authorization = format!("Bearer {page}");
        ledger.send(signpost::api::http::message::Request {
            method: "POST",
            path: &target,
            query: "",
            authorization: Some(&authorization),
            idempotency_key: None,
            origin: Some("https://shop.example"),
            if_none_match: None,
            content_type: None,
            accept: None,
            body: body.as_bytes(),
            base_url: "https://go.example.com",
        })
    });
    assert_eq!(answer.problem(), (403, "insufficient_scope".to_owned()));
    let key = world.ledger.key(&["conversions:write"], None);
    assert_eq!(world.ledger.call(&key, "POST", &target, body, None).status, 200);
    let reads = world.ledger.key(&["read"], Some(&partner));
    let seen = world.ledger.call(&reads, "GET", &format!("/v1/conversions/{}", world.lead), "", None).json;
    assert_eq!(seen["qualification"]["status"], "qualified");
    let own = world.ledger.call(&reads, "GET", "/v1/attribution", "", None).json["totals"].take();
    assert_eq!(own["qualified_leads"], 1);
}

#[test]
fn a_refused_decision_changes_nothing() {
    let mut world = world();
    let target = format!("/v1/conversions/{}/qualify", world.lead);
    for (body, code, pointer) in [
        (json!({}), "missing_field", "/status"),
        (json!({"status": null}), "wrong_type", "/status"),
        (json!({"status": "Qualified"}), "invalid_value", "/status"),
        (json!({"status": "hot"}), "invalid_value", "/status"),
        (json!({"status": true}), "wrong_type", "/status"),
        (json!({"status": "qualified", "reason": ""}), "invalid_text", "/reason"),
        (json!({"status": "qualified", "reason": "x".repeat(501)}), "invalid_text", "/reason"),
        (json!({"status": "qualified", "reason": "a\u{0}b"}), "invalid_text", "/reason"),
        (json!({"status": "qualified", "reason": 5}), "wrong_type", "/reason"),
        (json!({"status": "qualified", "note": "n"}), "unknown_field", "/note"),
    ] {
        refuse(&mut world.ledger, ("POST", &target, body.to_string().as_bytes()), (422, code, pointer));
    }
    let good = br#"{"status":"qualified"}"#;
    for kind in ["sale", "install", "subscription_started", "subscription_renewed", "uninstall"] {
        let body = json!({"type": kind, "external_id": "x", "amount": 1, "currency": "EUR"});
        let id = post(&mut world.ledger, &body)["id"].as_str().unwrap().to_owned();
        let target = format!("/v1/conversions/{id}/qualify");
        refuse(&mut world.ledger, ("POST", &target, good), (422, "not_a_lead", "-"));
        let detail = world.ledger.post(&target, &json!({"status": "qualified"})).text("/detail");
        assert_eq!(detail, format!("The type of this conversion is {kind}; only leads are qualified."));
    }
    for nobody in ["cnv_00000000000000000000000000", "x"] {
        let target = format!("/v1/conversions/{nobody}/qualify");
        refuse(&mut world.ledger, ("POST", &target, good), (404, "not_found", "-"));
    }
    let target = format!("{target}?dry_run=true");
    let answer =
        world.ledger.unchanged("parameter", |ledger| ledger.post(&target, &json!({"status": "qualified"})));
    assert_eq!(answer.problem(), (400, "unknown_parameter".to_owned()));
}

#[test]
fn a_late_retry_does_not_replace_a_newer_decision() {
    let mut ledger = Ledger::new();
    let id = lead(&mut ledger, "l-1", None);
    let target = format!("/v1/conversions/{id}/qualify");
    let mut send = |status: &str, key: &str| {
        let body = json!({"status": status}).to_string();
        ledger.call(OPERATOR, "POST", &target, &body, Some(key))
    };
    let first = send("qualified", "k-1");
    assert_eq!((first.status, first.raw.header("idempotent-replayed")), (200, None));
    assert_eq!(send("unqualified", "k-2").json["qualification"]["status"], "unqualified");
    let retried = send("qualified", "k-1");
    assert_eq!((retried.status, retried.raw.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(retried.raw.body, first.raw.body);
    assert_eq!(send("unqualified", "k-1").problem(), (409, "idempotency_conflict".to_owned()));
    assert_eq!(ledger.get(&format!("/v1/conversions/{id}")).json["qualification"]["status"], "unqualified");
    assert_eq!(counts(&mut ledger, "group_by=partner"), json!([[null, 1, 0]]));
}

#[test]
fn the_log_of_conversions_has_the_form_that_older_versions_wrote() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let click = ledger.click(ada.link_no);
    lead(&mut ledger, "l-1", Some(&click));
    let changes = texts(&ledger, "SELECT ledger FROM events WHERE type = 'conversion.created'");
    assert!(changes.len() == 1 && !changes[0].contains("qualif"), "{changes:?}");
}
