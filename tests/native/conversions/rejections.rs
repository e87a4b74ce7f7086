//! An operator rejects commissions. These tests fail if an amount is taken back twice or not at all, if a report
//! differs from the ledger, if a partner sees the operator's note, or if a refused request writes anything.

use crate::http::bad_input::{refuse, world};
use crate::support::{Answer, Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::store::Sql;

const DAY: i64 = 86_400_000;

/// A sale of EUR 100.00 at 15 %: returns the conversion and the commission.
fn sold(ledger: &mut Ledger, customer: &str) -> (String, String) {
    let scenario = ledger.scenario(1_500);
    assert_eq!(
        ledger.patch(&format!("/v1/partners/{}", scenario.partner), &json!({"external_id": "a"})).status,
        200
    );
    let click = ledger.click(scenario.link_no);
    let sale = ledger.post(
        "/v1/conversions",
        &json!({"type": "sale", "external_id": "o-1", "click_id": click,
        "customer_id": customer, "amount": 10_000, "currency": "EUR"}),
    );
    (sale.text("/id"), sale.text("/commissions/0/id"))
}

fn reject(ledger: &mut Ledger, commission: &str) -> Answer {
    ledger.post(&format!("/v1/commissions/{commission}/reject"), &json!({"note": "never delivered"}))
}

/// Pending, payable, paid and reversed, and the commission in the report.
fn books(ledger: &mut Ledger) -> Json {
    ledger.audit();
    let balance = ledger.get("/v1/balances").json["data"][0].take();
    let report = ledger.get("/v1/attribution").json["totals"]["commission"][0]["amount"].take();
    json!([balance["pending"], balance["payable"], balance["paid"], balance["reversed"], report])
}

fn refund(ledger: &mut Ledger, conversion: &str, n: u32, amount: i64) -> Json {
    let target = format!("/v1/conversions/{conversion}/refunds");
    let refund = ledger.post(&target, &json!({"external_id": format!("r-{n}"), "amount": amount}));
    assert_eq!(refund.status, 201, "{}", refund.raw.body);
    let commission = &refund.json["commissions"][0];
    json!([commission["reversed"], commission["remaining"], commission["status"]])
}

#[test]
fn a_pending_held_or_payable_commission_is_rejected_as_a_whole() {
    for (customer, days, before) in [
        ("c-1", 0, json!([1_500, 0, 0, 0, 1_500])),
        // Held: the partner's own purchase.
        ("a", 0, json!([1_500, 0, 0, 0, 1_500])),
        ("a", 40, json!([1_500, 0, 0, 0, 1_500])),
        ("c-1", 40, json!([0, 1_500, 0, 0, 1_500])),
    ] {
        let mut ledger = Ledger::new();
        let (conversion, commission) = sold(&mut ledger, customer);
        ledger.wait(days * DAY);
        assert_eq!(books(&mut ledger), before, "{customer} {days}");
        let rejected = reject(&mut ledger, &commission);
        assert_eq!(rejected.status, 200, "{}", rejected.raw.body);
        let stands =
            |json: &Json| json!([json["status"], json["held_reason"], json["amount"], json["reversed"]]);
        assert_eq!(stands(&rejected.json), json!(["reversed", null, 1_500, 1_500]));
        assert_eq!(ledger.get(&format!("/v1/commissions/{commission}")).json, rejected.json);
        assert_eq!(
            ledger.get(&format!("/v1/conversions/{conversion}")).json["commissions"][0],
            rejected.json
        );
        assert_eq!(books(&mut ledger), json!([0, 0, 0, 1_500, 0]), "{customer} {days}");
        let kinds =
            "SELECT kind || ' ' || debit || ' ' || credit || ' ' || amount FROM transfers ORDER BY no DESC";
        let account = if before[1] == 0 { "pending" } else { "payable" };
        assert_eq!(
            ledger.sql.exec(kinds, &[]).unwrap()[0].text(0).unwrap(),
            format!("rejection {account} reversed 1500")
        );
        // It no longer matures.
        ledger.wait(40 * DAY);
        assert_eq!(books(&mut ledger), json!([0, 0, 0, 1_500, 0]));
    }
}

#[test]
fn a_refund_before_a_rejection_takes_its_part_and_one_after_takes_nothing() {
    let mut ledger = Ledger::new();
    let (conversion, commission) = sold(&mut ledger, "c-1");
    assert_eq!(refund(&mut ledger, &conversion, 1, 2_500), json!([375, 1_125, "pending"]));
    assert_eq!(reject(&mut ledger, &commission).json["reversed"], 1_500);
    assert_eq!(books(&mut ledger), json!([0, 0, 0, 1_500, 0]));
    let rejected = ledger.get("/v1/events?limit=200").json["data"].take();
    let event = rejected.as_array().unwrap().last().unwrap();
    assert_eq!((&event["type"], &event["data"]["rejected"]), (&json!("commission.rejected"), &json!(1_125)));
    for (n, amount) in [(2, 1), (3, 2_499), (4, 5_000)] {
        assert_eq!(refund(&mut ledger, &conversion, n, amount), json!([0, 0, "reversed"]), "{n}");
        assert_eq!(books(&mut ledger), json!([0, 0, 0, 1_500, 0]));
    }
    let report = ledger.get("/v1/attribution").json["totals"]["refunds"].take();
    assert_eq!(report, json!([{"amount": 10_000, "currency": "EUR"}]));
    let count = "SELECT count(*) FROM events WHERE type = 'commission.reversed'";
    assert_eq!(ledger.sql.exec(count, &[]).unwrap()[0].int(0).unwrap(), 1);
}

#[test]
fn a_zero_commission_is_rejected_without_a_transfer() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(0);
    let click = ledger.click(scenario.link_no);
    let commission = ledger.sale("o-1", &click, 100).text("/commissions/0/id");
    assert_eq!(reject(&mut ledger, &commission).json["status"], "reversed");
    assert_eq!(ledger.rows("transfers"), 0);
    let again = ledger.unchanged("again", |ledger| reject(ledger, &commission));
    assert_eq!(again.problem(), (409, "not_rejectable".to_owned()));
}

