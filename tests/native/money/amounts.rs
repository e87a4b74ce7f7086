//! One link from click to refund: conversion, attribution, commission and refund, with their amounts.

use crate::support::Ledger;
use serde_json::json;

const DAY: i64 = 86_400_000;

#[test]
fn a_sale_earns_and_its_refunds_take_back_every_cent() {
    let mut ledger = Ledger::new();
    let partner = ledger.partner("Ada", Some(1_500));
    let listing = ledger.listing("https://shop.example/buy");
    let (link, no) = ledger.link(&partner, &listing);
    let click = ledger.click(no);
    ledger.wait(60_000);
    let sale =
        json!({"type": "sale", "external_id": "o-1", "click_id": click, "amount": 333, "currency": "EUR"});
    let first = ledger.post("/v1/conversions", &sale);
    assert_eq!(first.status, 201, "{}", first.raw.body);
    assert_eq!(first.json["attribution"]["status"], "attributed");
    assert_eq!(
        first.json["attribution"]["credits"],
        json!([{"partner_id": partner, "link_id": link, "click_id": click, "share_bp": 10_000}])
    );
    // 333 × 15 % = 49.95, half up.
    assert_eq!(first.json["commissions"][0]["amount"], 50);
    assert_eq!(first.json["commissions"][0]["status"], "pending");
    let again = ledger.post("/v1/conversions", &sale);
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.raw.body, first.raw.body);
    let mut other = sale.clone();
    other["amount"] = json!(334);
    let conflict = ledger.post("/v1/conversions", &other);
    assert_eq!(conflict.problem(), (409, "conversion_conflict".to_owned()));
    assert_eq!(conflict.text("/errors/0/pointer"), "/amount");

    let target = format!("/v1/conversions/{}/refunds", first.text("/id"));
    let mut reversed = 0;
    for (n, amount) in [111, 111, 110].into_iter().enumerate() {
        let refund = ledger.post(&target, &json!({"external_id": format!("r-{n}"), "amount": amount}));
        assert_eq!(refund.status, 201, "{}", refund.raw.body);
        reversed += refund.json["commissions"][0]["reversed"].as_i64().unwrap();
        assert_eq!(refund.json["commissions"][0]["remaining"], 50 - reversed);
    }
    let too_much = ledger.post(&target, &json!({"external_id": "r-9", "amount": 2}));
    assert_eq!(too_much.problem(), (422, "refund_exceeds_sale".to_owned()));
    let last = ledger.post(&target, &json!({"external_id": "r-3"}));
    assert_eq!(
        (last.json["amount"].as_i64(), last.json["commissions"][0]["remaining"].as_i64()),
        (Some(1), Some(0))
    );
    assert_eq!(last.json["commissions"][0]["status"], "reversed");
    let balances = ledger.get("/v1/balances");
    let expected = json!([{"partner_id": partner, "currency": "EUR", "pending": 0, "payable": 0, "paid": 0, "reversed": 50}]);
    assert_eq!(balances.json["data"], expected);
    let report = ledger.get(&format!("/v1/attribution?partner_id={partner}&group_by=partner"));
    assert_eq!(report.json["totals"]["sales"], 1);
    assert_eq!(report.json["totals"]["revenue"], json!([{"amount": 333, "currency": "EUR"}]));
    assert_eq!(report.json["totals"]["refunds"], json!([{"amount": 333, "currency": "EUR"}]));
    assert_eq!(report.json["totals"]["commission"], json!([{"amount": 0, "currency": "EUR"}]));
    ledger.audit();
}

#[test]
fn a_hold_ends_once() {
    let mut ledger = Ledger::new();
    let partner = ledger.partner("Ada", None);
    let listing = ledger.listing("https://shop.example/buy");
    let (_, no) = ledger.link(&partner, &listing);
    let click = ledger.click(no);
    let sale =
        json!({"type": "sale", "external_id": "o-1", "click_id": click, "amount": 9_900, "currency": "EUR"});
    assert_eq!(ledger.post("/v1/conversions", &sale).status, 201);
    ledger.wait(30 * DAY - 1);
    assert_eq!(ledger.get("/v1/balances").json["data"][0]["pending"], 1_980);
    ledger.wait(1);
    for _ in 0..2 {
        let balance = ledger.get("/v1/balances");
        assert_eq!(
            (&balance.json["data"][0]["pending"], &balance.json["data"][0]["payable"]),
            (&json!(0), &json!(1_980))
        );
    }
    assert_eq!(ledger.get("/v1/commissions").json["data"][0]["status"], "payable");
    ledger.audit();
}
