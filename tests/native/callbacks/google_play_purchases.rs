//! Google Play: the events of each notification, with and without the API, and notifications that are refused. A test
//! fails if an unpaid sale is booked, if a refund exceeds the refunded amount, or if another app's notification counts.

use super::fake_vendor::{VendorResult, respond};
use super::{
    World, google,
    google_play::{
        PACKAGE, Vendor, api, bought, data, notification, order, subscription, types, voided, world,
        world_with,
    },
};
use serde_json::{Value as Json, json};
use signpost::{
    marketplace::vendor_api::{VendorError, VendorRequest},
    store::Sql,
};

/// The account's status.
fn status(world: &World) -> Option<String> {
    let rows = world.ledger.sql.exec("SELECT status FROM marketplace_accounts", &[]).unwrap();
    rows.first().map(|row| row.text(0).unwrap().to_owned())
}

fn expired(request: &VendorRequest) -> VendorResult {
    api(request, |_| subscription("EXPIRED", "GPA.1"))
}

fn active(request: &VendorRequest) -> VendorResult {
    api(request, |path| match path {
        "orders/GPA.1" => order("PROCESSED", "9", 990_000_000),
        _ => subscription("ACTIVE", "GPA.1"),
    })
}

#[test]
fn each_notification_is_told_in_our_words() {
    for (kind, vendor, account, conversions) in [
        (1, active as Vendor, Some("reinstated"), &["sale"][..]),
        (2, active, None, &["sale"]),
        (3, active, None, &[]),
        (4, active, Some("activated"), &["sale"]),
        (5, active, Some("suspended"), &[]),
        (6, active, None, &[]),
        (7, active, None, &[]),
        (8, active, None, &[]),
        (9, active, None, &[]),
        (10, active, Some("suspended"), &[]),
        (11, active, None, &[]),
        (12, expired, Some("uninstalled"), &["uninstall"]),
        (13, expired, Some("uninstalled"), &["uninstall"]),
        // The subscription continues, so the API does not confirm the notification.
        (13, active, None, &[]),
        (17, active, Some("plan_changed"), &["sale"]),
        (18, active, None, &[]),
        (19, active, None, &[]),
        (20, active, None, &[]),
        (22, active, None, &[]),
        (99, active, None, &[]),
    ] {
        let mut world = world();
        world.vendor.responds = vendor;
        let callback = notification(&world, 5, "old-token", kind);
        assert_eq!(world.receive(&callback).status, 204, "{kind}");
        assert_eq!(status(&world).as_deref(), account, "{kind}");
        assert_eq!(types(&world.outcome()), conversions, "{kind}");
        assert_eq!(world.refused("again", &callback), 204, "{kind}");
    }
    let mut world = world();
    let test =
        google::push(&world, "rtdn", "1", &data(&world, 1, "testNotification", json!({"version": "1.0"})));
    assert_eq!(world.refused("a test", &test), 204);
}

