//! Commissions of events whose evidence is `transport_only`. A test fails if a commission becomes payable before
//! somebody, or better evidence, has released it; if better evidence of something else releases it; if a release moves
//! money or shows its note to the partner; if the sweep reads held commissions; or if the ledger depends on the order
//! of arrival.

use super::{World, orders};
use crate::support::{OPERATOR, event, rows};
use serde_json::{Value as Json, json};
use signpost::{
    domain::values::id::CommissionId,
    store::{Sql, commissions},
};

const DAY: i64 = 86_400_000;

/// A customer who came through the partner's link, which earns 20 %.
fn world() -> World {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    let click = world.ledger.click(world.link_no);
    world.ledger.told(1, &[event("installed", "install:1", &json!({"clicks": [click]}))]);
    world
}

/// A charge of EUR 50.00 with this evidence and these additional fields.
fn charge(evidence: &str, fields: &Json) -> Json {
    let mut charge = event(
        "charged",
        "order:1",
        &json!({"amount": 5_000, "currency": "EUR", "plan": "pro", "evidence": evidence,
                "occurred_at": "2026-11-22T12:00:00.000Z"}),
    );
    charge.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    charge
}

fn commission(world: &mut World) -> Json {
    world.ledger.get("/v1/commissions").json["data"][0].take()
}

/// Status, held reason, amount and reversed amount.
fn stands(world: &mut World) -> Json {
    let it = commission(world);
    json!([it["status"], it["held_reason"], it["amount"], it["reversed"]])
}

/// Pending, payable and reversed.
fn balance(world: &mut World) -> Json {
    world.ledger.audit();
    let balance = world.ledger.get("/v1/balances").json["data"][0].take();
    json!([balance["pending"], balance["payable"], balance["reversed"]])
}

fn release(world: &mut World, body: &Json) -> crate::support::Answer {
    let id = commission(world)["id"].as_str().unwrap().to_owned();
    world.ledger.post(&format!("/v1/commissions/{id}/release"), body)
}

#[test]
fn it_is_counted_as_ever_and_never_becomes_payable_by_itself() {
    let mut world = world();
    world.ledger.told(1, &[charge("transport_only", &json!({}))]);
    let conversion = world.ledger.get("/v1/conversions").json["data"][0].take();
    assert_eq!(conversion["metadata"]["evidence"], "transport_only");
    assert_eq!(conversion["attribution"]["status"], "attributed");
    assert_eq!(conversion["commissions"][0]["held_reason"], "transport_only");
    let totals = world.ledger.get("/v1/attribution").json["totals"].take();
    assert_eq!(
        (&totals["revenue"], &totals["commission"], &totals["sales"]),
        (
            &json!([{"amount": 5_000, "currency": "EUR"}]),
            &json!([{"amount": 1_000, "currency": "EUR"}]),
            &json!(1)
        )
    );
    world.ledger.wait(400 * DAY);
    assert_eq!(stands(&mut world), json!(["pending", "transport_only", 1_000, 0]));
    assert_eq!(balance(&mut world), json!([1_000, 0, 0]));
    // The sweep has nothing to do, and no alarm is set for it.
    assert_eq!(commissions::due(&world.ledger.sql, world.ledger.now, 10).unwrap(), []);
    assert_eq!(commissions::next_maturity(&world.ledger.sql).unwrap(), None);
}

#[test]
fn the_sweep_does_not_come_across_what_is_held() {
    let world = world();
    let plan = |statement: &str| -> Vec<String> {
        let rows = world.ledger.sql.exec(&format!("EXPLAIN QUERY PLAN {statement}"), &[]).unwrap();
        rows.iter().map(|row| row.text(3).unwrap().to_owned()).collect()
    };
    // The statement of the sweep names the index.
    let due = "SELECT no FROM commissions m INDEXED BY commissions_maturing WHERE m.status = 'pending' AND m.held_reason IS NULL \
               AND m.matures_at <= 5 ORDER BY m.matures_at LIMIT 200";
    assert_eq!(plan(due), ["SEARCH m USING INDEX commissions_maturing (matures_at<?)"]);
    let rows =
        world.ledger.sql.exec("SELECT sql FROM sqlite_master WHERE name = 'commissions_maturing'", &[]);
    let index = rows.unwrap()[0].text(0).unwrap().to_owned();
    assert!(index.ends_with("WHERE status = 'pending' AND held_reason IS NULL"), "{index}");
}

