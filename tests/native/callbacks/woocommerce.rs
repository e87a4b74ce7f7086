//! A WooCommerce store: orders, refunds, and what carries the referral.

use super::{TestCallback, World, orders};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

const SECRET: &str = "wc-secret-0001";

fn world() -> World {
    World::new("woocommerce", &json!({}), &json!({"webhook_secret": ["new-secret-0002", SECRET]}))
}

fn signed(body: String) -> TestCallback {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let headers = vec![("X-WC-Webhook-Signature".to_owned(), signature)];
    TestCallback { method: "POST", kind: "orders", rest: String::new(), headers, body }
}

fn order(fields: Json) -> TestCallback {
    let mut order = json!({
        "id": 727, "status": "processing", "currency": "EUR", "total": "29.35", "customer_id": 26,
        "date_paid_gmt": "2026-11-22T11:00:08", "date_modified_gmt": "2026-11-22T11:00:09",
        "line_items": [{"id": 315, "sku": "PRO-M", "total": "29.35"}], "refunds": [], "meta_data": [],
    });
    order.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    signed(order.to_string())
}

#[test]
fn a_paid_order_with_the_click_in_its_attribution_is_a_sale_of_the_partner() {
    let mut world = world();
    world.ledger.wait(-7_200_000);
    let click = world.ledger.click(world.link_no);
    world.ledger.wait(7_200_000);
    let unpaid = order(json!({"status": "pending", "date_paid_gmt": null}));
    assert_eq!(world.refused("an order that is not paid", &unpaid), 200);
    let entry = format!("https://store.example/?utm_source=ada&sp_click={click}");
    let paid = order(json!({"meta_data": [
        {"id": 811, "key": "_wc_order_attribution_source_type", "value": "utm"},
        {"id": 812, "key": "_wc_order_attribution_session_entry", "value": entry},
        {"id": 813, "key": "_other", "value": {"no": "text"}},
    ], "coupon_lines": [{"code": "ref-7qm2xk"}]}));
    assert_eq!(world.receive(&paid).status, 200);
    let sale = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(
        (&sale["type"], &sale["amount"], &sale["currency"], &sale["coupon"], &sale["occurred_at"]),
        (
            &json!("sale"),
            &json!(2935),
            &json!("EUR"),
            &json!("ref-7qm2xk"),
            &json!("2026-11-22T11:00:08.000Z")
        )
    );
    assert_eq!(sale["external_id"], format!("{}/order:727", world.listing));
    assert_eq!(sale["customer_id"], "woocommerce:customer:26");
    assert_eq!(
        sale["metadata"],
        json!({"marketplace": "woocommerce", "evidence": "signed", "plan": "PRO-M"})
    );
    assert_eq!(sale["attribution"]["credits"][0]["partner_id"], world.partner);
    assert_eq!(sale["commissions"][0]["amount"], 587);
    assert_eq!(world.refused("the same again", &paid), 200);
    // The customer is known now, so the next order needs no click.
    let next = order(json!({"id": 800, "total": "10", "date_paid_gmt": "2026-11-22T11:30:00"}));
    assert_eq!(world.receive(&next).status, 200);
    let second = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!((&second["amount"], &second["attribution"]["reason"]), (&json!(1000), &json!("customer")));
    world.ledger.audit();
}

