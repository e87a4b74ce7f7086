//! A partner who buys through its own link is recognised by the e-mail address that a marketplace reports. A test fails if
//! such a commission is not held, if a stranger's is, or if the address is stored or shown anywhere.

use super::{
    TestCallback, World, bigcommerce, digitalocean, google_workspace, magento, magento_app, microsoft,
    shopify, woocommerce,
};
use crate::support::rows;
use serde_json::{Value as Json, json};
use signpost::store::Sql;

/// Sets the partner's own address.
fn partner_is(world: &mut World, email: &str) {
    let target = format!("/v1/partners/{}", world.partner);
    assert_eq!(world.ledger.patch(&target, &json!({"email": email})).status, 200);
}

/// A paid order of the store with the partner's click in it.
fn bought(world: &mut World, fields: Json) -> Json {
    world.ledger.wait(-7_200_000);
    let click = world.ledger.click(world.link_no);
    world.ledger.wait(7_200_000);
    let meta = json!([{"key": "_wc_order_attribution_utm_content", "value": click}]);
    let order = woocommerce::order(magento::with(json!({"meta_data": meta}), &fields));
    assert_eq!(world.receive(&order).status, 200);
    world.ledger.get("/v1/commissions").json["data"][0].take()
}

#[test]
fn an_order_with_the_partner_s_address_is_held_for_guests_and_customers() {
    for (customer, email, held) in [
        (0, "ada@acme.example", true),
        (0, " ADA+Shop@Acme.example", true),
        (26, "ada@acme.example", true),
        (26, "Ada+a+b@acme.EXAMPLE", true),
        (0, "a.da@acme.example", false),
        (26, "ann@acme.example", false),
        (26, "", false),
    ] {
        let mut world = woocommerce::world();
        partner_is(&mut world, "Ada+partner@acme.example");
        let commission = bought(&mut world, json!({"customer_id": customer, "billing": {"email": email}}));
        let reason = if held { json!("self_referral") } else { Json::Null };
        assert_eq!(
            (&commission["held_reason"], &commission["amount"]),
            (&reason, &json!(587)),
            "{customer} {email}"
        );
        // The sale counts all the same, and the address is in no row and no event.
        assert_eq!(world.ledger.get("/v1/attribution").json["totals"]["sales"], 1);
        let stored = format!("{:?}", rows::rows(&world.ledger.sql)).to_lowercase();
        assert!(email.is_empty() || !stored.contains(&email.trim().to_lowercase()), "{email}");
        world.ledger.audit();
    }
}

#[test]
fn a_customer_is_known_by_an_earlier_address_and_only_in_that_shop() {
    let mut world = woocommerce::world();
    partner_is(&mut world, "ada@acme.example");
    let first = bought(&mut world, json!({"billing": {"email": "ada@acme.example"}}));
    assert_eq!(first["held_reason"], "self_referral");
    let next = bought(&mut world, json!({"id": 728, "billing": {"email": "other@acme.example"}}));
    assert_eq!(next["held_reason"], "self_referral", "the same customer");
    let stranger =
        bought(&mut world, json!({"id": 729, "customer_id": 27, "billing": {"email": "x@acme.example"}}));
    assert_eq!(stranger["held_reason"], Json::Null);
    // Each address of a customer is reported once, without the address.
    let events = world.ledger.get("/v1/events?limit=200").json["data"].take();
    let learned: Vec<_> =
        events.as_array().unwrap().iter().filter(|e| e["type"] == "customer.email_learned").collect();
    let customer = |no: u32| json!({"listing_id": world.listing, "customer_id": format!("woocommerce:{}/customer:{no}", world.listing)});
    assert_eq!(
        learned.iter().map(|e| &e["data"]).collect::<Vec<_>>(),
        [&customer(26), &customer(26), &customer(27)]
    );
}

#[test]
fn the_rule_can_be_switched_off() {
    let mut world = woocommerce::world();
    partner_is(&mut world, "ada@acme.example");
    let fraud = json!({"fraud": {"self_referral": false}});
    assert_eq!(world.ledger.patch("/v1/program", &fraud).status, 200);
    let commission = bought(&mut world, json!({"billing": {"email": "ada@acme.example"}}));
    assert_eq!(commission["held_reason"], Json::Null);
}