#[test]
fn what_nobody_paid_for_is_no_sale() {
    let case = |world: &World, case: &str| world.logged.iter().any(|line| line.contains(case));
    for (name, vendor, log) in [
        (
            "a trial",
            (|request| {
                api(request, |path| match path {
                    "orders/GPA.1" => {
                        let mut free = order("PROCESSED", "0", 0);
                        free["total"] = json!({"currencyCode": "EUR"});
                        free
                    }
                    _ => subscription("ACTIVE", "GPA.1"),
                })
            }) as Vendor,
            None,
        ),
        (
            "a pending order",
            |request| {
                api(request, |path| match path {
                    "orders/GPA.1" => order("PENDING", "9", 0),
                    _ => subscription("ACTIVE", "GPA.1"),
                })
            },
            None,
        ),
        (
            "a pending purchase",
            |request| {
                api(request, |path| match path {
                    "orders/GPA.1" => order("PROCESSED", "9", 0),
                    _ => subscription("PENDING", "GPA.1"),
                })
            },
            Some("does not agree"),
        ),
        (
            "a tester's",
            |request| {
                api(request, |path| match path {
                    "orders/GPA.1" => order("PROCESSED", "9", 0),
                    _ => {
                        let mut test = subscription("ACTIVE", "GPA.1");
                        test["testPurchase"] = json!({});
                        test
                    }
                })
            },
            Some("it is a test purchase"),
        ),
    ] {
        let mut world = world();
        world.vendor.responds = vendor;
        let callback = notification(&world, 5, "old-token", 4);
        assert_eq!(world.receive(&callback).status, 204, "{name}");
        assert_eq!(types(&world.outcome()), Vec::<&str>::new(), "{name}");
        assert_eq!(world.logged.is_empty(), log.is_none(), "{name}");
        assert!(log.is_none_or(|log| case(&world, log)), "{name}: {:?}", world.logged);
    }
    for (name, found) in [
        ("pending", json!({"purchaseState": "PENDING"})),
        ("cancelled", json!({"purchaseState": "CANCELLED"})),
    ] {
        let mut world = world();
        world.vendor.responds = if found["purchaseState"] == "PENDING" {
            |request| {
                api(request, |path| match path {
                    "orders/GPA.3" => order("PROCESSED", "9", 0),
                    _ => json!({"orderId": "GPA.3", "purchaseStateContext": {"purchaseState": "PENDING"}}),
                })
            }
        } else {
            |request| {
                api(request, |path| match path {
                    "orders/GPA.3" => order("PROCESSED", "9", 0),
                    _ => json!({"orderId": "GPA.3", "purchaseStateContext": {"purchaseState": "CANCELLED"}}),
                })
            }
        };
        let callback = bought(&world);
        assert_eq!(world.refused(name, &callback), 204);
    }
}

#[test]
fn an_amount_is_rounded_half_up_or_the_notification_comes_again() {
    for (currency, units, nanos, amount) in [
        ("EUR", "9", 990_000_000, Some(999)),
        ("JPY", "1500", 0, Some(1500)),
        ("KWD", "1", 234_000_000, Some(1234)),
        ("JPY", "1500", 500_000_000, Some(1501)),
        ("EUR", "9", 994_999_999, Some(999)),
        ("EUR", "-9", 0, None),
        ("EUR", "9", 1_000_000_000, None),
        ("XXX", "9", 0, None),
        ("EUR", "nine", 0, None),
    ] {
        std::thread_local! {
            static TOTAL: std::cell::RefCell<Json> = const { std::cell::RefCell::new(Json::Null) };
        }
        let total = json!({"currencyCode": currency, "units": units, "nanos": nanos});
        TOTAL.with(|known| *known.borrow_mut() = total.clone());
        let mut world = world();
        world.vendor.responds = |request| {
            api(request, |path| match path {
                "orders/GPA.1" => {
                    let mut order = order("PROCESSED", "0", 0);
                    order["total"] = TOTAL.with(|total| total.borrow().clone());
                    order
                }
                _ => subscription("ACTIVE", "GPA.1"),
            })
        };
        let callback = notification(&world, 5, "old-token", 2);
        let Some(amount) = amount else {
            assert_eq!(world.refused("no amount", &callback), 500, "{total}");
            continue;
        };
        assert_eq!(world.receive(&callback).status, 204, "{total}");
        let sale = &world.ledger.get("/v1/conversions").json["data"][0];
        assert_eq!((&sale["amount"], &sale["currency"]), (&json!(amount), &json!(currency)));
    }
}

/// An order of 9.99 with these partial refunds.
fn given_back(state: &str, parts: &[(&str, &str, u32)]) -> Json {
    let part = |(state, units, nanos): &(&str, &str, u32)| {
        json!({"state": state, "createTime": "2026-11-22T11:56:00Z", "processTime": "2026-11-22T11:57:00Z",
               "refundDetails": {"total": {"currencyCode": "EUR", "units": units, "nanos": nanos}}})
    };
    let mut order = order(state, "9", 990_000_000);
    order["orderHistory"]["partialRefundEvents"] = parts.iter().map(part).collect();
    order
}