#[test]
fn however_updates_of_an_order_arrive_the_ledger_ends_the_same() {
    let states = |click: &str| {
        let meta = json!([{"key": "_wc_order_attribution_utm_content", "value": click}]);
        let first = json!({"id": 751, "total": "-10.00"});
        let second = json!({"id": 752, "total": "-19.35"});
        vec![
            order(json!({"meta_data": meta})),
            order(json!({"meta_data": meta, "refunds": [first]})),
            order(json!({"meta_data": meta, "refunds": [first, second], "status": "refunded"})),
            // Another order of the same customer without any click.
            order(json!({"id": 728, "total": "100.00"})),
        ]
    };
    let mut expected = None;
    for order in orders(4) {
        let mut world = world();
        world.ledger.wait(-7_200_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(7_200_000);
        let callback = states(&click);
        for index in order.iter().chain(&order) {
            assert_eq!(world.receive(&callback[*index]).status, 200);
        }
        let outcome = world.outcome();
        let balance = &outcome["balances"][0];
        assert_eq!(
            (&balance["pending"], &balance["reversed"]),
            (&json!(2000), &json!(587)),
            "{order:?}: a fifth of a hundred; what was earned on the first is taken back"
        );
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn a_sale_that_was_refunded_in_part_is_credited_late_with_what_is_left() {
    let mut world = world();
    world.ledger.wait(-7_200_000);
    let click = world.ledger.click(world.link_no);
    world.ledger.wait(7_200_000);
    let refunded = order(json!({"refunds": [{"id": 751, "total": "-10.00"}]}));
    assert_eq!(world.receive(&refunded).status, 200);
    assert_eq!(world.ledger.get("/v1/balances").json["data"], json!([]), "nobody is known to have earned it");
    // The customer's next order contains the click. Both orders are credited to its partner.
    let meta = json!([{"key": "_wc_order_attribution_utm_content", "value": click}]);
    let next = order(json!({"id": 728, "total": "100.00", "meta_data": meta}));
    assert_eq!(world.receive(&next).status, 200);
    world.ledger.audit();
    // A fifth of 29.35 is 5.87, of which 10.00 / 29.35 is reversed: 2.00.
    let balance = &world.ledger.get("/v1/balances").json["data"][0];
    assert_eq!((&balance["pending"], &balance["reversed"]), (&json!(2000 + 387), &json!(200)));
    let totals = &world.ledger.get("/v1/attribution?group_by=partner").json["totals"];
    let euros = |amount: i64| json!([{"amount": amount, "currency": "EUR"}]);
    assert_eq!(
        (&totals["revenue"], &totals["refunds"], &totals["commission"], &totals["sales"]),
        (&euros(12_935), &euros(1_000), &euros(2_387), &json!(2))
    );
    let unearned =
        world.ledger.get("/v1/attribution?group_by=partner").json["data"].as_array().unwrap().len();
    assert_eq!(unearned, 1, "nothing is left under nobody");
}

#[test]
fn guests_are_known_by_a_hash_and_refunds_by_status_take_all_that_is_left() {
    let mut world = world();
    let guest = json!({"customer_id": 0, "billing": {"email": "Ann@Example.com"}});
    assert_eq!(world.receive(&order(guest.clone())).status, 200);
    let sale = &world.ledger.get("/v1/conversions").json["data"][0];
    let customer = sale["customer_id"].as_str().unwrap();
    assert!(customer.starts_with("woocommerce:guest:") && customer.len() == 50, "{customer}");
    assert!(!sale.to_string().to_lowercase().contains("ann"), "{sale}");
    assert_eq!(sale["attribution"]["reason"], "no_touch");
    let mut refunded = guest;
    refunded["status"] = json!("refunded");
    assert_eq!(world.receive(&order(refunded)).status, 200);
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["refunded"], 2935);
}

#[test]
fn the_ping_is_answered_and_whatever_is_not_signed_or_not_readable_changes_nothing() {
    let mut world = world();
    let ping = |body: &str| TestCallback {
        method: "POST",
        kind: "orders",
        rest: String::new(),
        headers: vec![],
        body: body.to_owned(),
    };
    assert_eq!(world.refused("the ping", &ping("webhook_id=14")), 200);
    for (case, callback, status) in [
        ("no ping", ping("webhook_id=14&x=1"), 401),
        ("unsigned", ping(r#"{"id":727}"#), 401),
        (
            "changed",
            TestCallback { body: order(json!({})).body.replace("29.35", "29.36"), ..order(json!({})) },
            401,
        ),
        ("a deleted order", signed(r#"{"id":727}"#.to_owned()), 200),
        ("no JSON", signed("{".to_owned()), 500),
        ("no amount", order(json!({"total": "29,35"})), 500),
        ("a part of a cent", order(json!({"total": "29.355"})), 500),
        ("no currency", order(json!({"currency": "EURO"})), 500),
        ("no time", order(json!({"date_paid_gmt": "yesterday"})), 500),
    ] {
        assert_eq!(world.refused(case, &callback), status, "{case}");
    }
}
