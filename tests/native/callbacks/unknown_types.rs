//! Verified messages of a type that nobody knows. A test fails if one is dropped, if its vendor gets an error for it, if it
//! cannot be tried again, or if a type that is known to be of no interest is kept.

use super::{
    TestCallback, World, aws, aws_events, bigcommerce, digitalocean, google, google_cloud,
    google_cloud_unconfirmed, google_play, hubspot, hubspot_webhook, magento, microsoft, salesforce, shopify,
};
use serde_json::{Value as Json, json};

/// The callback is acknowledged with this status, and kept for this reason. Trying it again says the same.
fn is_kept(world: &mut World, case: &str, callback: &TestCallback, status: u16, reason: &str) {
    let before = world.ledger.rows("kept_callbacks");
    assert_eq!(world.receive(callback).status, status, "{case}");
    assert_eq!(world.ledger.rows("kept_callbacks"), before + 1, "{case}");
    let kept = world.ledger.get("/v1/callbacks?status=unprocessed").json["data"][0].take();
    assert_eq!((&kept["reason"], &kept["tries"]), (&json!(reason), &json!(0)), "{case}");
    let target = format!("/v1/callbacks/{}/retry", kept["id"].as_str().unwrap());
    let tried = world.ledger.post(&target, &Json::Null);
    assert_eq!(
        (tried.status, &tried.json["status"]),
        (200, &json!("unprocessed")),
        "{case}: {}",
        tried.raw.body
    );
    assert_eq!((&tried.json["reason"], &tried.json["tries"]), (&json!(reason), &json!(1)), "{case}");
}

/// The callback is acknowledged with this status, and changes no row.
fn is_ignored(world: &mut World, case: &str, callback: &TestCallback, status: u16) {
    assert_eq!(world.refused(case, callback), status, "{case}");
    let kept = world.ledger.get("/v1/callbacks").json["data"].take();
    assert_eq!(kept, json!([]), "{case}");
}

#[test]
fn events_of_google_cloud() {
    let of = |world: &World, kind: &str| google_cloud::event(world, "e-1", kind, 3);
    let mut world = google_cloud::world_with(&json!({}));
    for kind in
        ["ENTITLEMENT_PENDING_CANCELLATION", "ENTITLEMENT_PLAN_CHANGE_REQUESTED", "ENTITLEMENT_CANCELLING"]
    {
        let callback = of(&world, kind);
        is_ignored(&mut world, kind, &callback, 204);
    }
    for kind in ["ACCOUNT_ACTIVE", "ACCOUNT_CREATION_REQUESTED"] {
        let callback = google_cloud_unconfirmed::account(&world, kind);
        is_ignored(&mut world, kind, &callback, 204);
    }
    let callback = of(&world, "ENTITLEMENT_GIFTED");
    is_kept(&mut world, "an entitlement", &callback, 204, "its eventType is unknown");
    let callback = google_cloud_unconfirmed::account(&world, "ACCOUNT_MERGED");
    is_kept(&mut world, "an account", &callback, 204, "its eventType is unknown");
    // The API is asked all the same, so that a later version can read the event.
    let mut world = google_cloud::world();
    let callback = of(&world, "ENTITLEMENT_GIFTED");
    is_kept(&mut world, "with the API", &callback, 204, "its eventType is unknown");
    // A known event that lacks what it is about is not dropped either.
    let mut world = google_cloud::world_with(&json!({}));
    for (case, lacking, reason) in [
        (
            "a renewal of nothing",
            json!({"eventId": "e-2", "eventType": "ENTITLEMENT_RENEWED"}),
            "entitlement is missing",
        ),
        (
            "the end of no account",
            json!({"eventId": "e-3", "eventType": "ACCOUNT_DELETED"}),
            "account is missing",
        ),
    ] {
        let callback = google::push(&world, "events", case, &lacking);
        is_kept(&mut world, case, &callback, 500, reason);
    }
}