#[test]
fn a_part_that_was_given_back_never_becomes_all_of_it() {
    let mut world = world();
    world.vendor.responds = active;
    let callback = notification(&world, 9, "old-token", 4);
    world.receive(&callback);
    let refunded = |world: &mut World| {
        let sale = world.ledger.get("/v1/conversions").json["data"][0].take();
        sale["refunded"].as_i64().unwrap()
    };
    let (part, all) = (voided(&world, "GPA.1", 2), voided(&world, "GPA.1", 1));
    // The order does not show the refund yet, so the notification is delivered again.
    assert_eq!(world.refused("no refund", &part), 500);
    assert_eq!(world.refused("no refund", &all), 500);
    world.vendor.responds =
        |request| api(request, |_| given_back("PARTIALLY_REFUNDED", &[("PENDING", "5", 0)]));
    assert_eq!(world.refused("a pending refund", &part), 500);
    world.vendor.responds = |request| {
        let parts = [("PROCESSED_SUCCESSFULLY", "3", 330_000_000), ("PENDING", "5", 0)];
        api(request, |_| given_back("PARTIALLY_REFUNDED", &parts))
    };
    assert_eq!(world.refused("not all of it", &all), 500);
    assert_eq!(world.receive(&part).status, 204);
    assert_eq!(world.refused("again", &part), 204);
    assert_eq!(refunded(&mut world), 333);
    world.vendor.responds = |request| {
        let parts =
            [("PROCESSED_SUCCESSFULLY", "3", 330_000_000), ("PROCESSED_SUCCESSFULLY", "3", 330_000_000)];
        api(request, |_| given_back("PARTIALLY_REFUNDED", &parts))
    };
    assert_eq!(world.receive(&part).status, 204);
    assert_eq!(refunded(&mut world), 666);
    world.vendor.responds = |request| api(request, |_| given_back("REFUNDED", &[]));
    assert_eq!(world.receive(&all).status, 204);
    assert_eq!(refunded(&mut world), 999);
    assert_eq!(world.refused("again", &all), 204);
    world.vendor.responds = |request| api(request, |_| order("CANCELED", "9", 0));
    assert_eq!(world.refused("never paid", &all), 204);
    world.ledger.audit();
}

#[test]
fn without_the_api_no_amount_is_known_and_the_caller_s_word_stands() {
    for (kind, account, conversions) in [
        (1, Some("reinstated"), &["sale"][..]),
        (2, None, &["sale"]),
        (3, None, &[]),
        (4, Some("activated"), &["sale"]),
        (5, Some("suspended"), &[]),
        (13, Some("uninstalled"), &["uninstall"]),
        (17, Some("plan_changed"), &["sale"]),
    ] {
        let mut world = world_with(&json!({}));
        let callback = notification(&world, 5, "old-token", kind);
        assert_eq!(world.receive(&callback).status, 204, "{kind}");
        assert_eq!(status(&world).as_deref(), account, "{kind}");
        let outcome = world.outcome();
        assert_eq!(types(&outcome), conversions, "{kind}");
        for conversion in outcome["conversions"].as_array().unwrap() {
            let metadata = json!({"marketplace": "google-play", "evidence": "transport_only", "plan": "pro"});
            assert_eq!((&conversion["amount"], &conversion["metadata"]), (&Json::Null, &metadata), "{kind}");
        }
        assert_eq!(world.refused("again", &callback), 204, "{kind}");
        assert!(world.requests.is_empty());
    }
    let mut world = world_with(&json!({}));
    let callback = bought(&world);
    assert_eq!(world.receive(&callback).status, 204);
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["metadata"]["plan"], "coins_100");
    let part = voided(&world, "GPA.1", 2);
    assert_eq!(world.refused("nobody knows how much", &part), 204);
    assert!(world.logged[0].contains("without the API nobody knows how much"), "{:?}", world.logged);
    let all = voided(&world, "GPA.1", 1);
    assert_eq!(world.receive(&all).status, 204);
    assert_eq!(world.ledger.rows("waiting_refunds"), 1, "its charge may come");
}

