//! SaaS billing of WooCommerce.com. A test fails if unsigned data moves money, if money moves twice, if the ledger
//! depends on the order of charges and running totals of refunds, or if an ended subscription is revived.

use super::{TestCallback, World, orders};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use signpost::store::Sql;

const SECRET: &str = "wc-api-secret-0001";
const SUBSCRIPTION: &str = "0b9d8f1e-5a52-4d0a-9d07-5d9c1f4e8a11";

fn world() -> World {
    let secrets = json!({"billing_secret": ["new-secret-0002", SECRET], "webhook_secret": "another-secret"});
    World::new("woocommerce", &json!({}), &secrets)
}

fn signed_under(secret: &str, body: String) -> TestCallback {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let headers = vec![
        ("X-WC-Webhook-Signature".to_owned(), signature),
        // The header is unsigned and wrong, and must be ignored.
        ("X-WC-Webhook-Topic".to_owned(), "saas_billing_contract.refunded".to_owned()),
    ];
    TestCallback { method: "POST", kind: "billing", rest: String::new(), headers, body }
}

fn with(mut base: Json, fields: &Json) -> Json {
    base.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    base
}

fn transaction(fields: Json) -> Json {
    let base = json!({"id": "t-1", "amount": "49.00", "amount_refunded": "0.00", "completed_at": "2026-11-01T00:00:00"});
    with(base, &fields)
}

fn subscription(fields: Json) -> TestCallback {
    let base = json!({
        "id": SUBSCRIPTION, "status": "active", "next_payment_date": "2026-12-01T00:00:00", "billing_intents": [],
        "transactions": [transaction(json!({}))],
    });
    signed_under(SECRET, json!({"subscription": with(base, &fields)}).to_string())
}

/// The subscription with one transaction, with these members.
fn notification(fields: Json) -> TestCallback {
    subscription(json!({"transactions": [transaction(fields)]}))
}

fn status_of(world: &World) -> String {
    let rows = world.ledger.sql.exec("SELECT account, status FROM marketplace_accounts", &[]).unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row.text(0).unwrap(), SUBSCRIPTION);
    row.text(1).unwrap().to_owned()
}

#[test]
fn a_completed_transaction_is_a_sale_whatever_the_unsigned_topic_says() {
    let mut world = world();
    let renewal = json!({"id": 77, "amount": "59.90", "completed_at": "2026-11-22T11:00:00Z"});
    let free = transaction(json!({"id": "t-0", "amount": "0.00"}));
    let open = transaction(json!({"id": "t-2", "completed_at": null}));
    let callback = subscription(json!({"transactions": [free, transaction(json!({})), renewal, open]}));
    let answer = world.receive(&callback);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(world.refused("a redelivery", &callback), 200);
    let conversions = world.ledger.get("/v1/conversions").json;
    let found: Vec<_> = conversions["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sale| {
            let text = |name: &str| sale[name].as_str().unwrap().replace(&world.listing, "L");
            (
                text("type"),
                text("external_id"),
                sale["amount"].as_i64().unwrap(),
                text("currency"),
                text("occurred_at"),
            )
        })
        .collect();
    let row = |id: &str, amount: i64, at: &str| {
        ("sale".to_owned(), format!("L/transaction:{id}"), amount, "USD".to_owned(), at.to_owned())
    };
    let (first, second) =
        (row("t-1", 4_900, "2026-11-01T00:00:00.000Z"), row("77", 5_990, "2026-11-22T11:00:00.000Z"));
    assert_eq!(found, [second, first]);
    let sale = &conversions["data"][0];
    assert_eq!(sale["customer_id"], format!("woocommerce:{SUBSCRIPTION}"));
    assert_eq!(sale["metadata"], json!({"marketplace": "woocommerce", "evidence": "signed"}));
    assert_eq!(status_of(&world), "activated");
}

#[test]
fn amounts_are_in_the_currency_of_the_body_else_of_the_listing_else_in_dollars() {
    for (settings, fields, expected) in [
        (json!({}), json!({}), json!(["USD", 4_900])),
        (json!({"currency": "JPY"}), json!({}), json!(["JPY", 49])),
        (json!({"currency": "JPY"}), json!({"currency": "EUR"}), json!(["EUR", 4_900])),
    ] {
        let mut world = World::new("woocommerce", &settings, &json!({"billing_secret": SECRET}));
        assert_eq!(world.receive(&subscription(fields)).status, 200);
        let sale = &world.ledger.get("/v1/conversions").json["data"][0];
        assert_eq!(json!([sale["currency"], sale["amount"]]), expected);
    }
}