#[test]
fn an_operator_releases_it_and_it_becomes_payable_on_its_date_or_at_once() {
    for (days, before) in [(0, "pending"), (3, "payable")] {
        let mut world = world();
        world.ledger.told(1, &[charge("transport_only", &json!({}))]);
        world.ledger.wait(days * DAY);
        let released = release(&mut world, &json!({"note": "seen on the vendor's invoice"}));
        assert_eq!((released.status, &released.json["held_reason"]), (200, &Json::Null));
        assert_eq!(released.json["payable_at"], "2026-11-23T12:00:00.000Z");
        assert_eq!(stands(&mut world)[0], before, "{days}");
        world.ledger.wait(DAY);
        assert_eq!(stands(&mut world), json!(["payable", null, 1_000, 0]), "{days}");
        assert_eq!(balance(&mut world), json!([0, 1_000, 0]), "{days}");

        let refused = release(&mut world, &json!({}));
        assert_eq!(refused.problem(), (409, "not_held".to_owned()), "{days}");
    }
}

#[test]
fn what_is_not_held_cannot_be_released_nor_can_what_is_not_there() {
    let mut world = world();
    world.ledger.told(1, &[charge("credentials", &json!({}))]);
    let before = rows::rows(&world.ledger.sql);
    assert_eq!(release(&mut world, &json!({})).problem(), (409, "not_held".to_owned()));
    let long = release(&mut world, &json!({"note": "x".repeat(501)}));
    assert_eq!(
        (long.problem().1.as_str(), long.text("/errors/0/pointer").as_str()),
        ("invalid_text", "/note")
    );
    let nobody = CommissionId::generate(world.ledger.now, &mut world.ledger.entropy);
    let target = format!("/v1/commissions/{nobody}/release");
    assert_eq!(world.ledger.post(&target, &json!({})).problem(), (404, "not_found".to_owned()));
    assert_eq!(rows::difference(&before, &rows::rows(&world.ledger.sql)), Vec::<String>::new());
}

#[test]
fn the_note_is_in_the_event_and_the_partner_does_not_see_it() {
    let mut world = world();
    world.ledger.told(1, &[charge("transport_only", &json!({}))]);
    assert_eq!(release(&mut world, &json!({"note": "a wire of ours"})).status, 200);
    let partners = world.ledger.key(&["read"], Some(&world.partner));
    let id = commission(&mut world)["id"].clone();
    for (key, note) in [(OPERATOR, json!("a wire of ours")), (partners.as_str(), Json::Null)] {
        let events = world.ledger.call(key, "GET", "/v1/events?limit=200", "", None).json["data"].take();
        let of_release = |event: &&Json| event["type"] == "commission.released";
        let found = events.as_array().unwrap().iter().find(of_release).unwrap()["data"].clone();
        let row = json!({"id": id, "conversion_id": commission(&mut world)["conversion_id"],
                         "partner_id": world.partner, "evidence": null, "note": note});
        assert_eq!(found, row);
    }
}

#[test]
fn better_evidence_of_the_same_releases_it_and_the_order_does_not_matter() {
    for better in ["signed", "code_exchange", "credentials", "api_poll"] {
        let message = [
            charge("transport_only", &json!({})),
            charge(better, &json!({})),
            charge("transport_only", &json!({})),
        ];
        let mut first = None;
        for order in orders(3) {
            let mut world = world();
            for at in order {
                world.ledger.told(1, &[message[at].clone()]);
                world.ledger.wait(1_000);
            }
            let evidence = world.ledger.get("/v1/conversions").text("/data/0/metadata/evidence");
            assert_eq!(evidence, better);
            world.ledger.wait(2 * DAY);
            assert_eq!(balance(&mut world), json!([0, 1_000, 0]), "{better}");
            let outcome = world.outcome();
            assert_eq!(first.get_or_insert_with(|| outcome.clone()), &outcome, "{better}");
        }
    }
}