#[test]
fn a_rejected_refunded_bound_or_paid_commission_cannot_be_rejected() {
    let mut ledger = Ledger::new();
    let (conversion, commission) = sold(&mut ledger, "c-1");
    let refused = |ledger: &mut Ledger, said: &str| {
        let answer = ledger.unchanged(said, |ledger| reject(ledger, &commission));
        assert_eq!(answer.problem(), (409, "not_rejectable".to_owned()), "{said}");
        answer.text("/detail")
    };
    let instead = "It is paid or bound in a payout. Refund its conversion, and the next payout nets it; what stays \
                   negative can be written off.";
    for (settled, status) in [(1_500, "payable"), (1, "payable"), (1_500, "paid"), (0, "paid")] {
        let set = format!("UPDATE commissions SET settled = {settled}, status = '{status}'");
        ledger.sql.exec(&set, &[]).unwrap();
        assert_eq!(refused(&mut ledger, status), instead, "{settled} {status}");
    }
    ledger.sql.exec("UPDATE commissions SET settled = 0, status = 'pending'", &[]).unwrap();
    refund(&mut ledger, &conversion, 1, 10_000);
    let nothing = "Nothing is left of it: it is rejected or refunded already.";
    assert_eq!(refused(&mut ledger, "refunded"), nothing);

    let mut ledger = Ledger::new();
    let (_, commission) = sold(&mut ledger, "a");
    assert_eq!(reject(&mut ledger, &commission).status, 200);
    let again = ledger.unchanged("again", |ledger| reject(ledger, &commission));
    assert_eq!(
        (again.problem(), again.text("/detail").as_str()),
        ((409, "not_rejectable".to_owned()), nothing)
    );
    // It is no longer held either.
    let release = format!("/v1/commissions/{commission}/release");
    assert_eq!(ledger.post(&release, &json!({})).problem(), (409, "not_held".to_owned()));
}

#[test]
fn a_note_is_required_and_hidden_from_the_partner() {
    let mut world = world();
    let target = format!("/v1/commissions/{}/reject", world.held);
    for (body, code, pointer) in [
        (json!({}), "missing_field", "/note"),
        (json!({"note": null}), "wrong_type", "/note"),
        (json!({"note": 5}), "wrong_type", "/note"),
        (json!({"note": ""}), "invalid_text", "/note"),
        (json!({"note": "x".repeat(501)}), "invalid_text", "/note"),
        (json!({"note": "a\u{0}b"}), "invalid_text", "/note"),
        (json!({"note": "n", "amount": 5}), "unknown_field", "/amount"),
    ] {
        refuse(&mut world.ledger, ("POST", &target, body.to_string().as_bytes()), (422, code, pointer));
    }
    let nobody = "/v1/commissions/com_00000000000000000000000000/reject";
    refuse(&mut world.ledger, ("POST", nobody, br#"{"note":"n"}"#), (404, "not_found", "-"));

    let note = "é".repeat(500);
    let answer = world.ledger.post(&target, &json!({"note": note}));
    assert_eq!((answer.status, answer.raw.body.contains('é')), (200, false));
    let partners = world.ledger.key(&["read"], Some(&world.scenario.partner));
    for (key, seen) in [(OPERATOR, json!(note)), (partners.as_str(), Json::Null)] {
        let events = world.ledger.call(key, "GET", "/v1/events?limit=200", "", None).json["data"].take();
        let of_rejection = |event: &&Json| event["type"] == "commission.rejected";
        let found = events.as_array().unwrap().iter().find(of_rejection).unwrap()["data"].clone();
        let expected = json!({"id": world.held, "conversion_id": answer.json["conversion_id"],
            "partner_id": world.scenario.partner, "rejected": answer.json["amount"], "currency": "EUR", "note": seen});
        assert_eq!(found, expected);
    }
}
