//! Charges without an amount, priced by the listing's table of plans. A test fails if an amount, a commission or a
//! balance differs from the table's by one unit, if a plan of another time prices a charge, if an accepted amount
//! changes, or if the ledger depends on the order of messages about plans.

use super::{World, orders};
use crate::support::{event, rows};
use serde_json::{Value as Json, json};
use signpost::store::Sql;

/// A customer who came through the partner's link, which earns 20 %.
fn world(plans: &Json) -> World {
    let mut world = World::new("woocommerce", &json!({"plans": plans}), &json!({"webhook_secret": "s3cret"}));
    let click = world.ledger.click(world.link_no);
    world.ledger.told(1, &[event("installed", "install:1", &json!({"clicks": [click]}))]);
    world.ledger.wait(60_000);
    world
}

fn table() -> Json {
    json!({"gold": {"amount": 4_900, "currency": "USD"}, "silver": {"amount": 1_999, "currency": "JPY"},
           "free": {"amount": 0, "currency": "USD"}})
}

fn charge(fields: &Json) -> Json {
    event("charged", "order:1", fields)
}

fn plan(kind: &str, plan: &str, at: &str) -> Json {
    let fields = json!({"plan": plan, "occurred_at": format!("2026-11-{at}:00.000Z")});
    event(kind, &format!("{kind}:{at}"), &fields)
}

/// Amount, currency, plan, source of the price, and commission.
fn sale(world: &mut World) -> Json {
    world.ledger.audit();
    let sale = world.ledger.get("/v1/conversions").json["data"][0].take();
    assert_eq!(sale["type"], "sale");
    assert_eq!(sale["attribution"]["status"], "attributed");
    let metadata = &sale["metadata"];
    json!([
        sale["amount"],
        sale["currency"],
        metadata["plan"],
        metadata["price"],
        sale["commissions"][0]["amount"]
    ])
}

#[test]
fn a_charge_without_an_amount_costs_what_its_plan_costs() {
    for (plans, fields, expected) in [
        (table(), json!({"plan": "gold"}), json!([4_900, "USD", "gold", "plan", 980])),
        // 399.8 yen, half up.
        (table(), json!({"plan": "silver"}), json!([1_999, "JPY", "silver", "plan", 400])),
        (table(), json!({"plan": "free"}), json!([0, "USD", "free", "plan", 0])),
        // The vendor's amount takes precedence.
        (
            table(),
            json!({"plan": "gold", "amount": 4_410, "currency": "EUR"}),
            json!([4_410, "EUR", "gold", null, 882]),
        ),
        // A plan that is not in the table is a sale without an amount, which earns nothing.
        (table(), json!({"plan": "Gold"}), json!([null, null, "Gold", null, null])),
        (table(), json!({}), json!([null, null, null, null, null])),
        (json!({}), json!({"plan": "gold"}), json!([null, null, "gold", null, null])),
        (json!(null), json!({"plan": "gold"}), json!([null, null, "gold", null, null])),
    ] {
        let mut world = world(&plans);
        world.ledger.told(1, &[charge(&fields)]);
        assert_eq!(sale(&mut world), expected, "{fields}");
        let counted = world.ledger.get("/v1/attribution").json["totals"].take();
        assert_eq!(counted["sales"], 1, "{fields}");
        let revenue = match expected[0].as_i64() {
            Some(amount) if amount > 0 => json!([{"amount": amount, "currency": expected[1]}]),
            Some(_) | None => counted["revenue"].clone(),
        };
        assert_eq!(counted["revenue"], revenue, "{fields}");
        let before = rows::rows(&world.ledger.sql);
        world.ledger.told(1, &[charge(&fields)]);
        assert_eq!(
            rows::difference(&before, &rows::rows(&world.ledger.sql)),
            Vec::<String>::new(),
            "{fields}"
        );
    }
}

#[test]
fn balances_and_refunds_are_of_the_price() {
    let mut world = world(&table());
    let refund = |n: u32, amount: Json| {
        let fields = json!({"charge": "order:1", "amount": amount, "currency": "USD"});
        event("refunded", &format!("refund:{n}"), &fields)
    };
    // The refund waits for its charge.
    world.ledger.told(1, &[refund(1, json!(1_225)), charge(&json!({"plan": "gold"}))]);
    let balance = |world: &mut World| {
        world.ledger.audit();
        let balance = world.ledger.get("/v1/balances").json["data"][0].take();
        json!([balance["currency"], balance["pending"], balance["reversed"]])
    };
    assert_eq!(balance(&mut world), json!(["USD", 735, 245]));
    world.ledger.told(1, &[refund(2, Json::Null)]);
    assert_eq!(balance(&mut world), json!(["USD", 0, 980]));
}

