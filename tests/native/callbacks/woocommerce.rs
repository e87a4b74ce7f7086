//! A WooCommerce store: orders, refunds, and what carries the referral.

use super::{TestCallback, World, magento::with, orders};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

const SECRET: &str = "wc-secret-0001";

pub(crate) fn world() -> World {
    World::new("woocommerce", &json!({}), &json!({"webhook_secret": ["new-secret-0002", SECRET]}))
}

fn signed(body: String) -> TestCallback {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let headers = vec![("X-WC-Webhook-Signature".to_owned(), signature)];
    TestCallback { method: "POST", kind: "orders", rest: String::new(), headers, body }
}

pub(crate) fn order(fields: Json) -> TestCallback {
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
    assert_eq!(sale["customer_id"], format!("woocommerce:{}/customer:26", world.listing));
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
    ] {
        assert_eq!(world.refused(case, &callback), status, "{case}");
    }
    for (case, callback) in [
        ("no JSON", signed("{".to_owned())),
        ("no amount", order(json!({"total": "29,35"}))),
        ("no currency", order(json!({"currency": "EURO"}))),
        ("no id", order(json!({"id": null}))),
        ("a status that is not a text", order(json!({"status": {}}))),
    ] {
        assert_eq!(world.kept(case, &callback), 200, "{case}");
    }
}

/// Amount, refunded amount and metadata of each sale, newest first.
fn sales(world: &mut World) -> Vec<(i64, i64, Json)> {
    let mut conversions = world.ledger.get("/v1/conversions").json;
    let sales = conversions["data"].as_array_mut().unwrap().iter_mut();
    let number = |value: &Json| value.as_i64().unwrap();
    sales.map(|sale| (number(&sale["amount"]), number(&sale["refunded"]), sale["metadata"].take())).collect()
}

/// A store whose customer 26 came through the partner's link.
fn clicked() -> World {
    let mut world = world();
    world.ledger.wait(-7_200_000);
    let click = world.ledger.click(world.link_no);
    world.ledger.wait(7_200_000);
    let meta = json!([{"key": "_wc_order_attribution_utm_content", "value": click}]);
    let first =
        order(json!({"id": 1, "total": "0.00", "date_paid_gmt": "2026-11-22T11:00:00", "meta_data": meta}));
    assert_eq!(world.receive(&first).status, 200);
    world
}

/// What the partner's commissions are, and what was taken back.
fn commission(world: &mut World) -> (i64, i64) {
    world.ledger.audit();
    let balances = world.ledger.get("/v1/balances").json;
    let balance = &balances["data"][0];
    let sum = |names: &[&str]| names.iter().map(|name| balance[*name].as_i64().unwrap_or(0)).sum();
    (sum(&["pending", "payable"]), sum(&["reversed"]))
}

#[test]
fn an_end_state_takes_back_what_is_left_whenever_it_is_seen() {
    for status in ["cancelled", "failed", "trash"] {
        let paid = order(json!({"refunds": [{"id": 751, "total": "-10.00"}]}));
        let ended = order(json!({"status": status, "refunds": [{"id": 751, "total": "-10.00"}]}));
        let mut expected = None;
        for steps in [&[&paid, &ended][..], &[&ended, &paid], &[&ended], &[&paid, &ended, &ended, &paid]] {
            let mut world = clicked();
            steps.iter().for_each(|step| assert_eq!(world.receive(step).status, 200));
            assert_eq!(commission(&mut world), (0, 587), "{status}");
            assert_eq!(sales(&mut world)[0].1, 2_935, "{status}");
            let outcome = world.outcome();
            assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{status}");
        }
    }
}

