//! Placements: fixed fees, and the revenue that they brought.

use crate::support::Ledger;
use serde_json::{Value as Json, json};

#[test]
fn a_fee_is_owed_once_and_its_return_is_the_revenue_of_its_link() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let before = ledger.click(scenario.link_no);
    ledger.sale("o-0", &before, 1_000_000);
    ledger.wait(86_400_000);
    let body = json!({"partner_id": scenario.partner, "kind": "video", "title": "Review", "external_id": "v-1",
        "link_id": scenario.link, "fee": {"amount": 30_000, "currency": "EUR"}, "target_roi_bp": 30_000});
    let placement = ledger.post("/v1/placements", &body);
    assert_eq!(placement.status, 201, "{}", placement.raw.body);
    assert_eq!(
        (&placement.json["roi_bp"], &placement.json["meets_target"], &placement.json["returned"]),
        (&json!(0), &json!(false), &json!([]))
    );
    let commission = ledger.get("/v1/commissions").json["data"][0].take();
    assert_eq!(
        (&commission["source"], &commission["subject"], &commission["amount"], &commission["conversion_id"]),
        (&json!("placement"), &placement.json["id"], &json!(30_000), &Json::Null)
    );
    assert_eq!(commission["payable_at"], "2026-12-23T12:00:00.000Z");
    let click = ledger.click(scenario.link_no);
    ledger.sale("o-1", &click, 89_999);
    let dollars =
        json!({"type": "sale", "external_id": "o-2", "click_id": click, "amount": 500, "currency": "USD"});
    assert_eq!(ledger.post("/v1/conversions", &dollars).status, 201);
    let target = format!("/v1/placements/{}", placement.text("/id"));
    let shown = ledger.get(&target).json;
    // 899.99 of 900.00: not quite 3:1.
    assert_eq!((&shown["roi_bp"], &shown["meets_target"]), (&json!(29_999), &json!(false)));
    let money = |amount: i64, currency: &str| json!({"amount": amount, "currency": currency});
    assert_eq!(shown["returned"], json!([money(89_999, "EUR"), money(500, "USD")]));
    let last = ledger.sale("o-3", &click, 1);
    assert_eq!(ledger.get(&target).json["meets_target"], true);
    ledger.post(&format!("/v1/conversions/{}/refunds", last.text("/id")), &json!({"external_id": "r"}));
    assert_eq!(ledger.get(&target).json["meets_target"], false);
    // A placement without a link has no return.
    let body = json!({"partner_id": scenario.partner, "kind": "post", "title": "T", "external_id": "p-1",
        "fee": {"amount": 1, "currency": "JPY"}});
    let shown = ledger.post("/v1/placements", &body).json;
    assert_eq!((&shown["roi_bp"], &shown["meets_target"]), (&Json::Null, &Json::Null));
    // Fees are owed in the same way as commissions.
    let balances = ledger.get("/v1/balances").json;
    assert_eq!(balances["data"][0]["pending"], 30_000 + 100_000 + 9_000);
    ledger.audit();
}

#[test]
fn bad_placements_are_refused_and_nothing_is_written() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let other = ledger.scenario(1_000);
    let gone = ledger.partner("Gone", None);
    ledger.patch(&format!("/v1/partners/{gone}"), &json!({"status": "terminated"}));
    let good = json!({"partner_id": scenario.partner, "kind": "post", "title": "T", "external_id": "p-1",
        "fee": {"amount": 1, "currency": "EUR"}});
    for (field, value, pointer, code) in [
        ("partner_id", json!("ptn_x"), "/partner_id", "unknown_partner"),
        ("partner_id", json!(gone), "/partner_id", "partner_terminated"),
        ("kind", json!("tweet"), "/kind", "invalid_value"),
        ("title", json!(""), "/title", "invalid_text"),
        ("external_id", json!(""), "/external_id", "invalid_text"),
        ("link_id", json!(other.link), "/link_id", "unknown_link"),
        ("link_id", json!("lnk_x"), "/link_id", "unknown_link"),
        ("fee", json!({"amount": -1, "currency": "EUR"}), "/fee/amount", "amount_out_of_range"),
        (
            "fee",
            json!({"amount": 1_000_000_000_001i64, "currency": "EUR"}),
            "/fee/amount",
            "amount_out_of_range",
        ),
        ("fee", json!({"amount": 1, "currency": "XXX"}), "/fee/currency", "invalid_currency"),
        ("published_at", json!("yesterday"), "/published_at", "invalid_time"),
        ("published_at", json!("2026-11-23T12:00:00.001Z"), "/published_at", "occurred_in_future"),
        ("target_roi_bp", json!(0), "/target_roi_bp", "out_of_range"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let said = body.to_string();
        let answer = ledger.unchanged(&said, |ledger| ledger.post("/v1/placements", &body));
        assert_eq!(answer.problem(), (422, code.to_owned()), "{said}");
        assert_eq!(answer.text("/errors/0/pointer"), pointer, "{said}");
    }
    assert_eq!(ledger.post("/v1/placements", &good).status, 201);
    let again = ledger.unchanged("again", |ledger| ledger.post("/v1/placements", &good));
    assert_eq!(again.problem(), (409, "external_id_taken".to_owned()));
}
