//! The programme's settings.

use crate::support::Ledger;
use serde_json::json;
use signpost::store::Sql;

fn defaults() -> serde_json::Value {
    json!({
        "name": "Partner programme", "currency": "EUR", "landing_url": null, "payer": null,
        "attribution": {"model": "last_touch", "window_days": 30, "half_life_days": 7, "precedence": "coupon_first",
            "repeat_customers": "earn"},
        "hold_days": 30, "click_param": "sp_click", "cookies": "consent_regions", "commission_bp": 2000, "version": 0, "timezone": "UTC",
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
            "repeat_customers": "ignore"}, "hold_days": 0, "click_param": "ref", "cookies": "never",
        "commission_bp": 10000, "fraud": {"self_referral": false, "duplicate_customer": false,
            "velocity_per_hour": 100, "min_seconds_from_click": 3, "coupon_uses_per_day": 30}
    });
    let put = ledger.put("/v1/program", &terms);
    let mut whole = defaults();
    whole.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
    whole["version"] = json!(1);
    assert_eq!((put.status, &put.json), (200, &whole));
    assert_eq!(put.raw.header("x-signpost-snapshot"), Some("1"));
    assert_eq!(ledger.get("/v1/program").json, whole);
    // Omitted settings return to their defaults; name and currency have none and stay.
    let put = ledger.put("/v1/program", &json!({"hold_days": 5}));
    let mut expected = defaults();
    expected["name"] = json!("Acme");
    expected["currency"] = json!("JPY");
    expected["hold_days"] = json!(5);
    expected["version"] = json!(2);
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
