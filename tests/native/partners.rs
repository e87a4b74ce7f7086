//! Partners: their fields, their status, and the snapshot that blocks them.

use crate::support::{Ledger, OPERATOR};
use serde_json::{Value as Json, json};

#[test]
fn a_partner_is_added_read_and_changed() {
    let mut ledger = Ledger::new();
    let body = json!({
        "name": "Ada", "kind": "consultant", "email": "ada@example.com", "country": "GB", "currency": "GBP",
        "commission_bp": 2500, "external_id": "crm-1", "metadata": {"tier": "gold"}
    });
    let made = ledger.post("/v1/partners", &body);
    assert_eq!(made.status, 201);
    let target = format!("/v1/partners/{}", made.text("/id"));
    assert_eq!(made.raw.header("location"), Some(target.as_str()));
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&made.json[field], value, "{field}");
    }
    assert_eq!(made.json["status"], "active");
    assert_eq!(ledger.get(&target).json, made.json);
    assert_eq!(ledger.get("/v1/partners").json, json!({"data": [made.json], "next_cursor": null}));

    ledger.wait(5);
    let change =
        json!({"name": "Ada L.", "email": null, "currency": null, "commission_bp": null, "metadata": {}});
    let changed = ledger.patch(&target, &change);
    assert_eq!(changed.status, 200);
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&changed.json[field], value, "{field}");
    }
    assert_eq!(changed.json["country"], "GB");
    assert_eq!(changed.json["updated_at"], "2026-11-22T12:00:00.005Z");
    assert_eq!(changed.json["created_at"], made.json["created_at"]);
    assert_eq!(ledger.get(&target).json, changed.json);
    let events = ledger.get("/v1/events").json;
    assert_eq!(
        (&events["data"][0]["type"], &events["data"][0]["data"]),
        (&json!("partner.created"), &made.json)
    );
    assert_eq!(
        (&events["data"][1]["type"], &events["data"][1]["data"]),
        (&json!("partner.updated"), &changed.json)
    );
}

#[test]
fn every_partner_kind_of_the_contract_is_accepted() {
    let mut ledger = Ledger::new();
    for kind in [
        "influencer",
        "creator",
        "media",
        "consultant",
        "agency",
        "integrator",
        "distributor",
        "marketplace",
        "affiliate",
    ] {
        let made = ledger.post("/v1/partners", &json!({"name": kind, "kind": kind}));
        assert_eq!((made.status, &made.json["kind"]), (201, &json!(kind)));
    }
}

#[test]
fn external_ids_are_unique() {
    let mut ledger = Ledger::new();
    let body = json!({"name": "A", "kind": "media", "external_id": "x"});
    let first = ledger.post("/v1/partners", &body).text("/id");
    let second = ledger.partner("B", None);
    let target = format!("/v1/partners/{second}");
    for answer in [
        ledger.unchanged("POST", |ledger| ledger.post("/v1/partners", &body)),
        ledger.unchanged("PATCH", |ledger| ledger.patch(&target, &json!({"external_id": "x"}))),
    ] {
        assert_eq!(answer.problem(), (409, "external_id_taken".to_owned()));
        assert_eq!(answer.text("/errors/0/pointer"), "/external_id");
    }
    // A partner may keep its own external id, and a cleared one can be used again.
    assert_eq!(ledger.patch(&format!("/v1/partners/{first}"), &json!({"external_id": "x"})).status, 200);
    assert_eq!(ledger.patch(&format!("/v1/partners/{first}"), &json!({"external_id": null})).status, 200);
    assert_eq!(ledger.patch(&target, &json!({"external_id": "x"})).status, 200);
}

