//! Payments that come back from the bank days after they were reported as paid.

use super::world::{World, october};
use serde_json::{Value as Json, json};

fn november() -> Json {
    json!({"from": "2026-11-01", "to": "2026-11-30"})
}

fn come_back(world: &mut World, payout: &Json, body: &Json) -> crate::support::Answer {
    let target = format!("/v1/payouts/{}/failed", payout["id"].as_str().unwrap());
    world.ledger.post(&target, body)
}

#[test]
fn a_payment_that_came_back_is_payable_again() {
    let mut world = World::new();
    let ada = world.partner("Ada", Some("EUR"));
    world.sale(&ada, 10_000, "USD");
    world.sale(&ada, 1_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    world.set_rate("2026-10-31", "USD", "EUR", "0.9231");
    let run = world.run(october());
    let payout = world.payouts(&run, "open").remove(0);
    assert_eq!(world.pay(&payout, "bank-1").status, 200);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 0, 0, 10_231, 0]);
    let statement = format!("/v1/payouts/{}/statement", payout["id"].as_str().unwrap());
    assert_eq!(world.ledger.get(&format!("{statement}.json")).json["cancelled_at"], json!(null));

    world.at("2026-11-06T08:00:00Z");
    let body = json!({"reason": "AC04 closed account", "fee": 350});
    let back = come_back(&mut world, &payout, &body);
    assert_eq!(back.status, 200, "{}", back.raw.body);
    let shown =
        ["status", "failure_reason", "fee", "reference", "ended_at"].map(|name| back.json[name].clone());
    assert_eq!(
        shown,
        [
            json!("failed"),
            json!("AC04 closed account"),
            json!(350),
            json!("bank-1"),
            json!("2026-11-06T08:00:00.000Z")
        ]
    );
    // The fee is the programme's: the whole amount is payable again, at the rate that it was exchanged at.
    assert_eq!(world.balance(&ada.partner, "USD"), [0, 10_000, 0, 0, 0]);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 1_000, 0, 0, 0]);
    world.audit();
    let statuses = world.ledger.get("/v1/commissions").json;
    assert!(statuses["data"].as_array().unwrap().iter().all(|commission| commission["status"] == "payable"));
    assert_eq!(world.ledger.get(&format!("/v1/payouts/runs/{run}")).text("/status"), "settled");

    // Its invoice is cancelled, in every form.
    let invoice = world.ledger.get(&format!("{statement}.json")).json;
    assert_eq!(
        (&invoice["invoice_number"], &invoice["cancelled_at"], &invoice["cancel_reason"]),
        (&json!("SB-000001"), &json!("2026-11-06T08:00:00.000Z"), &json!("AC04 closed account"))
    );
    let page = world.ledger.get(&format!("{statement}.html")).raw.body;
    assert!(page.contains("<h1>Self-billing invoice SB-000001, cancelled</h1>"), "{page}");
    assert!(page.contains("Cancelled on 2026-11-06: AC04 closed account"), "{page}");
    assert!(!page.contains("Paid, reference"), "{page}");
    let table = world.ledger.get(&format!("{statement}.csv")).raw.body;
    assert!(table.contains("\r\ncancelled,2026-11-06T08:00:00.000Z,,,,,,,,-102.31,EUR,,\r\n"), "{table}");

    // The same report again changes nothing; another one is refused.
    let target = format!("/v1/payouts/{}/failed", payout["id"].as_str().unwrap());
    let again = world.ledger.unchanged("again", |ledger| ledger.post(&target, &body));
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
    for (step, other) in [
        ("failed", json!({"reason": "AC04 closed account", "fee": 351})),
        ("failed", json!({"reason": "AC04 closed account"})),
        ("failed", json!({"reason": "other", "fee": 350})),
        ("paid", json!({"reference": "bank-1"})),
    ] {
        let target = format!("/v1/payouts/{}/{step}", payout["id"].as_str().unwrap());
        let refused = world.ledger.unchanged(step, |ledger| ledger.post(&target, &other));
        assert_eq!(refused.problem(), (409, "payout_ended".to_owned()), "{other}");
    }
    let target = format!("/v1/payouts/{}/failed", payout["id"].as_str().unwrap());
    let refused = world.ledger.post(&target, &json!({"reason": "x", "fee": -1}));
    assert_eq!(refused.problem(), (422, "amount_out_of_range".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/fee");

    // The partner's events tell it, and the next run pays it at the rate of its own day.
    let adas = world.ledger.key(&["read"], Some(&ada.partner));
    let events = world.by(&adas, "GET", "/v1/events?limit=200", &json!({})).json;
    let kinds: Vec<&str> =
        events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.last(), Some(&"payout.returned"), "{kinds:?}");
    world.at("2026-12-01T00:00:00Z");
    world.set_rate("2026-11-30", "USD", "EUR", "0.95");
    let run = world.run(november());
    let payout = world.payouts(&run, "open").remove(0);
    assert_eq!((&payout["amount"], &payout["invoice_number"]), (&json!(10_500), &json!("SB-000002")));
    world.pay(&payout, "bank-2");
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 0, 0, 10_500, 0]);
    world.audit();
}