#[test]
fn however_charges_and_running_totals_arrive_the_ledger_ends_the_same() {
    // Complete bodies, and bodies with a refund before its charge, which then waits.
    for completed_at in [json!("2026-11-22T11:00:00"), Json::Null] {
        let mut expected = None;
        for order in orders(3) {
            let mut world = world();
            world.ledger.wait(-7_200_000);
            let click = world.ledger.click(world.link_no);
            let customer = format!("woocommerce:{SUBSCRIPTION}");
            let lead =
                json!({"type": "lead", "external_id": "u-1", "click_id": click, "customer_id": customer});
            assert_eq!(world.ledger.post("/v1/conversions", &lead).status, 201);
            world.ledger.wait(7_200_000);
            let callback = [
                notification(json!({"completed_at": "2026-11-22T11:00:00"})),
                notification(json!({"amount_refunded": "10.00", "completed_at": completed_at})),
                notification(json!({"amount_refunded": "30.00", "completed_at": completed_at})),
            ];
            for index in order.iter().chain(&order) {
                assert_eq!(world.receive(&callback[*index]).status, 200);
            }
            for callback in &callback {
                assert_eq!(world.refused("once more", callback), 200);
            }
            let conversions = world.ledger.get("/v1/conversions").json;
            let sale = conversions["data"]
                .as_array()
                .unwrap()
                .iter()
                .find(|message| message["type"] == "sale")
                .unwrap();
            assert_eq!((&sale["amount"], &sale["refunded"]), (&json!(4_900), &json!(3_000)), "{order:?}");
            let outcome = world.outcome();
            let balance = &outcome["balances"][0];
            assert_eq!(
                (&balance["pending"], &balance["reversed"], &balance["currency"]),
                (&json!(380), &json!(600), &json!("USD")),
                "{order:?}: a fifth of 49.00, of which 30.00 / 49.00 is taken back"
            );
            assert_eq!(outcome["waiting"], 0, "{order:?}");
            assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
        }
    }
}

#[test]
fn a_running_total_adds_what_it_has_more_than_was_given_back_before() {
    let mut world = world();
    assert_eq!(world.receive(&notification(json!({}))).status, 200);
    let sale = world.ledger.get("/v1/conversions").text("/data/0/id");
    // The operator booked the first refund with the API.
    let refund = json!({"external_id": "by-hand", "amount": 1_000});
    assert_eq!(world.ledger.post(&format!("/v1/conversions/{sale}/refunds"), &refund).status, 201);
    assert_eq!(world.refused("the same refund", &notification(json!({"amount_refunded": "10.00"}))), 200);
    assert_eq!(world.receive(&notification(json!({"amount_refunded": "25.00"}))).status, 200);
    assert_eq!(world.refused("an older total", &notification(json!({"amount_refunded": "20.00"}))), 200);
    let rows = world.ledger.sql.exec("SELECT external_id, amount FROM refunds ORDER BY no", &[]).unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.text(0).unwrap(), row.int(1).unwrap())).collect();
    let expected = format!("{}/transaction:t-1:refunded:2500", world.listing);
    assert_eq!(found, [("by-hand", 1_000), (expected.as_str(), 1_500)]);
    // The part that exceeds the charge is ignored, and repeating it changes nothing.
    let beyond = notification(json!({"amount_refunded": "60.00"}));
    assert_eq!(world.receive(&beyond).status, 200);
    assert_eq!(world.refused("beyond, again", &beyond), 200);
    assert_eq!(world.refused("further beyond", &notification(json!({"amount_refunded": "70.00"}))), 200);
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["refunded"], 4_900);
    world.ledger.audit();
}

#[test]
fn statuses_set_the_account_and_the_end_is_told_once() {
    let mut world = world();
    let status = |status: &str| subscription(json!({"status": status, "transactions": []}));
    for (callback, expected) in [
        ("active", "activated"),
        ("pending-cancel", "activated"),
        ("paused", "suspended"),
        ("active", "activated"),
        ("on-hold", "suspended"),
        ("something-new", "suspended"),
        ("expired", "uninstalled"),
    ] {
        assert_eq!(world.receive(&status(callback)).status, 200);
        assert_eq!(status_of(&world), expected, "{callback}");
        world.ledger.wait(1_000);
        assert_eq!(world.refused("the same again, later", &status(callback)), 200, "{callback}");
    }
    for callback in ["cancelled", "canceled", "active", "paused", "pending-cancel"] {
        world.ledger.wait(1_000);
        assert_eq!(world.refused("after the end", &status(callback)), 200, "{callback}");
    }
    let conversions = world.ledger.get("/v1/conversions").json;
    let [end] = conversions["data"].as_array().unwrap().as_slice() else { panic!("{conversions}") };
    assert_eq!((&end["type"], &end["amount"]), (&json!("uninstall"), &Json::Null));
    assert_eq!(end["external_id"], format!("{}/ended:{SUBSCRIPTION}", world.listing));
}