#[test]
fn an_order_that_ended_unpaid_counts_once_it_is_paid_and_a_deleted_one_is_taken_back() {
    let mut world = clicked();
    for status in ["failed", "cancelled"] {
        let unpaid = order(json!({"status": status, "date_paid_gmt": null}));
        assert_eq!(world.refused("it was never charged", &unpaid), 200, "{status}");
    }
    assert_eq!(world.receive(&order(json!({}))).status, 200);
    assert_eq!(commission(&mut world), (587, 0));
    // A shop that sets no date of payment.
    assert_eq!(world.receive(&order(json!({"status": "cancelled", "date_paid_gmt": null}))).status, 200);
    assert_eq!(commission(&mut world), (0, 587));
    assert_eq!(world.receive(&order(json!({"id": 728}))).status, 200);
    assert_eq!(world.receive(&signed(r#"{"id":728}"#.to_owned())).status, 200);
    assert_eq!(commission(&mut world), (0, 1_174));
    assert_eq!(world.refused("again", &signed(r#"{"id":728}"#.to_owned())), 200);
}

#[test]
fn the_status_refunded_refunds_all_that_is_left_and_a_total_that_falls_is_a_refund_of_the_difference() {
    let edited = json!({"total": "80.00"});
    let refund = json!([{"id": 751, "total": "-80.00"}]);
    let first = order(json!({"total": "100.00"}));
    let second = order(edited.clone());
    let third = order(json!({"total": "80.00", "status": "refunded", "refunds": refund}));
    for steps in
        [&[&first, &second, &third][..], &[&first, &third], &[&first, &second, &second, &third, &first]]
    {
        let mut world = clicked();
        steps.iter().for_each(|step| assert_eq!(world.receive(step).status, 200));
        assert_eq!((commission(&mut world), sales(&mut world)[0].1), ((0, 2_000), 10_000));
    }
    let mut world = clicked();
    world.receive(&first);
    for (total, refunds, refunded, left) in [
        ("80.00", json!([]), 2_000, 1_600),
        ("80.00", json!([]), 2_000, 1_600),
        // An older update, or one that raises the total, changes nothing.
        ("100.00", json!([]), 2_000, 1_600),
        ("90.00", json!([]), 2_000, 1_600),
        ("80.00", json!([{"id": 751, "total": "-30.00"}]), 5_000, 1_000),
        ("79.99", json!([{"id": 751, "total": "-30.00"}]), 5_001, 1_000),
        ("0.00", json!([{"id": 751, "total": "-30.00"}]), 10_000, 0),
        ("0.00", json!([]), 10_000, 0),
    ] {
        assert_eq!(world.receive(&order(json!({"total": total, "refunds": refunds}))).status, 200);
        assert_eq!((sales(&mut world)[0].1, commission(&mut world).0), (refunded, left), "{total}");
    }
    // Another currency's total says nothing about this one.
    let mut world = clicked();
    world.receive(&first);
    assert_eq!(world.receive(&order(json!({"total": "80.00", "currency": "USD"}))).status, 200);
    assert_eq!(sales(&mut world)[0].1, 0);
    // The refunds of a refunded order may not be listed yet.
    let mut world = clicked();
    world.receive(&order(json!({"status": "refunded", "refunds": [{"id": 751, "total": "-10.00"}]})));
    assert_eq!((commission(&mut world), sales(&mut world)[0].1), ((0, 587), 2_935));
}

#[test]
fn amounts_finer_than_the_minor_unit_are_rounded_half_up_and_flagged() {
    for (total, currency, minor, is_rounded) in [
        ("1077.50", "JPY", 1_078, true),
        ("1077.00", "JPY", 1_077, false),
        ("12500.50", "CLP", 12_501, true),
        ("33.3333", "EUR", 3_333, true),
        ("29.355", "EUR", 2_936, true),
        ("29.350", "EUR", 2_935, false),
    ] {
        let mut world = world();
        assert_eq!(world.receive(&order(json!({"total": total, "currency": currency}))).status, 200);
        let (amount, _, metadata) = sales(&mut world).remove(0);
        assert_eq!(
            (amount, metadata.get("amount").cloned()),
            (minor, is_rounded.then(|| json!("rounded"))),
            "{total}"
        );
        // The refund of all of it rounds as the charge did.
        let refund = json!([{"id": 751, "total": format!("-{total}")}]);
        world.receive(&order(json!({"total": total, "currency": currency, "refunds": refund})));
        assert_eq!(sales(&mut world)[0].1, minor, "{total}");
    }
}

#[test]
fn an_odd_side_field_is_skipped_and_noted_and_the_order_counts() {
    let click = |world: &mut World| {
        world.ledger.wait(-7_200_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(7_200_000);
        click
    };
    for (fields, skipped) in [
        (json!({"meta_data": [{}, {}]}), "/meta_data/0 /meta_data/1"),
        (json!({"meta_data": [[], []]}), "/meta_data/0 /meta_data/1"),
        (json!({"meta_data": "none"}), "/meta_data"),
        (json!({"line_items": [{"sku": {}}, 7]}), "/line_items/0 /line_items/1"),
        (json!({"coupon_lines": [{}]}), "/coupon_lines/0"),
        (json!({"billing": []}), "/billing"),
        (json!({"customer_id": {}}), "/customer_id"),
        (json!({"date_paid_gmt": "yesterday"}), "/date_paid_gmt"),
        (
            json!({"date_paid_gmt": {"date": "2026-11-22"}, "date_modified_gmt": 7}),
            "/date_paid_gmt /date_modified_gmt",
        ),
        (json!({"refunds": null, "meta_data": null, "line_items": null, "billing": null}), ""),
    ] {
        let mut world = world();
        let callback = order(with(json!({"customer_id": 0}), &fields));
        assert_eq!(world.receive(&callback).status, 200, "{fields}");
        let (amount, _, metadata) = sales(&mut world).remove(0);
        assert_eq!((amount, metadata["skipped"].as_str().unwrap_or_default()), (2_935, skipped), "{fields}");
        let logged: Vec<_> =
            world.logged.iter().map(|line| line.split_once("in part: ").unwrap().1).collect();
        let expected: Vec<_> =
            Some(format!("skipped {skipped}")).into_iter().filter(|_| !skipped.is_empty()).collect();
        assert_eq!(logged, expected, "{fields}");
    }
    // PHP writes a list with gaps in its keys as an object.
    let mut world = world();
    let click = click(&mut world);
    let entry = json!({"key": "_wc_order_attribution_utm_content", "value": click});
    let gaps = json!({"meta_data": {"0": {}, "3": entry}, "refunds": {"1": {"id": 751, "total": "-10.00"}}});
    assert_eq!(world.receive(&order(gaps)).status, 200);
    let sale = world.ledger.get("/v1/conversions").json["data"][0].take();
    assert_eq!(
        (&sale["attribution"]["credits"][0]["click_id"], &sale["refunded"]),
        (&json!(click), &json!(1_000))
    );
    assert_eq!(sale["metadata"]["skipped"], "/meta_data/0");
}

#[test]
fn customers_of_two_shops_with_the_same_number_are_two() {
    let mut world = clicked();
    // The first shop's customer 26 came through the partner's link. The second shop's is somebody else.
    let first = world.listing.clone();
    let second = world.ledger.post(
        "/v1/listings",
        &json!({"name": "Store 2", "marketplace": "woocommerce", "url": "https://two.example/app",
                "secrets": {"webhook_secret": SECRET}}),
    );
    let second = second.text("/id");
    for (listing, partner) in [(&second, None), (&first, Some(world.partner.clone()))] {
        world.listing.clone_from(listing);
        assert_eq!(world.receive(&order(json!({"id": 900}))).status, 200);
        let sale = world.ledger.get("/v1/conversions").json["data"][0].take();
        assert_eq!(sale["customer_id"], format!("woocommerce:{listing}/customer:26"));
        assert_eq!(sale["attribution"]["credits"][0]["partner_id"].as_str(), partner.as_deref());
    }
    // Sales at the counter, too, are numbered by each shop.
    let counter = order(json!({"id": 901, "customer_id": 0}));
    assert_eq!(world.receive(&counter).status, 200);
    let sale = world.ledger.get("/v1/conversions").json["data"][0].take();
    assert_eq!(sale["customer_id"], format!("woocommerce:{first}/order:901"));
}

#[test]
fn a_partner_registered_under_the_customers_number_still_earns_nothing_unseen_from_its_own_orders() {
    let mut world = clicked();
    let target = format!("/v1/partners/{}", world.partner);
    assert_eq!(world.ledger.patch(&target, &json!({"external_id": "woocommerce:customer:26"})).status, 200);
    assert_eq!(world.receive(&order(json!({}))).status, 200);
    let held = world.ledger.get("/v1/commissions").json["data"][0]["held_reason"].take();
    assert_eq!(held, "self_referral");
}