#[test]
fn a_returned_payout_does_not_repay_what_was_refunded_or_written_off() {
    // The sale was paid, then refunded in full, and the debt was written off. As the payment came back, there is no debt.
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    let sale = world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let payout = world.payouts(&run, "open").remove(0);
    world.pay(&payout, "bank-1");
    world.refund(&sale, "r-1", 4_000);
    let target = format!("/v1/partners/{}/write-off", ada.partner);
    assert_eq!(world.ledger.post(&target, &json!({"currency": "EUR"})).json["amount"], 4_000);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 0, 0, 10_000, 4_000]);
    assert_eq!(come_back(&mut world, &payout, &json!({"reason": "closed"})).status, 200);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 6_000, 0, 0, 4_000]);
    world.audit();
    let trial = world.ledger.get("/v1/ledger/trial-balance").json;
    let written_off =
        trial["data"].as_array().unwrap().iter().find(|line| line["account"] == "written_off").unwrap();
    assert_eq!((&written_off["debits"], &written_off["credits"]), (&json!(4_000), &json!(4_000)));
}

#[test]
fn a_refund_that_was_netted_elsewhere_stays_netted() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    let sale = world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let first = world.payouts(&run, "open").remove(0);
    world.pay(&first, "bank-1");
    world.at("2026-11-10T08:00:00Z");
    world.refund(&sale, "r-1", 4_000);
    world.sale(&ada, 5_000, "EUR");
    world.at("2026-12-01T00:00:00Z");
    let run = world.run(november());
    let second = world.payouts(&run, "open").remove(0);
    assert_eq!(second["amount"], 1_000);
    world.pay(&second, "bank-2");
    // What the first paid is owed again; the second has already taken the refund into account.
    assert_eq!(come_back(&mut world, &first, &json!({"reason": "closed"})).status, 200);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 10_000, 0, 1_000, 4_000]);
    world.audit();
    // Without the second, what is left of both sales is owed.
    assert_eq!(come_back(&mut world, &second, &json!({"reason": "closed"})).status, 200);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 11_000, 0, 0, 4_000]);
    world.audit();
}

#[test]
fn results_report_what_came_back() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 1_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let payout = world.payouts(&run, "open").remove(0);
    let target = format!("/v1/payouts/runs/{run}/results");
    let result = |fields: Json| {
        let mut result = json!({"payout_id": payout["id"]});
        result.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({"results": [result]})
    };
    let misplaced = result(json!({"status": "paid", "reference": "b-1", "fee": 1}));
    let refused = world.ledger.unchanged("misplaced", |ledger| ledger.post(&target, &misplaced));
    assert_eq!(refused.problem(), (422, "misplaced_field".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/results/0/fee");
    assert_eq!(
        world.ledger.post(&target, &result(json!({"status": "paid", "reference": "b-1"}))).status,
        200
    );
    let failed =
        world.ledger.post(&target, &result(json!({"status": "failed", "reason": "closed", "fee": 5})));
    assert_eq!((&failed.json["counts"]["failed"], failed.text("/status").as_str()), (&json!(1), "settled"));
    assert_eq!(world.payouts(&run, "failed")[0]["fee"], 5);
    world.audit();
}