#[test]
fn better_evidence_says_nothing_of_a_fraud() {
    // The paying account is the partner's own: `a-1` on the listing's marketplace.
    let own = json!({"external_id": "woocommerce:a-1"});
    for (evidence_list, expected) in [
        (&["transport_only", "signed"][..], json!(["pending", "self_referral", 1_000, 0])),
        (&["signed"], json!(["pending", "self_referral", 1_000, 0])),
        (&["transport_only"], json!(["pending", "transport_only", 1_000, 0])),
    ] {
        let mut world = world();
        let target = format!("/v1/partners/{}", world.partner);
        assert_eq!(world.ledger.patch(&target, &own).status, 200);
        evidence_list.iter().for_each(|evidence| world.ledger.told(1, &[charge(evidence, &json!({}))]));
        world.ledger.wait(2 * DAY);
        assert_eq!(stands(&mut world), expected, "{evidence_list:?}");
        assert_eq!(balance(&mut world), json!([1_000, 0, 0]), "{evidence_list:?}");
        let flags = commission(&mut world)["flags"].take();
        let is_unsigned = *evidence_list == ["transport_only"];
        let all = [is_unsigned.then_some("held_transport_only"), Some("held_self_referral")];
        assert_eq!(flags, json!(all.into_iter().flatten().collect::<Vec<_>>()), "{evidence_list:?}");
        // A person releases both, and later evidence changes nothing.
        assert_eq!(release(&mut world, &json!({"note": "agreed"})).status, 200);
        world.ledger.told(1, &[charge("api_poll", &json!({}))]);
        assert_eq!(balance(&mut world), json!([0, 1_000, 0]), "{evidence_list:?}");
    }
}

#[test]
fn evidence_that_comes_after_a_rejection_changes_nothing() {
    let mut world = world();
    world.ledger.told(1, &[charge("transport_only", &json!({}))]);
    let id = commission(&mut world)["id"].as_str().unwrap().to_owned();
    let target = format!("/v1/commissions/{id}/reject");
    assert_eq!(world.ledger.post(&target, &json!({"note": "nobody paid"})).status, 200);
    world.ledger.told(1, &[charge("signed", &json!({}))]);
    let refund = event("refunded", "refund:1", &json!({"charge": "order:1"}));
    world.ledger.told(1, &[refund]);
    assert_eq!(stands(&mut world), json!(["reversed", null, 1_000, 1_000]));
    assert_eq!(balance(&mut world), json!([0, 0, 1_000]));
}

#[test]
fn what_is_credited_late_is_judged_as_if_it_had_been_credited_at_once() {
    let terms = json!({"hold_days": 1, "fraud": {"velocity_per_hour": 2}});
    let reasons = |world: &mut World| -> Vec<Json> {
        let mut output = world.ledger.get("/v1/conversions").json["data"].take();
        let output = output.as_array_mut().unwrap();
        output.retain(|conversion| conversion["type"] != "install");
        output.sort_by_key(|conversion| conversion["external_id"].to_string());
        output.iter().map(|conversion| conversion["commissions"][0]["held_reason"].clone()).collect()
    };
    let mut judged = Vec::new();
    for late in [false, true] {
        let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
        assert_eq!(world.ledger.put("/v1/program", &terms).status, 200);
        let click = world.ledger.click(world.link_no);
        let install = event("installed", "install:1", &json!({"clicks": [click]}));
        if !late {
            world.ledger.told(1, std::slice::from_ref(&install));
        }
        for (n, minutes) in [(1, 20), (2, 50), (3, 1), (4, 0)] {
            let fields = json!({"amount": 5_000, "currency": "EUR", "transaction": format!("order:{n}")});
            world.ledger.told(1, &[event("charged", "", &fields)]);
            world.ledger.wait(minutes * 60_000);
        }
        if late {
            world.ledger.told(1, &[install]);
        }
        judged.push((late, reasons(&mut world)));
        world.ledger.audit();
    }
    // Before order 2 are order 1 and the install, unless that came last; before order 3 is order 2 alone, for the
    // others are older than an hour; before order 4 are orders 2 and 3, whenever they were credited.
    let (free, velocity) = (Json::Null, json!("velocity"));
    assert_eq!(judged[0], (false, vec![free.clone(), velocity.clone(), free.clone(), velocity.clone()]));
    assert_eq!(judged[1], (true, vec![free.clone(), free.clone(), free, velocity]));
}

#[test]
fn evidence_of_something_else_releases_nothing() {
    for fields in [
        json!({"amount": 4_999}),
        json!({"amount": null, "currency": null}),
        json!({"currency": "USD"}),
        json!({"account": "a-2"}),
        json!({"plan": "basic"}),
        json!({"plan": null}),
        json!({"evidence": "transport_only"}),
    ] {
        let mut world = world();
        world.ledger.told(1, &[charge("transport_only", &json!({}))]);
        let before = rows::rows(&world.ledger.sql);
        world.ledger.told(1, &[charge("signed", &fields)]);
        assert_eq!(
            rows::difference(&before, &rows::rows(&world.ledger.sql)),
            Vec::<String>::new(),
            "{fields}"
        );
    }
}

