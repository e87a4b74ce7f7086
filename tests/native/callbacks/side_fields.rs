//! Side fields of shops that cannot be read. A test fails if one of them loses an order or an event, or is not noted.

use super::{World, magento, shopify};
use serde_json::{Value as Json, json};

#[test]
fn an_order_of_magento_counts_without_them() {
    for (field, value, noted) in [
        ("customer_id", json!({"id": 7}), "/customer_id"),
        ("customer_email", json!(["ann@example.com"]), "/customer_email"),
        ("coupon_code", json!([]), "/coupon_code"),
        ("coupon_code", json!(true), "/coupon_code"),
        ("created_at", json!("yesterday"), "/created_at"),
        ("created_at", json!({"date": "2026-11-22"}), "/created_at"),
        ("sp_click", json!({"id": "x"}), "/sp_click"),
    ] {
        let mut world = magento::world();
        let order = magento::order(&json!({field: value}));
        assert_eq!(world.receive(&magento::event(magento::ORDER, &order)).status, 200, "{field}");
        assert_eq!(magento::sales(&mut world), [(40_960, "USD".to_owned(), 0)], "{field}: {value}");
        let sale = world.ledger.get("/v1/conversions").json["data"][0].take();
        assert_eq!(sale["metadata"]["skipped"], noted, "{field}: {value}");
        let logged = format!("was taken in part: skipped {noted}");
        assert!(world.logged[0].ends_with(&logged), "{:?}", world.logged);
    }
    // PHP's empty values are not odd.
    for value in [Json::Null, json!(false), json!("")] {
        let mut world = magento::world();
        let order = magento::order(&json!({"coupon_code": value, "customer_id": value}));
        assert_eq!(world.receive(&magento::event(magento::ORDER, &order)).status, 200);
        let sale = world.ledger.get("/v1/conversions").json["data"][0].take();
        assert_eq!(sale["metadata"]["skipped"], Json::Null, "{value}");
    }
}

/// The status and the plan of each account.
fn accounts(world: &World) -> Vec<(String, Option<String>)> {
    let sql =
        signpost::store::Sql::exec(&world.ledger.sql, "SELECT status, plan FROM marketplace_accounts", &[]);
    sql.unwrap().iter().map(|row| (row.text(0).unwrap().to_owned(), row.opt_string(1).unwrap())).collect()
}

#[test]
fn a_subscription_and_a_removal_of_shopify_count_without_them() {
    let update = |fields: Json| {
        let base = json!({
            "admin_graphql_api_id": "gid://shopify/AppSubscription/1", "status": "ACTIVE", "name": "Pro",
            "admin_graphql_api_shop_id": "gid://shopify/Shop/548380009", "updated_at": "2026-11-22T05:00:05-05:00",
        });
        let body = json!({"app_subscription": magento::with(base, &fields)});
        shopify::webhook("subscription", "app_subscriptions/update", shopify::SHOP, &body)
    };
    for (fields, plan, noted) in [
        (json!({"name": ["Pro"]}), None, "/name"),
        (json!({"plan_handle": {"handle": "pro"}}), Some("Pro"), "/plan_handle"),
    ] {
        let mut world = shopify::world();
        assert_eq!(world.receive(&update(fields)).status, 200);
        assert_eq!(accounts(&world), [("activated".to_owned(), plan.map(str::to_owned))]);
        assert!(
            world.logged[0].ends_with(&format!("was taken in part: skipped {noted}")),
            "{:?}",
            world.logged
        );
    }
    let mut world = shopify::world();
    let body =
        json!({"id": 548380009, "myshopify_domain": {"host": shopify::SHOP}, "email": 7, "updated_at": [1]});
    let removed = shopify::webhook("uninstalled", "app/uninstalled", shopify::SHOP, &body);
    assert_eq!(world.receive(&removed).status, 200);
    assert_eq!(accounts(&world), [("uninstalled".to_owned(), None)]);
    // What is needed is needed.
    let mut world = shopify::world();
    for (fields, reason) in [
        (json!({"status": ["ACTIVE"]}), "/status is neither a text nor a number"),
        (json!({"updated_at": null}), "/app_subscription/updated_at is missing"),
    ] {
        assert_eq!(world.kept("a needed field", &update(fields)), 200);
        let kept = world.ledger.get("/v1/callbacks").json["data"][0].take();
        assert_eq!(kept["reason"], reason);
    }
}
