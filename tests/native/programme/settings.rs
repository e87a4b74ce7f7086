//! The programme's settings.

use crate::support::Ledger;
use serde_json::json;
use signpost::store::Sql;

fn defaults() -> serde_json::Value {
    json!({
        "name": "Partner programme", "currency": "EUR", "landing_url": null, "payer": null,
        "attribution": {"model": "last_touch", "window_days": 30, "half_life_days": 7, "precedence": "coupon_first",
            "repeat_customers": "earn"},
        "hold_days": 30, "click_param": "sp_click", "cookies": "consent_regions", "partners_see_customers": false, "cors_origins": [],
        "contact_email": null, "event_retention_days": 30, "commission_bp": 2000, "version": 0, "timezone": "UTC",
        "plans": [], "territories": [], "joint_products": [], "referral": null,
        "fraud": {"self_referral": true, "duplicate_customer": true, "velocity_per_hour": null,
            "min_seconds_from_click": null, "coupon_uses_per_day": null}
    })
}

#[test]
fn terms_have_the_documented_defaults_and_put_replaces_them() {
    let mut ledger = Ledger::new();
    assert_eq!(ledger.get("/v1/program").json, defaults());
    let terms = json!({
        "name": "Acme", "currency": "JPY", "landing_url": "https://acme.example/",
        "attribution": {"model": "time_decay", "window_days": 60, "half_life_days": 14, "precedence": "click_first",
            "repeat_customers": "ignore"}, "hold_days": 0, "click_param": "ref", "cookies": "never", "partners_see_customers": true,
        "cors_origins": ["https://portal.acme.example"], "event_retention_days": 90, "commission_bp": 10000, "fraud": {"self_referral": false, "duplicate_customer": false,
            "velocity_per_hour": 100, "min_seconds_from_click": 3, "coupon_uses_per_day": 30}
    });
    let put = ledger.put("/v1/program", &terms);
    let mut whole = defaults();
    whole.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
    whole["version"] = json!(1);
    let mut answer = whole.clone();
    answer["defaulted"] = json!([]);
    assert_eq!((put.status, &put.json), (200, &answer));
    assert_eq!(put.raw.header("x-signpost-snapshot"), Some("1"));
    assert_eq!(ledger.get("/v1/program").json, whole);
    // Omitted settings return to their defaults; name and currency have none and stay.
    let put = ledger.put("/v1/program", &json!({"hold_days": 5}));
    let mut expected = defaults();
    expected["name"] = json!("Acme");
    expected["currency"] = json!("JPY");
    expected["hold_days"] = json!(5);
    expected["version"] = json!(2);
    expected["defaulted"] = json!([
        "landing_url",
        "attribution",
        "click_param",
        "cookies",
        "cors_origins",
        "partners_see_customers",
        "event_retention_days",
        "commission_bp",
        "fraud"
    ]);
    assert_eq!((put.status, put.json), (200, expected));
    let events = ledger.get("/v1/events");
    assert_eq!(events.json["data"][1]["data"]["hold_days"], 5);
    assert_eq!(events.json["data"][1]["type"], "program.updated");
}

#[test]
fn fraud_rules_are_replaced_as_a_whole_and_null_disables_a_rule() {
    let mut ledger = Ledger::new();
    let limits =
        json!({"velocity_per_hour": 1, "min_seconds_from_click": 0, "coupon_uses_per_day": 1_000_000});
    let set = ledger.put("/v1/program", &json!({"fraud": limits})).json["fraud"].take();
    let expected = json!({"self_referral": true, "duplicate_customer": true, "velocity_per_hour": 1,
        "min_seconds_from_click": 0, "coupon_uses_per_day": 1_000_000});
    assert_eq!(set, expected);
    let off = json!({"velocity_per_hour": null, "self_referral": false, "duplicate_customer": null});
    let set = ledger.put("/v1/program", &json!({"fraud": off})).json["fraud"].take();
    let mut expected = defaults()["fraud"].take();
    expected["self_referral"] = json!(false);
    assert_eq!(set, expected);
    assert_eq!(ledger.put("/v1/program", &json!({})).json["fraud"], defaults()["fraud"]);
}

