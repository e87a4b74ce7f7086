//! Google Play: pushed notifications, each confirmed by the purchase and the order that paid for it. A test fails if
//! the ledger depends on the order of arrival, if an amount differs from what the customer paid, or if a partial refund
//! becomes a full one.

use super::fake_vendor::{VendorResult, respond};
use super::{TestCallback, World, google, orders};
use serde_json::{Value as Json, json};
use signpost::{domain::values::digest::sha256_hex, marketplace::vendor_api::VendorRequest, store::Sql};

pub const PACKAGE: &str = "com.acme.app";
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";
const APPLICATION: &str =
    "https://androidpublisher.googleapis.com/androidpublisher/v3/applications/com.acme.app/";
/// The account that the app sets.
const USER: &str = "user-1";
const MINUTE: i64 = 60_000;

/// A reaction of the API.
pub type Vendor = fn(&VendorRequest) -> VendorResult;

pub fn world_with(secrets: &Json) -> World {
    google::world_with_pushes("google-play", &json!({"package_name": PACKAGE}), secrets)
}

pub fn world() -> World {
    world_with(&json!({"service_account": google::service_account()}))
}

/// The API. `found` returns the object at a path, or `null` if there is none.
pub fn api(request: &VendorRequest, found: impl Fn(&str) -> Json) -> VendorResult {
    google::grants(request, SCOPE).unwrap_or_else(|| {
        let found = found(request.url.strip_prefix(APPLICATION).unwrap());
        match found {
            Json::Null => respond(404, ""),
            found => respond(200, found.to_string()),
        }
    })
}

pub fn subscription(state: &str, order: &str) -> Json {
    json!({
        "kind": "androidpublisher#subscriptionPurchaseV2", "regionCode": "DE", "startTime": "2026-11-22T11:50:00Z",
        "subscriptionState": format!("SUBSCRIPTION_STATE_{state}"), "latestOrderId": "not-this-one",
        "externalAccountIdentifiers": {"obfuscatedExternalAccountId": USER},
        "lineItems": [{
            "productId": "pro", "expiryTime": "2026-12-22T11:50:00Z", "latestSuccessfulOrderId": order,
            "autoRenewingPlan": {"autoRenewEnabled": true, "recurringPrice": {"currencyCode": "EUR", "units": "99"}},
            "offerDetails": {"basePlanId": "monthly", "offerTags": []},
        }],
    })
}

pub fn order(state: &str, units: &str, nanos: u32) -> Json {
    json!({
        "orderId": "GPA.1", "purchaseToken": "old-token", "state": state, "createTime": "2026-11-22T11:55:00.123Z",
        "total": {"currencyCode": "EUR", "units": units, "nanos": nanos}, "tax": {"currencyCode": "EUR", "units": "1"},
        "orderHistory": {"processedEvent": {"eventTime": "2026-11-22T11:55:01Z"}},
    })
}

/// A purchase that is renewed, replaced by a better plan, refunded and revoked, with the API at the time of each
/// notification.
fn first(request: &VendorRequest) -> VendorResult {
    api(request, |path| match path {
        "purchases/subscriptionsv2/tokens/old-token" => subscription("ACTIVE", "GPA.1"),
        "orders/GPA.1" => order("PROCESSED", "9", 990_000_000),
        other => panic!("{other}"),
    })
}

fn renewed(request: &VendorRequest) -> VendorResult {
    api(request, |path| match path {
        "purchases/subscriptionsv2/tokens/old-token" => subscription("ACTIVE", "GPA.1..0"),
        "orders/GPA.1..0" => order("PROCESSED", "9", 990_000_000),
        other => panic!("{other}"),
    })
}

fn replaced(request: &VendorRequest) -> VendorResult {
    api(request, |path| match path {
        "purchases/subscriptionsv2/tokens/old-token" => {
            let mut old = subscription("EXPIRED", "GPA.1..0");
            old["canceledStateContext"] = json!({"replacementCancellation": {}});
            old
        }
        "purchases/subscriptionsv2/tokens/new-token" => {
            let mut new = subscription("ACTIVE", "GPA.2");
            new["linkedPurchaseToken"] = json!("old-token");
            new["lineItems"][0]["offerDetails"]["basePlanId"] = json!("yearly");
            new
        }
        "orders/GPA.2" => order("PROCESSED", "19", 990_000_000),
        other => panic!("{other}"),
    })
}

fn ended(request: &VendorRequest) -> VendorResult {
    api(request, |path| match path {
        "purchases/subscriptionsv2/tokens/new-token" => subscription("EXPIRED", "GPA.2"),
        "orders/GPA.2" => order("REFUNDED", "19", 990_000_000),
        other => panic!("{other}"),
    })
}