/// A sale to the customer is held after this callback if the partner has this address, and not if it has another.
fn is_recognised(
    make: &dyn Fn() -> World,
    callback: &dyn Fn(&World) -> TestCallback,
    customer: &str,
    email: &str,
) {
    for (own, expected) in [(email, json!("self_referral")), ("nobody@acme.example", Json::Null)] {
        let mut world = make();
        partner_is(&mut world, own);
        let sent = callback(&world);
        let status = world.receive(&sent).status;
        assert!((200..400).contains(&status), "{customer}: {status}");
        let customer = customer.replace("<listing>", &world.listing);
        assert_eq!(world.reason_held(&customer), expected, "{customer}");
        let stored = format!("{:?}", world.ledger.sql.exec("SELECT * FROM customer_emails", &[]).unwrap());
        assert!(!stored.contains('@'), "{stored}");
    }
}

#[test]
fn every_marketplace_that_reports_an_address_is_heard() {
    let order = |fields: Json| move |_: &World| magento::event(magento::ORDER, &magento::order(&fields));
    is_recognised(
        &magento::world,
        &order(json!({"customer_id": 9})),
        "magento:<listing>/customer:9",
        "ann@example.com",
    );
    let shop = json!({"id": 548380009, "myshopify_domain": shopify::SHOP, "email": "Owner@example.com"});
    let customer = format!("shopify:{}", shopify::SHOP);
    let updated = |_: &World| shopify::webhook("shop", "shop/update", shopify::SHOP, &shop);
    is_recognised(&shopify::world, &updated, &customer, "owner@example.com");
    let removed = |_: &World| shopify::uninstalled(&json!(shopify::SHOP));
    is_recognised(&shopify::world, &removed, &customer, "owner@example.com");
    let customer = format!("bigcommerce:{}", bigcommerce::STORE);
    let owner = json!({"owner": {"id": 1, "email": "owner@example.com"}});
    for (claims, email) in [(json!({}), "user@example.com"), (owner, "owner@example.com")] {
        let load =
            |world: &World| bigcommerce::get("load", &bigcommerce::token(world, "load-1", 60, &claims));
        is_recognised(&bigcommerce::world, &load, &customer, email);
    }
    let customer = format!("digitalocean:{}", digitalocean::UUID);
    let provisioned = |_: &World| digitalocean::provision(json!({}));
    is_recognised(&digitalocean::world, &provisioned, &customer, "abc@xyz.example");
    let customer = format!("google-workspace:{}", google_workspace::DOMAIN);
    let signed_in = |_: &World| google_workspace::first_sign_in().1;
    is_recognised(&|| google_workspace::first_sign_in().0, &signed_in, &customer, "ada@fabrikam.example");
    let customer = format!("microsoft:{}", microsoft::PURCHASE);
    let landed = |_: &World| microsoft::landing(microsoft::QUERY);
    for email in ["buyer@fabrikam.example", "user@fabrikam.example"] {
        is_recognised(&microsoft::with_secret, &landed, &customer, email);
    }
    let instance = || World::new("magento", &json!({}), &json!({"app_secret": magento_app::SECRET}));
    let message = json!({"event": "installed", "instance": "i-1", "email": "ann@example.com"});
    let reported = |world: &World| magento_app::app(world, &message);
    is_recognised(&instance, &reported, "magento:instance:i-1", "ann@example.com");
}

#[test]
fn a_user_of_a_store_who_is_not_its_owner_may_be_the_partner() {
    let mut world = bigcommerce::world();
    partner_is(&mut world, "user@example.com");
    let claims = json!({"owner": {"id": 1, "email": "owner@example.com"}});
    let load = bigcommerce::get("load", &bigcommerce::token(&world, "load-1", 60, &claims));
    assert_eq!(world.receive(&load).status, 200);
    assert_eq!(world.reason_held(&format!("bigcommerce:{}", bigcommerce::STORE)), Json::Null);
}