#[test]
fn a_programme_from_before_fraud_rules_has_the_defaults() {
    let mut ledger = Ledger::new();
    ledger.put("/v1/program", &json!({"name": "Old", "fraud": {"self_referral": false}}));
    let cut = "UPDATE meta SET value = json_remove(value, '$.fraud') WHERE name = 'program'";
    ledger.sql.exec(cut, &[]).unwrap();
    let read = ledger.get("/v1/program").json;
    assert_eq!((&read["name"], &read["fraud"]), (&json!("Old"), &defaults()["fraud"]));
}

#[test]
fn the_currency_is_fixed_once_money_has_moved() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(0);
    let click = ledger.click(scenario.link_no);
    ledger.sale("o-1", &click, 100);
    // A commission of zero moves no money.
    assert_eq!(ledger.put("/v1/program", &json!({"currency": "USD"})).status, 200);
    ledger.patch(&format!("/v1/partners/{}", scenario.partner), &json!({"commission_bp": 1_000}));
    ledger.sale("o-2", &click, 100);
    let refused =
        ledger.unchanged("currency", |ledger| ledger.put("/v1/program", &json!({"currency": "EUR"})));
    assert_eq!(refused.problem(), (409, "currency_fixed".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/currency");
    assert_eq!(ledger.put("/v1/program", &json!({"currency": "USD", "name": "Same"})).status, 200);
}

#[test]
fn a_patch_changes_the_fields_that_it_names() {
    let mut ledger = Ledger::new();
    let terms = json!({
        "name": "Acme", "landing_url": "https://acme.example/", "hold_days": 7, "cookies": "always",
        "attribution": {"model": "time_decay", "window_days": 60}, "fraud": {"velocity_per_hour": 100},
        "payer": {"legal_name": "Acme GmbH", "iban": "DE89370400440532013000"}
    });
    assert_eq!(ledger.put("/v1/program", &terms).status, 200);
    let before = ledger.get("/v1/program").json;
    // One field in an object; the others stay.
    let patched =
        ledger.patch("/v1/program", &json!({"attribution": {"model": "linear"}, "payer": {"tax_id": "DE1"}}));
    let mut expected = before.clone();
    expected["attribution"]["model"] = json!("linear");
    expected["payer"]["tax_id"] = json!("DE1");
    expected["version"] = json!(2);
    assert_eq!((patched.status, &patched.json), (200, &expected), "{}", patched.raw.body);
    // `null` returns a field to its default, and removes the payer.
    let reset =
        json!({"landing_url": null, "fraud": {"velocity_per_hour": null}, "payer": null, "hold_days": null});
    let patched = ledger.patch("/v1/program", &reset);
    expected["landing_url"] = json!(null);
    expected["fraud"]["velocity_per_hour"] = json!(null);
    expected["payer"] = json!(null);
    expected["hold_days"] = json!(30);
    expected["version"] = json!(3);
    assert_eq!((patched.status, &patched.json), (200, &expected), "{}", patched.raw.body);
    // Refused as in the whole terms, and an empty patch changes nothing but the version.
    for (patch, refusal) in [
        (json!({"nme": "x"}), (422, "unknown_field")),
        (json!({"hold_days": "x"}), (422, "wrong_type")),
        (json!({"version": 2}), (409, "program_changed")),
    ] {
        let refused = ledger.unchanged("patch", |ledger| ledger.patch("/v1/program", &patch));
        assert_eq!(refused.problem(), (refusal.0, refusal.1.to_owned()), "{patch}");
    }
    // The whole terms say what went back to its default.
    let put = ledger.put("/v1/program", &json!({"name": "Acme"}));
    assert_eq!(put.json["defaulted"], json!(["attribution", "cookies"]));
}

#[test]
fn terms_from_before_attribution_models_keep_their_meaning() {
    let mut ledger = Ledger::new();
    let kept = r#"{"name":"Old","currency":"EUR","landing_url":null,"model":"last_touch","window_days":45,"hold_days":30,
        "click_param":"sp_click","commission_bp":2000}"#;
    ledger.sql.exec("INSERT INTO meta (name, value) VALUES ('program', ?1)", &[kept.into()]).unwrap();
    let mut expected = defaults();
    expected["name"] = json!("Old");
    expected["attribution"]["window_days"] = json!(45);
    assert_eq!(ledger.get("/v1/program").json, expected);
}