pub fn data(world: &World, minutes_ago: i64, about: &str, what: Json) -> Json {
    let at = world.ledger.now.plus_ms(-minutes_ago * MINUTE).ms();
    let mut data = json!({"version": "1.0", "packageName": PACKAGE, "eventTimeMillis": at.to_string()});
    data[about] = what;
    data
}

/// A push about an event of a subscription that many minutes ago.
pub fn notification(world: &World, minutes_ago: i64, token: &str, kind: u32) -> TestCallback {
    let what = json!({
        "version": "1.0", "notificationType": kind, "purchaseToken": token, "subscriptionId": "pro",
    });
    let id = format!("{token}-{kind}-{minutes_ago}");
    google::push(world, "rtdn", &id, &data(world, minutes_ago, "subscriptionNotification", what))
}

pub fn voided(world: &World, order: &str, refund_type: u32) -> TestCallback {
    let what =
        json!({"purchaseToken": "new-token", "orderId": order, "productType": 1, "refundType": refund_type});
    google::push(world, "rtdn", "v", &data(world, 2, "voidedPurchaseNotification", what))
}

pub fn bought(world: &World) -> TestCallback {
    let what =
        json!({"version": "1.0", "notificationType": 1, "purchaseToken": "coins-token", "sku": "coins_100"});
    google::push(world, "rtdn", "b", &data(world, 2, "oneTimeProductNotification", what))
}

pub fn types(outcome: &Json) -> Vec<&str> {
    let conversions = outcome["conversions"].as_array().unwrap();
    conversions.iter().map(|conversion| conversion["type"].as_str().unwrap()).collect()
}