#[test]
fn the_app_names_the_click_before_or_after_the_charge() {
    for first in ["the app", "the charge"] {
        let mut world = world();
        world.ledger.wait(-7_200_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(7_200_000);
        let customer = format!("woocommerce:{SUBSCRIPTION}");
        let lead = json!({"type": "lead", "external_id": "u-1", "click_id": click, "customer_id": customer});
        let charge = notification(json!({"completed_at": "2026-11-22T11:00:00"}));
        if first == "the charge" {
            assert_eq!(world.receive(&charge).status, 200);
        }
        assert_eq!(world.ledger.post("/v1/conversions", &lead).status, 201);
        // The next charge finds the click.
        assert_eq!(world.receive(&charge).status, 200);
        assert_eq!(
            world
                .receive(&subscription(json!({"transactions": [transaction(json!({
                    "id": "t-2", "completed_at": "2026-11-22T11:30:00"
                }))]})))
                .status,
            200
        );
        world.ledger.audit();
        let balance = &world.ledger.get("/v1/balances").json["data"][0];
        assert_eq!((&balance["pending"], &balance["currency"]), (&json!(1_960), &json!("USD")), "{first}");
    }
}

#[test]
fn whatever_is_not_signed_or_not_readable_changes_nothing() {
    let mut world = world();
    let good = notification(json!({}));
    let of = |body: &str| signed_under(SECRET, body.to_owned());
    for (case, callback, status) in [
        ("unsigned", TestCallback { headers: vec![], ..good.clone() }, 401),
        ("changed", TestCallback { body: good.body.replace("49.00", "94.00"), ..good.clone() }, 401),
        ("under another secret", signed_under("x", good.body.clone()), 401),
        ("under the shop's secret", signed_under("another-secret", good.body.clone()), 401),
        (
            "the ping of a shop",
            TestCallback { headers: vec![], body: "webhook_id=14".to_owned(), ..good.clone() },
            401,
        ),
        ("nothing", of(""), 401),
    ] {
        assert_eq!(world.refused(case, &callback), status, "{case}");
    }
    for (case, callback) in [
        ("no JSON", of("{")),
        ("no subscription", of("{}")),
        ("no id", subscription(json!({"id": null}))),
        ("an empty id", subscription(json!({"id": ""}))),
        ("no status", subscription(json!({"status": null}))),
        ("no currency", subscription(json!({"currency": "DOLLAR"}))),
    ] {
        assert_eq!(world.kept(case, &callback), 200, "{case}");
    }
    let orders = TestCallback { kind: "orders", ..good };
    assert_eq!(world.refused("as an order", &orders), 401);
}

#[test]
fn a_transaction_that_cannot_be_read_does_not_block_the_others_and_parts_of_a_cent_are_rounded() {
    for (odd, why) in [
        (json!({"id": {}}), "/id is neither a text nor a number"),
        (json!({"id": null}), "a transaction has no id"),
        (json!({"id": "t-2", "amount": "-49.00"}), "an amount is not an amount of the currency"),
        (json!({"id": "t-2", "completed_at": "yesterday"}), "a time is not of the form 2026-11-01T00:00:08"),
        (json!([]), ": invalid type: sequence, expected a map"),
    ] {
        let mut world = world();
        let odd = if odd.is_object() { transaction(odd) } else { odd };
        let rounded = transaction(json!({"id": "t-3", "amount": "49.005", "amount_refunded": "1.001"}));
        assert_eq!(world.receive(&subscription(json!({"transactions": [odd, rounded]}))).status, 200);
        let conversions = world.ledger.get("/v1/conversions").json;
        let [sale] = conversions["data"].as_array().unwrap().as_slice() else { panic!("{conversions}") };
        assert_eq!((&sale["amount"], &sale["refunded"]), (&json!(4_901), &json!(100)), "{why}");
        assert_eq!(sale["metadata"]["amount"], "rounded");
        let line = format!("was taken in part: /subscription/transactions/0: {why}");
        assert!(world.logged[0].ends_with(&line), "{:?} {line}", world.logged);
        world.ledger.audit();
    }
}
