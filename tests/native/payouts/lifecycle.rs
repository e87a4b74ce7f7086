//! The transfers of a payout run, from draft to paid or failed.

use super::world::{World, october};
use crate::support::rows;
use serde_json::json;
use signpost::{
    api::reports::export::{Position, cut},
    replay::replay,
    store::{
        log::{events, outbox::event_line},
        native::NativeSql,
        schema::{LEDGER, migrate},
    },
};

fn november() -> serde_json::Value {
    json!({"from": "2026-11-01", "to": "2026-11-30"})
}

#[test]
fn a_sale_is_paid_out_and_its_refund_is_netted_by_the_next_run() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    let first = world.sale(&ada, 10_000, "EUR");
    world.sale(&ada, 2_500, "EUR");
    world.at("2026-11-02T08:00:00Z");
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 12_500, 0, 0, 0]);

    let draft = world.make(&json!({"period": october()}));
    assert_eq!((draft.status, draft.text("/status").as_str()), (201, "draft"));
    assert_eq!(
        draft.json["totals"],
        json!([{"currency": "EUR", "amount": 12_500, "payouts": 1, "commissions": 2}])
    );
    assert_eq!(
        draft.raw.header("location"),
        Some(format!("/v1/payouts/runs/{}", draft.text("/id")).as_str())
    );
    // A draft binds nothing.
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 12_500, 0, 0, 0]);
    let run = draft.text("/id");
    let approved = world.approve(&run);
    assert_eq!((approved.status, approved.text("/status").as_str()), (200, "approved"));
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 12_500, 12_500, 0, 0]);
    world.audit();

    let payout = world.payouts(&run, "open").remove(0);
    assert_eq!((&payout["amount"], &payout["invoice_number"]), (&json!(12_500), &json!("SB-000001")));
    let paid = world.pay(&payout, "bank-1");
    assert_eq!((paid.status, paid.text("/status").as_str()), (200, "paid"));
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 0, 0, 12_500, 0]);
    assert_eq!(world.ledger.get(&format!("/v1/payouts/runs/{run}")).text("/status"), "settled");
    let statuses = world.ledger.get("/v1/commissions").json;
    assert!(statuses["data"].as_array().unwrap().iter().all(|commission| commission["status"] == "paid"));

    // A refund after the payout makes the balance negative, and the next run nets it.
    world.at("2026-11-10T08:00:00Z");
    world.refund(&first, "r-1", 4_000);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, -4_000, 0, 12_500, 4_000]);
    world.audit();
    world.sale(&ada, 5_000, "EUR");
    world.at("2026-12-01T00:00:00Z");
    let run = world.run(november());
    let payout = world.payouts(&run, "open").remove(0);
    assert_eq!((&payout["amount"], &payout["parts"][0]["commissions"]), (&json!(1_000), &json!(2)));
    let items = world.ledger.get(&format!("/v1/payouts/{}/items", payout["id"].as_str().unwrap())).json;
    let amounts: Vec<i64> =
        items["data"].as_array().unwrap().iter().map(|item| item["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts, [5_000, -4_000]);
    assert_eq!(world.pay(&payout, "bank-2").status, 200);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 0, 0, 13_500, 4_000]);
    world.audit();
}

#[test]
fn a_sale_wholly_refunded_after_its_payout_is_owed_back_in_full() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    let sale = world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let payout = world.payouts(&run, "open").remove(0);
    world.pay(&payout, "b-1");
    world.refund(&sale, "r-1", 10_000);
    world.audit();
    world.at("2026-12-01T00:00:00Z");
    let draft = world.make(&json!({"period": november()}));
    assert_eq!(draft.json["counts"]["carried"], 1);
    let carried = &draft.json["carried"][0];
    assert_eq!((&carried["amount"], &carried["reason"]), (&json!(-10_000), &json!("negative")));
    assert_eq!(draft.json["totals"], json!([]));
    // There is nothing to pay, so it is settled as soon as it is approved.
    assert_eq!(world.approve(&draft.text("/id")).text("/status"), "settled");
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, -10_000, 0, 10_000, 10_000]);

    let target = format!("/v1/partners/{}/write-off", ada.partner);
    let body = json!({"currency": "EUR", "note": "gone"});
    let written = world.ledger.post(&target, &body);
    assert_eq!(
        (written.status, &written.json["amount"], &written.json["commissions"]),
        (201, &json!(10_000), &json!(1))
    );
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 0, 0, 10_000, 10_000]);
    world.audit();
    let again = world.ledger.unchanged("written off", |ledger| ledger.post(&target, &body));
    assert_eq!(again.problem(), (409, "nothing_owed_back".to_owned()));
    let events = world.ledger.key(&["read"], Some(&ada.partner));
    let events = world.by(&events, "GET", "/v1/events?limit=200", &json!({})).json;
    let noted: Vec<_> =
        events["data"].as_array().unwrap().iter().filter(|e| e["type"] == "balance.written_off").collect();
    assert_eq!((noted.len(), &noted[0]["data"]["note"]), (1, &json!(null)));
}