#[test]
fn notifications_of_google_play() {
    let mut world = google_play::world_with(&json!({}));
    for kind in [3, 6, 7, 8, 9, 11, 18, 19, 20, 22] {
        let callback = google_play::notification(&world, 2, "token-1", kind);
        is_ignored(&mut world, &format!("type {kind}"), &callback, 204);
    }
    let push = |world: &World, id: &str, about: &str, what: Json| {
        google::push(world, "rtdn", id, &google_play::data(world, 2, about, what))
    };
    let callback = push(&world, "t", "testNotification", json!({"version": "1.0"}));
    is_ignored(&mut world, "a test", &callback, 204);
    let pending = json!({"notificationType": 2, "purchaseToken": "coins-token", "sku": "coins_100"});
    let callback = push(&world, "o", "oneTimeProductNotification", pending);
    is_ignored(&mut world, "a pending purchase that was cancelled", &callback, 204);
    let reason = "its notificationType or refundType is unknown";
    let callback = google_play::notification(&world, 2, "token-1", 99);
    is_kept(&mut world, "a subscription", &callback, 204, reason);
    let callback =
        push(&world, "p", "oneTimeProductNotification", json!({"notificationType": 3, "purchaseToken": "c"}));
    is_kept(&mut world, "a product", &callback, 204, reason);
    let callback = google_play::voided(&world, "GPA.1", 3);
    is_kept(&mut world, "a refund", &callback, 204, reason);
    let callback = push(&world, "q", "giftNotification", json!({"purchaseToken": "c"}));
    is_kept(&mut world, "something new", &callback, 204, reason);
    let callback = google_play::voided(&world, "GPA.2", 2);
    let why = "a part was refunded, and without the API nobody knows how much";
    is_kept(&mut world, "a part of a refund", &callback, 204, why);
}

#[test]
fn messages_of_aws() {
    let at = "2026-11-22T11:59:50Z";
    let mut world = aws_events::world();
    let unknown = "its detail-type is unknown";
    for (id, message, reason) in [
        ("m-1", aws::event("Purchase Agreement Gifted - Proposer", at, &json!({})), unknown),
        ("m-2", aws::event("Purchase Agreement Created - Heir", at, &json!({})), unknown),
        ("m-3", json!({"hello": "world"}), unknown),
        ("m-4", json!({"source": "aws.marketplace-new", "detail-type": "x"}), unknown),
        ("m-5", json!({"action": "subscribe-gift", "product-code": aws::PRODUCT}), "its action is unknown"),
        (
            "m-6",
            json!({"action": "subscribe-success", "product-code": aws::PRODUCT}),
            "/customer-identifier is missing",
        ),
    ] {
        is_kept(&mut world, &message.to_string(), &aws::notification(id, &message), 200, reason);
    }
    let gifted = aws::event("Purchase Agreement Gifted - Proposer", at, &json!({}));
    is_kept(&mut world, "unsigned", &aws_events::from_destination(&gifted), 200, unknown);
    let mut world = aws_events::world();
    for (id, message) in [
        ("i-1", aws::event("Purchase Agreement Created - Acceptor", at, &json!({}))),
        ("i-2", aws::event("Agreement Cancellation Request Created - Proposer", at, &json!({}))),
        ("i-3", json!({"source": "aws.ec2", "detail-type": "x", "account": aws::SELLER})),
        (
            "i-4",
            json!({"source": "aws.marketplacecatalog", "detail-type": "Offer Released", "account": aws::SELLER}),
        ),
        (
            "i-5",
            json!({"action": "subscribe-fail", "customer-identifier": "c", "product-code": aws::PRODUCT}),
        ),
        (
            "i-6",
            json!({"action": "unsubscribe-pending", "customer-identifier": "c", "product-code": aws::PRODUCT}),
        ),
        ("i-7", json!({"action": "subscribe-success", "product-code": "another"})),
    ] {
        is_ignored(&mut world, &message.to_string(), &aws::notification(id, &message), 200);
    }
}

