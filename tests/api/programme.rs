//! The programme's terms.

use crate::support::Ledger;
use serde_json::json;

fn defaults() -> serde_json::Value {
    json!({
        "name": "Partner programme", "currency": "EUR", "landing_url": null, "payer": null,
        "attribution": {"model": "last_touch", "window_days": 30},
        "hold_days": 30, "click_param": "sp_click", "commission_bp": 2000
    })
}

#[test]
fn terms_have_the_documented_defaults_and_put_replaces_them() {
    let mut ledger = Ledger::new();
    assert_eq!(ledger.get("/v1/program").json, defaults());
    let terms = json!({
        "name": "Acme", "currency": "JPY", "payer": null, "landing_url": "https://acme.example/",
        "attribution": {"model": "last_touch", "window_days": 7}, "hold_days": 0, "click_param": "ref",
        "commission_bp": 10000, "payer": null
    });
    let put = ledger.put("/v1/program", &terms);
    assert_eq!((put.status, &put.json), (200, &terms));
    assert_eq!(put.raw.header("x-signpost-snapshot"), Some("1"));
    assert_eq!(ledger.get("/v1/program").json, terms);
    // What has a default falls back to it; name and currency, which have none, stay.
    let put = ledger.put("/v1/program", &json!({"hold_days": 5}));
    let mut expected = defaults();
    expected["name"] = json!("Acme");
    expected["currency"] = json!("JPY");
    expected["hold_days"] = json!(5);
    assert_eq!((put.status, put.json), (200, expected));
    let events = ledger.get("/v1/events");
    assert_eq!(events.json["data"][1]["data"]["hold_days"], 5);
    assert_eq!(events.json["data"][1]["type"], "program.updated");
}

#[test]
fn the_currency_is_fixed_once_money_has_moved() {
    let mut ledger = Ledger::new();
    let scene = ledger.scene(0);
    let click = ledger.click(scene.link_no);
    ledger.sale("o-1", &click, 100);
    // A commission of nothing moves no money.
    assert_eq!(ledger.put("/v1/program", &json!({"currency": "USD"})).status, 200);
    ledger.patch(&format!("/v1/partners/{}", scene.partner), &json!({"commission_bp": 1_000}));
    ledger.sale("o-2", &click, 100);
    let refused =
        ledger.unchanged("currency", |ledger| ledger.put("/v1/program", &json!({"currency": "EUR"})));
    assert_eq!(refused.problem(), (409, "currency_fixed".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/currency");
    assert_eq!(ledger.put("/v1/program", &json!({"currency": "USD", "name": "Same"})).status, 200);
}

#[test]
fn other_models_are_refused_until_they_are_served() {
    let mut ledger = Ledger::new();
    for model in ["first_touch", "linear", "position", "time_decay"] {
        let body = json!({"attribution": {"model": model}});
        let refused = ledger.unchanged(model, |ledger| ledger.put("/v1/program", &body));
        assert_eq!(refused.problem(), (422, "unsupported_model".to_owned()));
        assert_eq!(refused.text("/errors/0/pointer"), "/attribution/model");
    }
}