#[test]
fn a_failed_payout_is_payable_again_and_paid_by_the_next_run() {
    let mut world = World::new();
    let ada = world.partner("Ada", Some("EUR"));
    world.sale(&ada, 10_000, "USD");
    world.sale(&ada, 1_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    assert_eq!(world.set_rate("2026-10-31", "USD", "EUR", "0.9231").status, 200);
    let run = world.run(october());
    let payout = world.payouts(&run, "open").remove(0);
    assert_eq!((&payout["amount"], &payout["currency"]), (&json!(10_231), &json!("EUR")));
    assert_eq!(
        payout["parts"],
        json!([
            {"currency": "EUR", "amount": 1_000, "commissions": 1, "rate": null, "converted": 1_000, "held_reason": null},
            {"currency": "USD", "amount": 10_000, "commissions": 1, "rate": "0.9231", "converted": 9_231, "held_reason": null},
        ])
    );
    assert_eq!(world.balance(&ada.partner, "USD"), [0, 0, 0, 0, 0]);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 10_231, 10_231, 0, 0]);
    world.audit();
    let failed = world.fail(&payout, "account closed");
    assert_eq!((failed.status, failed.text("/failure_reason").as_str()), (200, "account closed"));
    assert_eq!(world.balance(&ada.partner, "USD"), [0, 10_000, 0, 0, 0]);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 1_000, 0, 0, 0]);
    world.audit();
    assert_eq!(world.ledger.get(&format!("/v1/payouts/runs/{run}")).text("/status"), "settled");

    world.at("2026-12-01T00:00:00Z");
    assert_eq!(world.set_rate("2026-11-30", "USD", "EUR", "0.95").status, 200);
    let run = world.run(november());
    let payout = world.payouts(&run, "open").remove(0);
    assert_eq!((&payout["amount"], &payout["invoice_number"]), (&json!(10_500), &json!("SB-000002")));
    world.pay(&payout, "b-2");
    world.audit();
}

#[test]
fn the_same_run_requested_twice_is_one_run() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let body = json!({"period": october(), "minimum": {"amount": 500, "currency": "EUR"}});
    let first = world.make(&body);
    world.sale(&ada, 1_000, "EUR");
    let again = world.ledger.unchanged("again", |ledger| ledger.post("/v1/payouts/runs", &body));
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.raw.body, first.raw.body);
    for (field, other) in [
        ("minimum", json!({"period": october(), "minimum": {"amount": 501, "currency": "EUR"}})),
        ("minimum", json!({"period": october()})),
        (
            "rate_date",
            json!({"period": october(), "minimum": {"amount": 500, "currency": "EUR"}, "rate_date": "2026-11-01"}),
        ),
    ] {
        let refused = world.ledger.unchanged(field, |ledger| ledger.post("/v1/payouts/runs", &other));
        assert_eq!(refused.problem(), (409, "run_conflict".to_owned()));
        assert_eq!(refused.text("/errors/0/pointer"), format!("/{field}"));
    }
    // One of another currency is another run; it leaves to the first what the first pays.
    let dollars = world.make(&json!({"period": october(), "currency": "USD"}));
    assert_eq!((dollars.status, &dollars.json["totals"]), (201, &json!([])));
    let euros = world.make(&json!({"period": october(), "currency": "EUR"}));
    assert_eq!(
        euros.json["counts"],
        json!({"draft": 0, "open": 0, "paid": 0, "failed": 0, "carried": 0, "held": 1})
    );
    assert_eq!(euros.text("/held/0/reason"), "in_other_run");
    let target = format!("/v1/payouts/runs/{}/cancel", first.text("/id"));
    assert_eq!(world.ledger.post(&target, &json!({})).text("/status"), "cancelled");
    let target = format!("/v1/payouts/runs/{}/refresh", euros.text("/id"));
    assert_eq!(world.ledger.post(&target, &json!({})).json["counts"]["draft"], 1);
    // A cancelled run is none: its period may be asked for again.
    assert_eq!(world.make(&json!({"period": october()})).status, 201);
}

