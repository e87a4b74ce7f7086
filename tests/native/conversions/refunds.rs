//! Refunds: the commission that each takes back, when it does, and that the total never exceeds the sale.

use crate::support::{Ledger, OPERATOR};
use serde_json::{Value as Json, json};

const DAY: i64 = 86_400_000;

fn balance(ledger: &mut Ledger) -> Json {
    let balance = ledger.get("/v1/balances").json["data"][0].clone();
    json!([balance["pending"], balance["payable"], balance["paid"], balance["reversed"]])
}

/// A sale of `amount` at 15 %, and the path of its refunds.
fn sold(ledger: &mut Ledger, amount: i64) -> String {
    let scenario = ledger.scenario(1_500);
    let click = ledger.click(scenario.link_no);
    format!("/v1/conversions/{}/refunds", ledger.sale("o-1", &click, amount).text("/id"))
}

#[test]
fn a_refund_is_booked_once_and_returns_its_own_reversal() {
    let mut ledger = Ledger::new();
    let target = sold(&mut ledger, 10_000);
    let body = json!({"external_id": "r-1", "amount": 2_500});
    let first = ledger.post(&target, &body);
    assert_eq!(first.status, 201);
    let commission = ledger.get("/v1/commissions").json["data"][0].clone();
    let expected = json!({
        "id": first.text("/id"), "conversion_id": target.split('/').nth(3), "external_id": "r-1", "amount": 2_500,
        "currency": "EUR", "created_at": "2026-11-22T12:00:00.000Z",
        "commissions": [{"id": commission["id"], "conversion_id": target.split('/').nth(3), "partner_id": commission["partner_id"], "reversed": 375,
            "remaining": 1_125, "currency": "EUR", "status": "pending"}]
    });
    assert_eq!(first.json, expected);
    let again = ledger.unchanged("again", |ledger| ledger.post(&target, &body));
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.raw.body, first.raw.body);
    for other in [json!({"external_id": "r-1", "amount": 2_501}), json!({"external_id": "r-1"})] {
        let refused = ledger.unchanged("other", |ledger| ledger.post(&target, &other));
        assert_eq!(refused.problem(), (409, "refund_conflict".to_owned()));
        assert_eq!(refused.text("/errors/0/pointer"), "/amount");
    }
    // A retry returns the first response even after later refunds; the conversion shows the current state.
    assert_eq!(
        ledger.post(&target, &json!({"external_id": "r-2", "amount": 2_500})).json["commissions"][0]["remaining"],
        750
    );
    assert_eq!(ledger.post(&target, &body).raw.body, first.raw.body);
    let conversion = ledger.get(target.strip_suffix("/refunds").unwrap()).json;
    assert_eq!(
        (&conversion["refunded"], &conversion["commissions"][0]["reversed"]),
        (&json!(5_000), &json!(750))
    );
    assert_eq!(balance(&mut ledger), json!([750, 0, 0, 750]));
    let types: Vec<_> = ledger.get("/v1/events").json["data"].as_array().unwrap()[5..]
        .iter()
        .map(|e| e["type"].clone())
        .collect();
    assert_eq!(types, ["refund.created", "commission.reversed", "refund.created", "commission.reversed"]);
    ledger.audit();
}