#[test]
fn a_refund_takes_its_part_of_what_is_held() {
    let mut world = world();
    let refund = |n: u32, amount: u32| {
        let fields = json!({"charge": "order:1", "amount": amount, "currency": "EUR"});
        event("refunded", &format!("refund:{n}"), &fields)
    };
    world.ledger.told(1, &[charge("transport_only", &json!({})), refund(1, 1_250)]);
    assert_eq!(stands(&mut world), json!(["pending", "transport_only", 1_000, 250]));
    assert_eq!(balance(&mut world), json!([750, 0, 250]));
    world.ledger.wait(2 * DAY);
    assert_eq!(balance(&mut world), json!([750, 0, 250]));
    world.ledger.told(1, &[charge("api_poll", &json!({}))]);
    assert_eq!(balance(&mut world), json!([0, 750, 250]));
    world.ledger.told(1, &[refund(2, 3_750)]);
    assert_eq!(balance(&mut world), json!([0, 0, 1_000]));
}

#[test]
fn what_is_wholly_taken_back_is_held_no_longer() {
    let mut world = world();
    let whole = event("refunded", "refund:1", &json!({"charge": "order:1"}));
    world.ledger.told(1, &[charge("transport_only", &json!({})), whole]);
    assert_eq!(stands(&mut world), json!(["reversed", null, 1_000, 1_000]));
    assert_eq!(release(&mut world, &json!({})).problem(), (409, "not_held".to_owned()));
    world.ledger.wait(2 * DAY);
    assert_eq!(balance(&mut world), json!([0, 0, 1_000]));
}

#[test]
fn a_late_click_earns_what_is_held_unless_it_was_confirmed_before() {
    for (confirmed, expected) in [(false, json!("transport_only")), (true, Json::Null)] {
        let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
        let click = world.ledger.click(world.link_no);
        world.ledger.told(1, &[charge("transport_only", &json!({}))]);
        if confirmed {
            world.ledger.told(1, &[charge("signed", &json!({}))]);
        }
        assert_eq!(world.ledger.rows("commissions"), 0);
        world.ledger.told(1, &[event("installed", "install:1", &json!({"clicks": [click]}))]);
        assert_eq!(stands(&mut world), json!(["pending", expected, 1_000, 0]));
        assert_eq!(balance(&mut world), json!([1_000, 0, 0]));
    }
}

#[test]
fn a_conversion_of_the_api_is_not_held_whatever_it_is_annotated_with() {
    let mut world = world();
    let sale = json!({"type": "sale", "external_id": "o-1", "customer_id": "woocommerce:a-1", "amount": 5_000,
                      "currency": "EUR", "metadata": {"evidence": "transport_only"}});
    assert_eq!(world.ledger.post("/v1/conversions", &sale).json["commissions"][0]["held_reason"], Json::Null);
}

#[test]
fn the_list_shows_those_that_are_held_or_those_that_are_not() {
    let mut world = world();
    for n in 0..3 {
        let transaction = json!({"transaction": format!("order:{n}")});
        world.ledger.told(1, &[charge("transport_only", &transaction)]);
        world.ledger.told(1, &[charge("signed", &json!({"transaction": format!("other:{n}")}))]);
    }
    let reasons = |page: &Json| -> Vec<Json> {
        page["data"].as_array().unwrap().iter().map(|row| row["held_reason"].clone()).collect()
    };
    let held = json!("transport_only");
    assert_eq!(reasons(&world.ledger.get("/v1/commissions?held=true").json), vec![held.clone(); 3]);
    assert_eq!(
        reasons(&world.ledger.get("/v1/commissions?held=false").json),
        [Json::Null, Json::Null, Json::Null]
    );
    let first = world.ledger.get("/v1/commissions?held=true&limit=2");
    let cursor = first.text("/next_cursor");
    let second = world.ledger.get(&format!("/v1/commissions?held=true&limit=2&cursor={cursor}")).json;
    assert_eq!((reasons(&second), &second["next_cursor"]), (vec![held], &Json::Null));
    let foreign = world.ledger.get(&format!("/v1/commissions?held=false&cursor={cursor}"));
    assert_eq!(foreign.problem(), (422, "cursor_mismatch".to_owned()));
    for wrong in ["", "1", "TRUE"] {
        let refused = world.ledger.get(&format!("/v1/commissions?held={wrong}"));
        assert_eq!(refused.problem(), (400, "invalid_parameter".to_owned()), "{wrong:?}");
    }
}