#[test]
fn an_order_that_is_not_shown_was_paid_nobody_knows_how() {
    let mut world = world();
    world.vendor.responds = |request| {
        api(request, |path| match path {
            "orders/GPA.1" => Json::Null,
            _ => subscription("ACTIVE", "GPA.1"),
        })
    };
    let callback = notification(&world, 5, "old-token", 4);
    assert_eq!(world.receive(&callback).status, 204);
    let sale = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!((&sale["amount"], &sale["metadata"]["evidence"]), (&Json::Null, &json!("transport_only")));
    assert_eq!(sale["external_id"], format!("{}/order:GPA.1", world.listing));
    assert!(world.logged[0].contains("an order is not shown"), "{:?}", world.logged);
}

#[test]
fn what_google_says_no_to_or_does_not_answer_for_changes_nothing() {
    let mut world = world();
    let callback = notification(&world, 5, "old-token", 4);
    for (case, vendor, status) in [
        ("unknown", (|request| api(request, |_| Json::Null)) as Vendor, 401),
        (
            "its own failure",
            |request| match active(request) {
                _ if request.url.contains("tokens") => Err(VendorError::NoResponse),
                answered => answered,
            },
            503,
        ),
        (
            "no answer for the order",
            |request| match active(request) {
                _ if request.url.contains("orders") => Err(VendorError::NoResponse),
                answered => answered,
            },
            503,
        ),
        ("no purchase", |request| api(request, |_| json!([])), 500),
        ("no token", |_| respond(403, ""), 401),
        ("no answer for a token", |_| Err(VendorError::NoResponse), 503),
    ] {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &callback), status, "{case}");
    }
}

#[test]
fn a_push_of_another_app_or_of_anybody_else_s_changes_nothing() {
    let mut world = world();
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    let what = json!({"notificationType": 4, "purchaseToken": "old-token"});
    let good = data(&world, 1, "subscriptionNotification", what);
    let callback = google::push(&world, "rtdn", "1", &good);
    for (case, callback) in google::forgeries(&world, &callback, "rtdn", &good) {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    let with = |world: &World, name: &str, value: Json| {
        let mut data = good.clone();
        data[name] = value;
        google::push(world, "rtdn", "1", &data)
    };
    world.vendor.responds = active;
    for (case, callback, status) in [
        ("another app's", with(&world, "packageName", json!("com.evil.app")), 401),
        ("no app's", with(&world, "packageName", Json::Null), 401),
        ("no time", with(&world, "eventTimeMillis", json!("soon")), 500),
        (
            "a token that leads elsewhere",
            with(&world, "subscriptionNotification", json!({"notificationType": 4, "purchaseToken": "../a"})),
            500,
        ),
        ("no token", with(&world, "subscriptionNotification", json!({"notificationType": 4})), 500),
    ] {
        assert_eq!(world.refused(case, &callback), status, "{case}");
    }
    let path = format!("/v1/listings/{}", world.listing);
    let mut settings = world.ledger.get(&path).json["settings"].take();
    for package in [Json::Null, json!("com/evil")] {
        settings["package_name"] = package;
        assert_eq!(world.ledger.patch(&path, &json!({"settings": settings})).status, 200);
        assert_eq!(world.refused("no package", &callback), 401);
    }
    settings["package_name"] = json!(PACKAGE);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": settings})).status, 200);
    assert_eq!(world.receive(&callback).status, 204);
}

#[test]
fn an_order_that_was_refunded_before_its_notification_arrived_earns_nothing() {
    let mut world = world();
    world.vendor.responds = |request| {
        api(request, |path| match path {
            "orders/GPA.1" => order("REFUNDED", "9", 990_000_000),
            _ => subscription("ACTIVE", "GPA.1"),
        })
    };
    let callback = notification(&world, 5, "old-token", 4);
    assert_eq!(world.receive(&callback).status, 204);
    let sale = world.outcome()["conversions"][0].take();
    assert_eq!((&sale["amount"], &sale["refunded"]), (&json!(999), &json!(999)));
    assert_eq!(world.refused("again", &callback), 204);
    assert_eq!(world.refused("and as a voided purchase", &voided(&world, "GPA.1", 1)), 204);
}