#[test]
fn results_are_accepted_all_or_none() {
    let mut world = World::new();
    let partners = ["Ada", "Bob", "Cyd"].map(|name| world.partner(name, None));
    for partner in &partners {
        world.sale(partner, 1_000, "EUR");
    }
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let payouts = world.payouts(&run, "open");
    let target = format!("/v1/payouts/runs/{run}/results");
    let result = |n: usize, fields: serde_json::Value| {
        let mut result = json!({"payout_id": payouts[n]["id"]});
        result.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        result
    };
    let (paid, failed) =
        (json!({"status": "paid", "reference": "b-1"}), json!({"status": "failed", "reason": "closed"}));
    for (bad, code, pointer) in [
        (
            json!({"payout_id": "pay_00000000000000000000000000", "status": "paid", "reference": "x"}),
            "unknown_payout",
            "/results/1/payout_id",
        ),
        (result(1, json!({"status": "paid"})), "missing_field", "/results/1/reference"),
        (result(1, json!({"status": "failed"})), "missing_field", "/results/1/reason"),
        (
            result(1, json!({"status": "failed", "reason": "x", "reference": "y"})),
            "misplaced_field",
            "/results/1/reference",
        ),
        (result(0, json!({"status": "paid", "reference": "other"})), "payout_ended", "/results/1/payout_id"),
    ] {
        let body = json!({"results": [result(0, paid.clone()), bad]});
        let refused = world.ledger.unchanged(pointer, |ledger| ledger.post(&target, &body));
        assert_eq!(
            (refused.text("/code").as_str(), refused.text("/errors/0/pointer").as_str()),
            (code, pointer)
        );
    }
    let body = json!({"results": [result(0, paid.clone()), result(1, failed), result(0, paid)]});
    let noted = world.ledger.post(&target, &body);
    assert_eq!(
        noted.json["counts"],
        json!({"draft": 0, "open": 1, "paid": 1, "failed": 1, "carried": 0, "held": 0})
    );
    assert_eq!(noted.text("/status"), "approved");
    world.audit();
    let empty = world.ledger.post(&target, &json!({"results": []}));
    assert_eq!(empty.problem(), (422, "out_of_range".to_owned()));
}

#[test]
fn a_reversal_during_a_run_is_owed_back() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    let sale = world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    world.refund(&sale, "r-1", 10_000);
    world.audit();
    // `payable` holds what is bound, less what was taken back of it.
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 0, 10_000, 0, 10_000]);
    let payout = world.payouts(&run, "open").remove(0);
    let target = format!("/v1/partners/{}/write-off", ada.partner);
    let refused = world.ledger.unchanged("open", |ledger| ledger.post(&target, &json!({"currency": "EUR"})));
    assert_eq!(refused.problem(), (409, "payout_open".to_owned()));
    world.fail(&payout, "closed");
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 0, 0, 0, 10_000]);
    world.audit();
}

#[test]
fn a_partner_with_an_open_payout_waits_for_its_result() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    world.sale(&ada, 500, "EUR");
    world.at("2026-12-01T00:00:00Z");
    let next = world.make(&json!({"period": november()}));
    assert_eq!(
        (next.json["counts"]["draft"].clone(), next.text("/held/0/reason")),
        (json!(0), "in_other_run".to_owned())
    );
    let payout = world.payouts(&run, "open").remove(0);
    world.fail(&payout, "closed");
    let target = format!("/v1/payouts/runs/{}/refresh", next.text("/id"));
    let maker = world.maker.clone();
    let refreshed = world.by(&maker, "POST", &target, &json!({}));
    assert_eq!(
        refreshed.json["totals"],
        json!([{"currency": "EUR", "amount": 10_500, "payouts": 1, "commissions": 2}])
    );
}

#[test]
fn every_ended_hold_is_in_the_run() {
    let mut world = World::new();
    assert_eq!(world.ledger.put("/v1/program", &json!({"hold_days": 1})).status, 200);
    let ada = world.partner("Ada", None);
    // More than a request ends by itself.
    for _ in 0..250 {
        world.sale(&ada, 100, "EUR");
    }
    world.at("2026-11-02T08:00:00Z");
    let draft = world.make(&json!({"period": october()}));
    assert_eq!(draft.json["totals"][0]["commissions"], 250);
}