#[test]
fn a_charge_that_names_no_plan_has_the_one_that_its_account_had_then() {
    for (at, expected) in [
        ("01T00:00", json!([null, null, null, null, null])),
        ("05T00:00", json!([0, "USD", "free", "plan", 0])),
        // The clocks of a vendor's systems may differ by five minutes. Within them, the new plan counts.
        ("09T23:55", json!([4_900, "USD", "gold", "plan", 980])),
        ("10T00:00", json!([4_900, "USD", "gold", "plan", 980])),
        ("19T23:54", json!([4_900, "USD", "gold", "plan", 980])),
        ("19T23:55", json!([1_999, "JPY", "silver", "plan", 400])),
        ("20T09:00", json!([1_999, "JPY", "silver", "plan", 400])),
    ] {
        let message = [
            plan("activated", "free", "02T00:00"),
            plan("plan_changed", "gold", "10T00:00"),
            plan("plan_changed", "silver", "20T00:00"),
        ];
        let renewal = charge(&json!({"occurred_at": format!("2026-11-{at}:00.000Z")}));
        let mut outcome = None;
        for order in orders(3) {
            // The click is later, so nobody earns these. Only the price is tested here.
            let mut world = world(&table());
            order.iter().for_each(|at| world.ledger.told(1, &[message[*at].clone()]));
            let before = rows::rows(&world.ledger.sql);
            order.iter().for_each(|at| world.ledger.told(1, &[message[*at].clone()]));
            assert_eq!(
                rows::difference(&before, &rows::rows(&world.ledger.sql)),
                Vec::<String>::new(),
                "{order:?}"
            );
            assert_eq!(world.ledger.rows("account_plans"), 3);
            world.ledger.told(1, std::slice::from_ref(&renewal));
            let found = world.ledger.get("/v1/conversions").json["data"][0].take();
            let metadata = &found["metadata"];
            let price = json!([found["amount"], found["currency"], metadata["plan"], metadata["price"]]);
            assert_eq!(price.as_array().unwrap()[..], expected.as_array().unwrap()[..4], "{at}");
            let whole = world.outcome();
            assert_eq!(outcome.get_or_insert_with(|| whole.clone()), &whole, "{at}");
        }
    }
}

#[test]
fn the_order_within_a_message_does_not_matter() {
    let message = [
        plan("activated", "gold", "22T12:00"),
        charge(&json!({"occurred_at": "2026-11-22T12:00:00.000Z"})),
        event("suspended", "suspended:1", &json!({"occurred_at": "2026-11-22T12:01:00.000Z"})),
    ];
    let mut outcome = None;
    for order in orders(3) {
        let mut world = world(&table());
        let events: Vec<Json> = order.into_iter().map(|at| message[at].clone()).collect();
        world.ledger.told(1, &events);
        assert_eq!(sale(&mut world), json!([4_900, "USD", "gold", "plan", 980]));
        let whole = world.outcome();
        assert_eq!(outcome.get_or_insert_with(|| whole.clone()), &whole);
    }
}

#[test]
fn what_was_accepted_without_an_amount_stays_so() {
    let mut world = world(&table());
    let renewal = charge(&json!({"occurred_at": "2026-11-22T12:00:30.000Z"}));
    world.ledger.told(1, std::slice::from_ref(&renewal));
    world.ledger.told(1, &[plan("activated", "gold", "22T12:00")]);
    world.ledger.told(1, &[renewal, charge(&json!({"plan": "gold"}))]);
    assert_eq!(sale(&mut world), json!([null, null, null, null, null]));
    assert_eq!(world.ledger.rows("conversions"), 2);
}

#[test]
fn a_price_that_changes_prices_what_comes_after() {
    let mut world = world(&table());
    world.ledger.told(1, &[charge(&json!({"plan": "gold"}))]);
    let dearer = json!({"settings": {"plans": {"gold": {"amount": 5_900, "currency": "USD"}}}});
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &dearer).status, 200);
    world.ledger.told(1, &[charge(&json!({"plan": "gold"}))]);
    assert_eq!(sale(&mut world), json!([4_900, "USD", "gold", "plan", 980]));
    world.ledger.told(1, &[event("charged", "order:2", &json!({"plan": "gold"}))]);
    assert_eq!(sale(&mut world), json!([5_900, "USD", "gold", "plan", 1_180]));
}

#[test]
fn a_table_that_was_never_checked_prices_nothing() {
    let mut world = world(&table());
    let settings = r#"UPDATE listings SET settings = '{"plans":{"gold":{"amount":-1,"currency":"USD"}}}'"#;
    world.ledger.sql.exec(settings, &[]).unwrap();
    world.ledger.told(1, &[charge(&json!({"plan": "gold"}))]);
    assert_eq!(sale(&mut world), json!([null, null, "gold", null, null]));
}

#[test]
fn better_evidence_of_a_priced_charge_releases_it_though_the_table_has_changed() {
    for fields in [json!({"plan": "gold"}), json!({"plan": "gold", "amount": 4_900, "currency": "USD"})] {
        released_by(&fields);
    }
}

fn released_by(fields: &Json) {
    let mut world = world(&table());
    world.ledger.told(1, &[charge(&json!({"plan": "gold", "evidence": "transport_only"}))]);
    let held = |world: &mut World| world.ledger.get("/v1/commissions").json["data"][0]["held_reason"].take();
    assert_eq!(held(&mut world), "transport_only");
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": {}})).status, 200);
    let before = rows::rows(&world.ledger.sql);
    for other in [json!({"plan": "silver"}), json!({"plan": "gold", "amount": 4_901, "currency": "USD"})] {
        world.ledger.told(1, &[charge(&other)]);
    }
    assert_eq!(rows::difference(&before, &rows::rows(&world.ledger.sql)), Vec::<String>::new());
    world.ledger.told(1, &[charge(fields)]);
    assert_eq!(held(&mut world), Json::Null);
    assert_eq!(sale(&mut world), json!([4_900, "USD", "gold", "plan", 980]));
}