#[test]
fn a_pause_can_be_ended_and_a_termination_cannot() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let target = format!("/v1/partners/{}", scenario.partner);
    let blocked = |ledger: &Ledger| -> Json {
        let text = signpost::store::log::outbox::snapshot(&ledger.sql).unwrap();
        serde_json::from_str::<Json>(&text).unwrap()["blocked"].clone()
    };
    let mut version = 2;
    for (status, ranges) in
        [("paused", json!([[1, 1]])), ("active", json!([])), ("terminated", json!([[1, 1]]))]
    {
        let changed = ledger.patch(&target, &json!({"status": status}));
        version += 1;
        assert_eq!((changed.status, &changed.json["status"]), (200, &json!(status)));
        assert_eq!(changed.raw.header("x-signpost-snapshot"), Some(version.to_string().as_str()));
        assert_eq!(blocked(&ledger), ranges);
    }
    // Setting the same status again does not change the snapshot of redirects.
    let terminated_at = ledger.get(&target).text("/terminated_at");
    ledger.wait(1);
    let again = ledger.patch(&target, &json!({"status": "terminated", "name": "Gone"}));
    assert_eq!((again.status, again.raw.header("x-signpost-snapshot")), (200, None));
    assert_eq!(again.text("/terminated_at"), terminated_at);
    for status in ["active", "paused"] {
        let refused = ledger.unchanged(status, |ledger| ledger.patch(&target, &json!({"status": status})));
        assert_eq!(refused.problem(), (422, "partner_terminated".to_owned()));
        assert_eq!(refused.text("/errors/0/pointer"), "/status");
    }
    let new = json!({"partner_id": scenario.partner, "listing_id": scenario.listing});
    let refused = ledger.unchanged("link", |ledger| ledger.post("/v1/links", &new));
    assert_eq!(refused.problem(), (422, "partner_terminated".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/partner_id");
}

#[test]
fn the_first_response_is_returned_for_thirty_days() {
    let mut ledger = Ledger::new();
    let body = r#"{"name": "A", "kind": "media"}"#;
    let other = r#"{"kind": "media", "name": "A"}"#;
    let first = ledger.call(OPERATOR, "POST", "/v1/partners", body, Some("k"));
    assert_eq!((first.status, first.raw.header("idempotent-replayed")), (201, None));
    ledger.wait(30 * 86_400_000 - 1);
    let again =
        ledger.unchanged("replay", |ledger| ledger.call(OPERATOR, "POST", "/v1/partners", body, Some("k")));
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.raw.body, first.raw.body);
    // Bodies are compared byte for byte, so another order of fields is another body.
    let conflict = ledger
        .unchanged("conflict", |ledger| ledger.call(OPERATOR, "POST", "/v1/partners", other, Some("k")));
    assert_eq!(conflict.problem(), (409, "idempotency_conflict".to_owned()));
    // Each API key and each route has its own idempotency keys.
    let key = ledger.key(&["admin"], None);
    assert_eq!(
        ledger.call(&key, "POST", "/v1/partners", body, Some("k")).raw.header("idempotent-replayed"),
        None
    );
    let listing = json!({"name": "L", "marketplace": "web", "url": "https://a.example"}).to_string();
    assert_eq!(ledger.call(OPERATOR, "POST", "/v1/listings", &listing, Some("k")).status, 201);
    ledger.wait(1);
    let late = ledger.call(OPERATOR, "POST", "/v1/partners", other, Some("k"));
    assert_eq!((late.status, late.raw.header("idempotent-replayed")), (201, None));
    assert_eq!(ledger.rows("partners"), 3);
}

#[test]
fn a_failure_is_not_stored() {
    let mut ledger = Ledger::new();
    let taken = json!({"name": "A", "kind": "media", "external_id": "x"}).to_string();
    let id = ledger.call(OPERATOR, "POST", "/v1/partners", &taken, None).text("/id");
    let refused = ledger
        .unchanged("refused", |ledger| ledger.call(OPERATOR, "POST", "/v1/partners", &taken, Some("k")));
    assert_eq!(refused.status, 409);
    ledger.patch(&format!("/v1/partners/{id}"), &json!({"external_id": null}));
    let accepted = ledger.call(OPERATOR, "POST", "/v1/partners", &taken, Some("k"));
    assert_eq!((accepted.status, accepted.raw.header("idempotent-replayed")), (201, None));
    let form = "Idempotency-Key must have 1 to 255 printable ASCII characters; a UUID is a good choice.";
    let several = "Send one Idempotency-Key: this request has several of them, or one with a comma.";
    for (key, detail) in [
        ("", form),
        (&"k".repeat(256), form),
        ("käse", form),
        ("a\tb", form),
        ("k-1, k-2", several),
        ("k,", several),
    ] {
        let bad =
            ledger.unchanged(key, |ledger| ledger.call(OPERATOR, "POST", "/v1/partners", &taken, Some(key)));
        assert_eq!(bad.problem(), (400, "invalid_idempotency_key".to_owned()), "{key:?}");
        assert_eq!(bad.text("/detail"), detail, "{key:?}");
    }
    // A route that creates nothing ignores the header.
    assert_eq!(ledger.call(OPERATOR, "PATCH", &format!("/v1/partners/{id}"), "{}", Some("")).status, 200);
}

#[test]
fn old_responses_are_dropped_as_new_ones_arrive() {
    let mut ledger = Ledger::new();
    let body = r#"{"name": "A", "kind": "media"}"#;
    for n in 0..6 {
        ledger.call(OPERATOR, "POST", "/v1/partners", body, Some(&format!("old-{n}")));
    }
    ledger.wait(30 * 86_400_000);
    for n in 0..3 {
        ledger.call(OPERATOR, "POST", "/v1/partners", body, Some(&format!("new-{n}")));
    }
    assert_eq!(ledger.rows("idempotency"), 3);
}