#[test]
fn webhooks_of_microsoft() {
    let mut world = microsoft::with_secret();
    let body = |action: &str, status: &str| {
        let mut body = microsoft::body(0, 5);
        body["action"] = action.into();
        body["status"] = status.into();
        body
    };
    for (action, status) in [
        ("Transfer", "Succeeded"),
        ("Suspend", "InProgress"),
        ("Renew", "Failed"),
        ("ChangePlan", "NotStarted"),
    ] {
        let callback = microsoft::webhook(&world, &body(action, status));
        is_ignored(&mut world, action, &callback, 200);
    }
    for (action, status, reason) in [
        ("Inherit", "Succeeded", "its action is unknown"),
        ("Renew", "Postponed", "its status is unknown"),
        ("ChangePlan", "", "its status is unknown"),
    ] {
        let callback = microsoft::webhook(&world, &body(action, status));
        is_kept(&mut world, action, &callback, 200, reason);
    }
}

#[test]
fn webhooks_of_shops_and_apps() {
    let mut world = shopify::world();
    for status in ["PENDING", "ACCEPTED", "CANCELLED", "DECLINED", "EXPIRED"] {
        is_ignored(&mut world, status, &shopify::subscription(status, "2026-11-22T05:00:05-05:00"), 200);
    }
    let paused = shopify::subscription("PAUSED", "2026-11-22T05:00:05-05:00");
    is_kept(&mut world, "a subscription", &paused, 200, "its status is unknown");
    let mut world = bigcommerce::world();
    for scope in ["store/order/created", "store/customer/updated", "store/product/inventory/updated"] {
        let callback = bigcommerce::cancelled(&world, &json!({"scope": scope}));
        is_ignored(&mut world, scope, &callback, 200);
    }
    for scope in ["store/app/subscribed", "app/billing/charged"] {
        let callback = bigcommerce::cancelled(&world, &json!({"scope": scope}));
        is_kept(&mut world, scope, &callback, 200, "its scope is unknown");
    }
    let mut world = magento::world();
    for name in [
        "observer.catalog_product_save_after",
        "observer.sales_order_shipment_save_after",
        "plugin.magento.customer.api.save",
    ] {
        is_ignored(&mut world, name, &magento::event(&format!("com.adobe.commerce.{name}"), &json!({})), 200);
    }
    for name in ["observer.sales_order_save_after", "plugin.magento.sales.api.order_repository.save"] {
        let callback = magento::event(&format!("com.adobe.commerce.{name}"), &json!({"entity_id": 1}));
        is_kept(&mut world, name, &callback, 200, "its type is unknown");
    }
    let mut world = hubspot::world();
    let element =
        |kind: &str| json!([magento::with(hubspot_webhook::element(0), &json!({"subscriptionType": kind}))]);
    for kind in ["deal.propertyChange", "contact.creation", "object.deletion"] {
        let callback = hubspot_webhook::signed(&world, &element(kind));
        is_ignored(&mut world, kind, &callback, 200);
    }
    let callback = hubspot_webhook::signed(&world, &element("app.uninstalled"));
    is_kept(&mut world, "an app", &callback, 200, "its subscriptionType is unknown");
    let mut world = digitalocean::world();
    let gifted = json!({"type": "resources.gifted", "created_at": 1_795_348_800, "payload": {"resources_uuids": ["u"]}});
    let callback = digitalocean::server("POST", "notifications", "", gifted);
    is_kept(&mut world, "a notification", &callback, 204, "its type is unknown");
    let mut world = salesforce::world();
    let of = |world: &World, object: &str| {
        let licence = salesforce::licence(world, "n-1", "Active", 5);
        salesforce::message(salesforce::OURS, &licence.replace("sfLma__License__c", object))
    };
    let callback = of(&world, "Lead");
    is_ignored(&mut world, "a lead", &callback, 200);
    let callback = of(&world, "sfLma__Subscription__c");
    is_kept(&mut world, "an object", &callback, 200, "its sObject is unknown");
}
