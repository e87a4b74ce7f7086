//! Payout details: they are accepted, sealed, and shown to nobody.

use super::world::World;
use crate::support::{Ledger, rows};
use serde_json::json;

const IBAN: &str = "GB29NWBK60161331926819";

#[test]
fn details_are_sealed_and_only_their_last_characters_are_shown() {
    let mut ledger = Ledger::new();
    let ada = ledger.partner("Ada", None);
    let target = format!("/v1/partners/{ada}/payout-details");
    let missing = json!({"partner_id": ada, "status": "details_missing", "method": null, "ends_with": null, "set": [],
        "set_at": null, "set_by": null, "held_until": null});
    assert_eq!(ledger.get(&target).json, missing);
    let details = json!({"method": "sepa", "legal_name": "Ada King-Lovelace", "iban": "gb29 NWBK 6016 1331 9268 19", "bic": "nwbkgb2l",
        "address": {"street": "St James's Square 12", "city": "London", "country": "GB"}, "tax_id": "GB999999973", "vat_rate_bp": 2000});
    let set = ledger.put(&target, &details);
    let shown = json!({"partner_id": ada, "status": "set", "method": "sepa", "ends_with": "••••6819",
        "set": ["legal_name", "address", "iban", "bic", "tax_id", "vat_rate_bp"], "set_at": "2026-11-22T12:00:00.000Z",
        "set_by": "programme", "held_until": null});
    assert_eq!((set.status, &set.json), (200, &shown));
    assert_eq!(ledger.get(&target).json, shown);
    let key = ledger.key(&["read"], Some(&ada));
    assert_eq!(ledger.call(&key, "GET", &target, "", None).json, shown);
    // Neither the rows, nor the log, nor the events hold what is secret.
    let all = format!("{:?}", rows::rows(&ledger.sql));
    for secret in [IBAN, "6819", "NWBK", "Lovelace", "James", "999999973"] {
        assert!(!all.contains(secret), "{secret} is stored in the clear");
    }
    let event = ledger.get("/v1/events?limit=200").json;
    let event = event["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["type"] == "partner.payout_details_updated")
        .unwrap();
    assert_eq!(
        event["data"],
        json!({"partner_id": ada, "method": "sepa",
        "set": ["legal_name", "address", "iban", "bic", "tax_id", "vat_rate_bp"], "set_by": "programme"})
    );
    // It is replaced as a whole.
    let paypal = json!({"method": "paypal", "legal_name": "Ada", "paypal_email": "ada@example.com"});
    assert_eq!(ledger.put(&target, &paypal).json["ends_with"], "••••.com");
    assert_eq!(ledger.get(&target).json["set"], json!(["legal_name", "paypal_email"]));
}

#[test]
fn invalid_details_are_refused_without_repeating_them() {
    let mut ledger = Ledger::new();
    let ada = ledger.partner("Ada", None);
    let target = format!("/v1/partners/{ada}/payout-details");
    let with = |method: &str, fields: serde_json::Value| {
        let mut body = json!({"method": method, "legal_name": "Ada"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    for (body, code, pointer) in [
        (json!({"legal_name": "Ada"}), "missing_field", "/method"),
        (with("bitcoin", json!({})), "invalid_value", "/method"),
        (with("sepa", json!({})), "missing_field", "/iban"),
        (with("paypal", json!({"iban": IBAN})), "missing_field", "/paypal_email"),
        (with("wise", json!({})), "missing_field", "/wise_email"),
        (with("sepa", json!({"iban": "GB29NWBK60161331926818"})), "invalid_iban", "/iban"),
        (with("sepa", json!({"iban": 60_161_331_926_818_i64})), "wrong_type", "/iban"),
        (with("sepa", json!({"iban": [IBAN]})), "wrong_type", "/iban"),
        (with("sepa", json!({"iban": IBAN, "bic": "NWBK"})), "invalid_bic", "/bic"),
        (with("wise", json!({"wise_email": "ada"})), "invalid_email", "/wise_email"),
        (with("manual", json!({"legal_name": "x".repeat(71)})), "invalid_text", "/legal_name"),
        (with("manual", json!({"legal_name": "   "})), "invalid_text", "/legal_name"),
        (with("manual", json!({"legal_name": "\u{200b}\u{a0}\u{ad}"})), "invalid_text", "/legal_name"),
        (with("sepa", json!({"iban": "TR330006100519786457841326"})), "iban_outside_sepa", "/iban"),
        (with("sepa", json!({"iban": IBAN, "legal_name": "李明"})), "name_not_writable", "/legal_name"),
        (
            with("sepa", json!({"iban": IBAN, "address": {"city": "東京", "country": "JP"}})),
            "name_not_writable",
            "/address/city",
        ),
        (with("manual", json!({"vat_rate_bp": 10_001})), "out_of_range", "/vat_rate_bp"),
        (with("manual", json!({"address": {"city": "London"}})), "missing_field", "/address/country"),
        (
            with("manual", json!({"address": {"city": "London", "country": "UK"}})),
            "invalid_country",
            "/address/country",
        ),
        (
            with("manual", json!({"address": {"city": "x".repeat(36), "country": "GB"}})),
            "invalid_text",
            "/address/city",
        ),
        (with("manual", json!({"password": "x"})), "unknown_field", "/password"),
    ] {
        let refused = ledger.unchanged(pointer, |ledger| ledger.put(&target, &body));
        assert_eq!(refused.problem(), (422, code.to_owned()), "{body}: {}", refused.raw.body);
        assert_eq!(refused.text("/errors/0/pointer"), pointer, "{body}");
        for secret in ["192681", "926818", "NWBK6016"] {
            assert!(!refused.raw.body.contains(secret), "{}", refused.raw.body);
        }
    }
    // Other methods write names as they are.
    assert_eq!(ledger.put(&target, &with("manual", json!({"legal_name": "李明"}))).status, 200);
    let foreign = with("wise", json!({"iban": "TR330006100519786457841326"}));
    assert_eq!(ledger.put(&target, &foreign).status, 200);
    let missing = "/v1/partners/ptn_00000000000000000000000000/payout-details";
    assert_eq!(ledger.put(missing, &with("manual", json!({}))).problem(), (404, "not_found".to_owned()));
}

#[test]
fn a_partner_sets_its_own_details_and_is_paid_three_days_later() {
    let mut world = World::new();
    let (ada, bob) = (world.partner("Ada", None), world.partner("Bob", None));
    world.sale(&ada, 10_000, "EUR");
    let target = |partner: &str| format!("/v1/partners/{partner}/payout-details");
    let details = json!({"method": "sepa", "legal_name": "Ada", "iban": IBAN}).to_string();
    let own = world.ledger.key(&["read", "payouts:write"], Some(&ada.partner));
    let reader = world.ledger.key(&["read", "partners:write"], Some(&ada.partner));
    let put = |world: &mut World, key: &str, partner: &str| {
        let answer = world.ledger.call(key, "PUT", &target(partner), &details, None);
        if answer.status == 200 { (200, answer.text("/status")) } else { answer.problem() }
    };
    world.at("2026-11-01T08:00:00Z");
    // The scope of a partner's key is another one than that of the programme's keys.
    assert_eq!(put(&mut world, &reader, &ada.partner), (403, "insufficient_scope".to_owned()));
    assert_eq!(put(&mut world, &own, &bob.partner), (404, "not_found".to_owned()));
    assert_eq!(put(&mut world, &own, &ada.partner), (200, "details_recent".to_owned()));
    let shown = world.ledger.call(&own, "GET", &target(&ada.partner), "", None).json;
    assert_eq!(
        (&shown["set_by"], &shown["held_until"]),
        (&json!("partner"), &json!("2026-11-04T08:00:00.000Z"))
    );
    // Its other payout writes do not exist for it.
    let runs = world.ledger.call(&own, "POST", "/v1/payouts/runs", "{}", None);
    assert_eq!(runs.problem(), (404, "not_found".to_owned()));

    world.at("2026-11-04T07:59:59.999Z");
    let draft = world.draft(super::world::october());
    let held = world.ledger.get(&format!("/v1/payouts/runs/{draft}")).json["held"].clone();
    assert_eq!((&held[0]["reason"], &held[0]["partner_id"]), (&json!("details_recent"), &json!(ada.partner)));
    assert_eq!(held[0]["amount"], json!(10_000));
    let events = world.ledger.get("/v1/events?limit=200").json["data"].clone();
    let told: Vec<_> =
        events.as_array().unwrap().iter().filter(|event| event["type"] == "payout.held").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["data"]["reason"], json!("details_recent"));

    world.at("2026-11-04T08:00:00Z");
    let refreshed = world.ledger.post(&format!("/v1/payouts/runs/{draft}/refresh"), &json!({})).json;
    assert_eq!((&refreshed["held"], &refreshed["totals"][0]["amount"]), (&json!([]), &json!(10_000)));
}

#[test]
fn details_that_the_programme_sets_are_not_held() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    let target = format!("/v1/partners/{}/payout-details", ada.partner);
    let own = world.ledger.key(&["payouts:write"], Some(&ada.partner));
    let details = json!({"method": "sepa", "legal_name": "Ada", "iban": IBAN});
    world.at("2026-11-02T08:00:00Z");
    assert_eq!(world.ledger.call(&own, "PUT", &target, &details.to_string(), None).status, 200);
    // The operator, who has asked the partner, confirms them.
    assert_eq!(world.ledger.put(&target, &details).text("/status"), "set");
    let draft = world.draft(super::world::october());
    let run = world.ledger.get(&format!("/v1/payouts/runs/{draft}")).json;
    assert_eq!((&run["held"], &run["totals"][0]["amount"]), (&json!([]), &json!(10_000)));
}

#[test]
fn a_payout_uses_the_details_of_its_approval() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    let target = format!("/v1/partners/{}/payout-details", ada.partner);
    let to = |iban: &str| json!({"method": "sepa", "legal_name": "Ada", "iban": iban});
    world.ledger.put(&target, &to(IBAN));
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(super::world::october());
    world.ledger.put(&target, &to("NO9386011117947"));
    let file = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa")).raw.body;
    assert!(file.contains(IBAN) && !file.contains("NO9386011117947"), "{file}");
}