/// A history with one of everything that payouts do.
fn history() -> World {
    let mut world = World::new();
    let (ada, bob) = (world.partner("Ada", None), world.partner("Bob", Some("USD")));
    let sale = world.sale(&ada, 10_000, "EUR");
    world.sale(&ada, 777, "JPY");
    world.sale(&bob, 5_000, "EUR");
    world.sale(&bob, 5_000, "GBP");
    let details = json!({"method": "sepa", "legal_name": "Ada Lovelace", "iban": "GB29NWBK60161331926819"});
    let bobs = json!({"method": "wise", "legal_name": "Bob", "wise_email": "bob@example.com"});
    for (partner, details) in [(&ada.partner, details), (&bob.partner, bobs)] {
        let target = format!("/v1/partners/{partner}/payout-details");
        assert_eq!(world.ledger.put(&target, &details).status, 200);
    }
    world.at("2026-11-02T08:00:00Z");
    world.set_rate("2026-10-31", "EUR", "USD", "1.1");
    world.set_rate("2026-10-31", "JPY", "EUR", "0.006");
    let draft = world.draft(october());
    world.set_rate("2026-10-31", "EUR", "USD", "1.0833333333");
    assert_eq!(world.approve(&draft).problem(), (409, "run_outdated".to_owned()));
    let maker = world.maker.clone();
    world.by(&maker, "POST", &format!("/v1/payouts/runs/{draft}/refresh"), &json!({}));
    assert_eq!(world.approve(&draft).status, 200);
    let payouts = world.payouts(&draft, "open");
    world.pay(&payouts[0], "b-1");
    world.fail(&payouts[1], "closed");
    assert_eq!(world.ledger.get(&format!("/v1/payouts/runs/{draft}/files/csv")).status, 200);
    world.refund(&sale, "r-1", 9_000);
    world.at("2026-12-02T08:00:00Z");
    let next = world.draft(november());
    world.ledger.post(&format!("/v1/payouts/runs/{next}/cancel"), &json!({}));
    world.ledger.post(&format!("/v1/partners/{}/write-off", ada.partner), &json!({"currency": "EUR"}));
    world.set_rate("2026-11-30", "EUR", "USD", "1.1");
    let next = world.draft(november());
    assert_eq!(world.approve(&next).status, 200);
    let payout = world.payouts(&next, "open").remove(0);
    world.ledger.get(&format!("/v1/payouts/runs/{next}/files/wise"));
    world.pay(&payout, "b-2");
    world.fail(&payout, "came back");
    world.fail(&payouts[0], "came back");
    world.audit();
    world
}

#[test]
fn a_replay_rebuilds_runs_payouts_and_balances() {
    let world = history();
    let events = events::after(&world.ledger.sql, 0, None, 1_000).unwrap();
    let mut lines: Vec<String> = events.iter().map(|event| event_line(event).unwrap()).collect();
    let log = lines.join("\n");
    for secret in ["GB29NWBK60161331926819", "6819", "Lovelace"] {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
    let position = Position { stage: 16, after: 0, from_ms: 0, to_ms: i64::MAX };
    let _ = cut(&log, &position);
    lines.push(json!({"end": true, "lines": lines.len(), "next_cursor": null, "totals": null}).to_string());
    let rebuilt = NativeSql::in_memory().unwrap();
    migrate(&rebuilt, LEDGER).unwrap();
    let replayed = replay(lines.join("\n").as_bytes(), &rebuilt).unwrap();
    assert_eq!(replayed.discrepancies, Vec::<String>::new());
    let (mut original, mut rebuilt) = (rows::rows(&world.ledger.sql), rows::rows(&rebuilt));
    for rows in [&mut original, &mut rebuilt] {
        rows.retain(|table, _| {
            [
                "fx_rates",
                "payout_runs",
                "payouts",
                "payout_parts",
                "payout_items",
                "payment_files",
                "transfers",
                "accounts",
                "commissions",
                "events",
            ]
            .contains(&table.as_str())
        });
        assert_eq!(rows.len(), 10);
        assert!(rows.values().all(|rows| !rows.is_empty()));
    }
    assert_eq!(rows::difference(&original, &rebuilt), Vec::<String>::new());
}

#[test]
fn rows_are_the_same_as_workerd_binds_them() {
    use crate::support::double_bound::DoubleBound;
    fn life<S: signpost::store::Sql>(sql: S) -> rows::Rows {
        let mut world = World::over(sql);
        let ada = world.partner("Ada", None);
        world.sale(&ada, 999_999_999_999, "USD");
        world.at("2026-11-02T08:00:00Z");
        world.set_rate("2026-10-31", "USD", "EUR", "99999.1234567891");
        let run = world.run(october());
        let payout = world.payouts(&run, "open").remove(0);
        assert_eq!(payout["amount"], json!(99_999_123_456_689_101_i64));
        world.fail(&payout, "closed");
        world.audit();
        rows::rows(&world.ledger.sql)
    }
    let (native, bound) = (life(NativeSql::in_memory().unwrap()), life(DoubleBound::in_memory()));
    assert_eq!(rows::difference(&native, &bound), Vec::<String>::new());
}