#[test]
fn a_subscriber_s_life_ends_in_the_same_ledger_in_whatever_order_it_arrives() {
    let mut expected = None;
    for order in orders(8).into_iter().step_by(997) {
        let mut world = world();
        world.ledger.wait(-60 * MINUTE);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(60 * MINUTE);
        let life: [(Vendor, TestCallback); 7] = [
            (first, notification(&world, 9, "old-token", 4)),
            (renewed, notification(&world, 8, "old-token", 2)),
            (replaced, notification(&world, 7, "new-token", 4)),
            (replaced, notification(&world, 7, "old-token", 13)),
            (ended, voided(&world, "GPA.2", 1)),
            (ended, notification(&world, 1, "new-token", 12)),
            (ended, notification(&world, 1, "new-token", 13)),
        ];
        // The app's backend reports the install, with the click in its referrer.
        let begun = world.ledger.now.ms() / 1000 - 15 * 60;
        let install = json!({
            "listing_id": world.listing, "install_id": "i-1", "obfuscated_account_id": USER,
            "referrer": format!("sp_click={click}&utm_source=acme"), "install_begin_timestamp_server_seconds": begun,
        });
        for index in &order {
            let Some((vendor, callback)) = life.get(*index) else {
                assert_eq!(world.ledger.post("/v1/installs/google-play", &install).status, 201);
                continue;
            };
            world.vendor.responds = *vendor;
            let answer = world.receive(callback);
            assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{order:?} {index}");
        }
        for (index, (vendor, callback)) in life.iter().enumerate() {
            world.vendor.responds = *vendor;
            assert_eq!(world.refused(&format!("{order:?}: {index} again"), callback), 204);
        }
        let outcome = world.outcome();
        assert_eq!(types(&outcome), ["uninstall", "install", "sale", "sale", "sale"], "{order:?}");
        let sales: Vec<_> = outcome["conversions"].as_array().unwrap()[2..]
            .iter()
            .map(|sale| (&sale["amount"], &sale["currency"], &sale["refunded"], &sale["metadata"]["plan"]))
            .collect();
        let (eur, old, new) = (json!("EUR"), json!("pro:monthly"), json!("pro:yearly"));
        assert_eq!(
            sales,
            [
                (&json!(999), &eur, &json!(0), &old),
                (&json!(999), &eur, &json!(0), &old),
                (&json!(1999), &eur, &json!(1999), &new),
            ]
        );
        let balance = &outcome["balances"][0];
        assert_eq!((&balance["pending"], &balance["reversed"]), (&json!(400), &json!(400)), "{order:?}");
        for conversion in outcome["conversions"].as_array().unwrap() {
            assert_eq!(conversion["customer_id"], format!("google-play:{USER}"));
            assert_eq!(conversion["attribution"]["credits"][0]["click_id"], click, "{order:?}");
        }
        let accounts = outcome["accounts"].as_str().unwrap();
        assert!(accounts.contains("uninstalled") && accounts.contains("pro:"), "{order:?}: {accounts}");
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn an_account_that_the_app_sets_may_be_the_click() {
    std::thread_local! {
        static CLICK: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
    }
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    CLICK.with(|known| *known.borrow_mut() = click.clone());
    world.vendor.responds = |request| {
        api(request, |path| match path {
            "orders/GPA.3" => order("PROCESSED", "0", 500_000_000),
            _ => json!({
                "kind": "androidpublisher#productPurchaseV2", "orderId": "GPA.3",
                "obfuscatedExternalAccountId": CLICK.with(|click| click.borrow().clone()),
                "purchaseStateContext": {"purchaseState": "PURCHASED"},
                "productLineItem": [{"productId": "coins_100", "productOfferDetails": {"quantity": 1}}],
            }),
        })
    };
    world.ledger.wait(MINUTE);
    let callback = bought(&world);
    assert_eq!(world.receive(&callback).status, 204);
    let urls: Vec<&str> = world.requests.iter().map(|request| request.url.as_str()).collect();
    let purchase = format!("{APPLICATION}purchases/productsv2/tokens/coins-token");
    let paid = format!("{APPLICATION}orders/GPA.3");
    assert_eq!(urls, ["https://oauth2.googleapis.com/token", purchase.as_str(), paid.as_str()]);
    let sale = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!((&sale["type"], &sale["amount"]), (&json!("sale"), &json!(50)));
    assert_eq!(sale["external_id"], format!("{}/order:GPA.3", world.listing));
    assert_eq!(sale["occurred_at"], "2026-11-22T11:55:00.123Z");
    assert_eq!(sale["attribution"]["reason"], "click");
    let metadata = json!({"marketplace": "google-play", "evidence": "api_poll", "plan": "coins_100"});
    assert_eq!(sale["metadata"], metadata);
    assert_eq!(sale["commissions"][0]["amount"], 10);
}

#[test]
fn without_an_account_a_chain_of_tokens_is_one_customer() {
    let mut world = world();
    fn of(linked: Option<&str>, order: &str) -> Json {
        let mut found = subscription("ACTIVE", order);
        found.as_object_mut().unwrap().remove("externalAccountIdentifiers");
        if let Some(linked) = linked {
            found["linkedPurchaseToken"] = json!(linked);
        }
        found
    }
    world.vendor.responds = |request| {
        api(request, |path| match path {
            "purchases/subscriptionsv2/tokens/token-1" => of(None, "GPA.1"),
            "purchases/subscriptionsv2/tokens/token-2" => of(Some("token-1"), "GPA.2"),
            "purchases/subscriptionsv2/tokens/token-3" => of(Some("token-2"), "GPA.3"),
            _ => order("PROCESSED", "9", 990_000_000),
        })
    };
    for token in ["token-1", "token-2", "token-3"] {
        let callback = notification(&world, 5, token, 4);
        assert_eq!(world.receive(&callback).status, 204);
    }
    let outcome = world.outcome();
    let customers: Vec<&Json> =
        outcome["conversions"].as_array().unwrap().iter().map(|sale| &sale["customer_id"]).collect();
    let first = format!("google-play:{}", sha256_hex(b"token-1"));
    assert_eq!(customers, [&json!(first), &json!(first), &json!(first)]);
    let kept = format!("{:?}", world.ledger.sql.exec("SELECT * FROM events", &[]).unwrap());
    assert!(!kept.contains("token-1"), "a token opens the purchase");
}

#[test]
fn a_purchase_in_the_place_of_another_user_s_is_its_own_user_s() {
    let mut world = world();
    world.vendor.responds = |request| {
        api(request, |path| match path {
            "purchases/subscriptionsv2/tokens/token-1" => subscription("ACTIVE", "GPA.1"),
            "purchases/subscriptionsv2/tokens/token-2" => {
                let mut found = subscription("ACTIVE", "GPA.2");
                found["externalAccountIdentifiers"]["obfuscatedExternalAccountId"] = json!("user-2");
                found["linkedPurchaseToken"] = json!("token-1");
                found
            }
            _ => order("PROCESSED", "9", 990_000_000),
        })
    };
    for token in ["token-1", "token-2"] {
        let callback = notification(&world, 5, token, 4);
        assert_eq!(world.receive(&callback).status, 204);
    }
    let outcome = world.outcome();
    let customers: Vec<&Json> =
        outcome["conversions"].as_array().unwrap().iter().map(|sale| &sale["customer_id"]).collect();
    assert_eq!(customers, [&json!("google-play:user-1"), &json!("google-play:user-2")]);
}