#[test]
fn external_ids_of_refunds_belong_to_their_conversion() {
    let mut ledger = Ledger::new();
    let first = sold(&mut ledger, 1_000);
    let click = ledger.click(1);
    let second = format!("/v1/conversions/{}/refunds", ledger.sale("o-2", &click, 1_000).text("/id"));
    for target in [&first, &second] {
        assert_eq!(ledger.post(target, &json!({"external_id": "r-1"})).status, 201);
    }
    // An idempotency key belongs to one route, and each conversion's refunds are a route of their own.
    let body = json!({"external_id": "r-2", "amount": 0}).to_string();
    let answers = [&first, &second].map(|target| ledger.call(OPERATOR, "POST", target, &body, Some("k")));
    for answer in answers {
        assert_eq!((answer.status, answer.raw.header("idempotent-replayed")), (201, None));
    }
    let replay = ledger.unchanged("replay", |ledger| ledger.call(OPERATOR, "POST", &first, &body, Some("k")));
    assert_eq!((replay.status, replay.raw.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(ledger.rows("refunds"), 4);
}

#[test]
fn a_sale_of_zero_can_be_refunded_without_an_amount() {
    let mut ledger = Ledger::new();
    let target = sold(&mut ledger, 0);
    for (id, status) in [("r-1", 201), ("r-2", 201), ("r-1", 200)] {
        let refunded = ledger.post(&target, &json!({"external_id": id}));
        assert_eq!((refunded.status, &refunded.json["amount"]), (status, &json!(0)), "{id}");
    }
    let refused = ledger.post(&target, &json!({"external_id": "r-3", "amount": 1}));
    assert_eq!(refused.problem(), (422, "refund_exceeds_sale".to_owned()));
}

#[test]
fn a_refund_may_not_exceed_the_remaining_amount() {
    let mut ledger = Ledger::new();
    let target = sold(&mut ledger, 1_000);
    for (n, (amount, left)) in [(1_001_i64, 1_000), (1_000_000_000_000, 1_000)].into_iter().enumerate() {
        let body = json!({"external_id": format!("x-{n}"), "amount": amount});
        let refused = ledger.unchanged("too much", |ledger| ledger.post(&target, &body));
        assert_eq!(refused.problem(), (422, "refund_exceeds_sale".to_owned()));
        assert_eq!(refused.text("/errors/0/pointer"), "/amount");
        assert!(refused.text("/errors/0/detail").contains(&left.to_string()));
    }
    assert_eq!(ledger.post(&target, &json!({"external_id": "r-1", "amount": 400})).status, 201);
    let rest = ledger.post(&target, &json!({"external_id": "r-2"}));
    assert_eq!((rest.status, &rest.json["amount"]), (201, &json!(600)));
    for body in [json!({"external_id": "r-3"}), json!({"external_id": "r-3", "amount": 1})] {
        let refused = ledger.unchanged("nothing left", |ledger| ledger.post(&target, &body));
        assert_eq!(refused.problem(), (422, "refund_exceeds_sale".to_owned()));
    }
    assert_eq!(balance(&mut ledger), json!([0, 0, 0, 150]));
    // A refused refund does not use up its id.
    let unknown = "/v1/conversions/cnv_00000000000000000000000000/refunds";
    let refused = ledger.unchanged("unknown", |ledger| ledger.post(unknown, &json!({"external_id": "r"})));
    assert_eq!(refused.problem(), (404, "not_found".to_owned()));
}

#[test]
fn a_conversion_without_an_amount_cannot_be_refunded() {
    let mut ledger = Ledger::new();
    for (kind, amount) in [("lead", None), ("install", None), ("uninstall", None), ("uninstall", Some(5))] {
        let body = json!({"type": kind, "external_id": format!("{kind}-{amount:?}"), "amount": amount,
            "currency": amount.map(|_| "EUR")});
        let id = ledger.post("/v1/conversions", &body).text("/id");
        let target = format!("/v1/conversions/{id}/refunds");
        let refused = ledger.unchanged(kind, |ledger| ledger.post(&target, &json!({"external_id": "r"})));
        assert_eq!(refused.problem(), (422, "not_refundable".to_owned()));
    }
    // A sale without a partner can be refunded too, because reports contain it.
    let sale = json!({"type": "sale", "external_id": "o", "amount": 70, "currency": "EUR"});
    let id = ledger.post("/v1/conversions", &sale).text("/id");
    let refund = ledger.post(&format!("/v1/conversions/{id}/refunds"), &json!({"external_id": "r"}));
    assert_eq!((refund.status, &refund.json["commissions"]), (201, &json!([])));
    let report = ledger.get("/v1/attribution?group_by=partner").json;
    assert_eq!(
        (&report["data"][0]["key"], &report["data"][0]["refunds"][0]["amount"]),
        (&Json::Null, &json!(70))
    );
    assert_eq!(ledger.rows("transfers"), 0);
}

#[test]
fn before_the_hold_ends_refunds_take_from_pending_and_after_it_from_payable() {
    for (refund_at, before, after) in [
        (30 * DAY - 1, [1_000, 0, 0, 500], [0, 1_000, 0, 500]),
        (30 * DAY, [0, 1_000, 0, 500], [0, 1_000, 0, 500]),
        (31 * DAY, [0, 1_000, 0, 500], [0, 1_000, 0, 500]),
    ] {
        let mut ledger = Ledger::new();
        let target = sold(&mut ledger, 10_000);
        ledger.wait(refund_at);
        let refund = ledger.post(&target, &json!({"external_id": "r", "amount": 3_333}));
        let status = if refund_at < 30 * DAY { "pending" } else { "payable" };
        assert_eq!(refund.json["commissions"][0]["status"], status);
        assert_eq!(balance(&mut ledger), json!(before), "{refund_at}");
        ledger.wait(40 * DAY);
        assert_eq!(balance(&mut ledger), json!(after), "{refund_at}");
        let kinds: Vec<_> = ledger.get("/v1/events").json["data"].as_array().unwrap()[5..]
            .iter()
            .map(|e| e["type"].clone())
            .collect();
        let expected = if refund_at < 30 * DAY {
            ["refund.created", "commission.reversed", "commission.payable"]
        } else {
            ["commission.payable", "refund.created", "commission.reversed"]
        };
        assert_eq!(kinds, expected);
        ledger.audit();
    }
}

#[test]
fn a_fully_reversed_commission_never_becomes_payable() {
    let mut ledger = Ledger::new();
    let target = sold(&mut ledger, 10_000);
    assert_eq!(
        ledger.post(&target, &json!({"external_id": "r"})).json["commissions"][0]["status"],
        "reversed"
    );
    ledger.wait(60 * DAY);
    assert_eq!(balance(&mut ledger), json!([0, 0, 0, 1_500]));
    assert_eq!(ledger.get("/v1/commissions").json["data"][0]["status"], "reversed");
    ledger.audit();
}

#[test]
fn a_commission_that_rounding_has_reversed_stays_reversed() {
    // 3 at 15 % earn nothing; 4 at 15 % earn 1, which is gone once half of the sale is refunded.
    for (amount, earned) in [(3, 0), (4, 1)] {
        let mut ledger = Ledger::new();
        let target = sold(&mut ledger, amount);
        let mut left = earned;
        for n in 1..=amount {
            let refund = ledger.post(&target, &json!({"external_id": format!("r-{n}"), "amount": 1}));
            let reversed = refund.json["commissions"][0]["reversed"].as_i64().unwrap();
            let in_all = (2 * earned * n + amount) / (2 * amount);
            left -= reversed;
            assert_eq!((left, &refund.json["commissions"][0]["remaining"]), (earned - in_all, &json!(left)));
        }
        assert_eq!(left, 0);
        ledger.audit();
    }
}

#[test]
fn many_holds_end_in_batches_and_each_once() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(10_000);
    let click = ledger.click(scenario.link_no);
    for n in 0..450 {
        ledger.sale(&format!("o-{n}"), &click, 1);
    }
    ledger.wait(30 * DAY);
    // A request ends at most 200 holds, so that none takes long; later requests end the rest.
    let seen: Vec<_> = (0..4).map(|_| balance(&mut ledger)).collect();
    assert_eq!(json!(seen), json!([[250, 200, 0, 0], [50, 400, 0, 0], [0, 450, 0, 0], [0, 450, 0, 0]]));
    assert_eq!(ledger.rows("transfers"), 900);
    ledger.audit();
}
