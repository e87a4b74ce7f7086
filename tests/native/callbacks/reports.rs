//! What the Ledger does with events of any marketplace, and with callbacks for unknown URLs.

use super::{
    TestCallback, World,
    fake_vendor::{FakeVendor, Script},
};
use crate::support::rows;
use pollster::block_on;
use serde_json::{Value as Json, json};
use signpost::{
    api,
    domain::values::{entropy::SeededEntropy, time::Timestamp},
    ledger::callbacks::report::Reported,
    marketplace::receive::{CallbackRequest, Outcome, Report, receive},
    store::Sql,
};

#[test]
fn a_refund_waits_for_its_charge_and_is_booked_with_it() {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    let event = |kind: &str, transaction: &str, charge: Option<&str>, amount: i64| {
        json!({"kind": kind, "account": "a-1", "transaction": transaction, "charge": charge, "amount": amount,
               "currency": "EUR", "plan": null, "occurred_at": null, "evidence": "signed", "clicks": [], "coupon": null})
    };
    let refunded = event("refunded", "refund:1", Some("order:1"), 700);
    // The part that exceeds the charge is ignored.
    let beyond = event("refunded", "refund:2", Some("order:1"), 9_999);
    let tell = |world: &mut World, events: &[&Json]| {
        let report = json!({"listing_no": 1, "events": events, "single_use": null, "relay": null});
        let report: Report = strict_json::from_str(&report.to_string()).unwrap();
        let environment = World::environment(&world.ledger);
        let reported = api::report(&environment, &mut world.entropy, &report).unwrap();
        assert_eq!(reported, Reported::Written);
    };
    tell(&mut world, &[&refunded, &refunded]);
    assert_eq!((world.ledger.rows("waiting_refunds"), world.ledger.rows("refunds")), (1, 0));
    tell(&mut world, &[&event("charged", "order:1", None, 5_000)]);
    assert_eq!((world.ledger.rows("waiting_refunds"), world.ledger.rows("refunds")), (0, 1));
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["refunded"], 700);
    tell(&mut world, &[&refunded, &beyond, &beyond]);
    assert_eq!((world.ledger.rows("waiting_refunds"), world.ledger.rows("refunds")), (0, 2));
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["refunded"], 5_000);
}

#[test]
fn a_late_click_credits_all_that_a_customer_has_bought_however_much() {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    let click = world.ledger.click(world.link_no);
    world.ledger.wait(60_000);
    let event = |number: u32, clicks: &[&str]| {
        json!({"kind": "charged", "account": "a-1", "transaction": format!("order:{number}"), "charge": null, "amount": 1_000,
               "currency": "EUR", "plan": null, "occurred_at": null, "evidence": "signed", "clicks": clicks, "coupon": null})
    };
    let mut events: Vec<Json> = (0..501).map(|number| event(number, &[])).collect();
    events.push(event(501, &[&click]));
    let report = json!({"listing_no": 1, "events": events});
    let report: Report = strict_json::from_str(&report.to_string()).unwrap();
    let environment = World::environment(&world.ledger);
    assert_eq!(api::report(&environment, &mut world.entropy, &report).unwrap(), Reported::Written);
    assert_eq!(world.ledger.rows("commissions"), 502);
    let balance = &world.ledger.get("/v1/balances").json["data"][0];
    assert_eq!((&balance["pending"], &balance["currency"]), (&json!(502 * 200), &json!("EUR")));
    world.ledger.audit();
}

#[test]
fn no_money_moves_on_what_nobody_signed() {
    let mut world = World::new("salesforce", &json!({}), &json!({}));
    let event = |kind: &str, amount: Json| {
        json!({"kind": kind, "account": "a-1", "transaction": "t:1", "charge": "t:0", "amount": amount, "currency": "EUR",
               "plan": null, "occurred_at": null, "evidence": "unsigned_bound", "clicks": [], "coupon": null})
    };
    for (kind, amount) in
        [("charged", json!(500)), ("charged", Json::Null), ("refunded", json!(500)), ("installed", json!(0))]
    {
        let report = json!({"listing_no": 1, "events": [event(kind, amount)]});
        let report: Report = strict_json::from_str(&report.to_string()).unwrap();
        let before = rows::rows(&world.ledger.sql);
        let environment = World::environment(&world.ledger);
        let error = api::report(&environment, &mut world.entropy, &report).unwrap_err();
        let refused = "the database refused a statement: an unsigned message must not move money";
        assert_eq!(error.to_string(), refused, "{kind}");
        assert_eq!(rows::difference(&before, &rows::rows(&world.ledger.sql)), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn without_a_time_nothing_is_newer_than_the_end_but_an_install() {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    for (kind, expected) in [
        ("installed", "installed"),
        ("activated", "activated"),
        ("uninstalled", "uninstalled"),
        ("activated", "uninstalled"),
        ("suspended", "uninstalled"),
        ("installed", "installed"),
        ("suspended", "suspended"),
    ] {
        let event = json!({"kind": kind, "account": "a-1", "transaction": format!("{kind}:a-1"), "charge": null,
            "amount": null, "currency": null, "plan": null, "occurred_at": null, "evidence": "signed", "clicks": [],
            "coupon": null});
        let report = json!({"listing_no": 1, "events": [event], "single_use": null, "relay": null});
        let report: Report = strict_json::from_str(&report.to_string()).unwrap();
        let environment = World::environment(&world.ledger);
        api::report(&environment, &mut world.entropy, &report).unwrap();
        let rows = world.ledger.sql.exec("SELECT status FROM marketplace_accounts", &[]).unwrap();
        assert_eq!(rows[0].text(0).unwrap(), expected, "{kind}");
        world.ledger.wait(1_000);
    }
}

#[test]
fn an_address_that_nobody_registered_answers_as_a_forgery_does() {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    let callback = TestCallback {
        method: "POST",
        kind: "orders",
        rest: String::new(),
        headers: vec![],
        body: "{}".to_owned(),
    };
    let forged = world.receive(&callback);
    assert_eq!((forged.status, forged.body.as_str()), (401, "unauthorized"));
    assert_eq!(world.receive(&TestCallback { kind: "elsewhere", ..callback.clone() }), forged);
    assert_eq!(world.receive(&TestCallback { method: "GET", ..callback.clone() }), forged);
    world.marketplace = "digitalocean";
    assert_eq!(
        world.receive(&TestCallback { kind: "resources", ..callback.clone() }),
        forged,
        "of another marketplace"
    );
    world.marketplace = "web";
    assert_eq!(world.receive(&callback), forged, "of none");
    let request = CallbackRequest {
        method: "POST".to_owned(),
        url: "https://go.example/callbacks/woocommerce/lst_x/orders".to_owned(),
        marketplace: "woocommerce".to_owned(),
        kind: "orders".to_owned(),
        rest: String::new(),
        headers: vec![],
        body: b"{}".to_vec(),
    };
    let vendor = FakeVendor::new(Script::default(), Timestamp::clamped(0));
    let outcome = block_on(receive(&request, None, &vendor, &mut SeededEntropy::new(1)));
    assert_eq!(outcome, Outcome::Respond { response: forged, log: None, refusal: None }, "of no listing");
}
