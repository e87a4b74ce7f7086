//! Apple App Store: notifications produce the exact customers and amounts, in every order of arrival.

use super::{
    TestCallback, World,
    issuer::{es256, forms, x5c},
    orders,
};
use serde_json::{Value as Json, json};
use signpost::{
    marketplace::{apple::Apple, signature::Trust},
    store::Sql,
};
use std::sync::LazyLock;

/// The adapter, with test authorities instead of Apple's.
pub(crate) static APPLE: Apple = Apple { trust, postback_key: super::apple_postbacks::KEY };

/// The header of Apple's tokens, and the root of their certificates. They are generated once, because signing is slow.
static HEADER: LazyLock<(String, Vec<u8>)> = LazyLock::new(|| {
    let certificates = forms().map(|form| form.issue());
    (json!({"alg": "ES256", "x5c": x5c(&certificates)}).to_string(), certificates[2].clone())
});

fn trust() -> Trust {
    Trust { roots: vec![HEADER.1.clone()], ..Trust::default() }
}

const TOKEN: &str = "7E3FB20B-4CDB-47CC-936D-99D65F608138";
pub(crate) const CUSTOMER: &str = "apple:7e3fb20b-4cdb-47cc-936d-99d65f608138";
pub(crate) const FIRST: &str = "2000000100000001";
const PRODUCT: &str = "com.acme.app.pro.monthly";
/// 2026-11-22T12:00:00Z.
const NOW_MS: i64 = 1_795_348_800_000;
const DAY_MS: i64 = 86_400_000;

fn settings() -> Json {
    json!({"bundle_id": "com.acme.app", "app_apple_id": 1_234_567_890})
}

fn world_with(settings: &Json) -> World {
    let mut world = World::new("apple", settings, &json!({}));
    world.adapter = Some(&APPLE);
    world
}

pub(crate) fn world() -> World {
    world_with(&settings())
}

fn signed(claims: &Json) -> String {
    let leaf = p256::ecdsa::SigningKey::from_slice(&[3; 32]).unwrap();
    es256(&HEADER.0, &claims.to_string(), &leaf)
}

fn with(mut value: Json, more: &Json) -> Json {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

/// A purchase of a month for 9.99 USD, with other members.
pub(crate) fn transaction(id: &str, more: &Json) -> Json {
    with(
        json!({"transactionId": id, "originalTransactionId": FIRST, "bundleId": "com.acme.app", "productId": PRODUCT,
            "purchaseDate": NOW_MS - 3_600_000, "quantity": 1, "type": "Auto-Renewable Subscription",
            "appAccountToken": TOKEN, "inAppOwnershipType": "PURCHASED", "signedDate": NOW_MS - 1000,
            "environment": "Production", "transactionReason": "PURCHASE", "storefront": "USA", "price": 9990,
            "currency": "USD", "appTransactionId": "704123456789012345"}),
        more,
    )
}

/// A notification, `minutes` after eleven.
pub(crate) fn notification(kind: &str, minutes: i64, transaction: Option<&Json>) -> TestCallback {
    let (kind, subtype) = kind.split_once(' ').unwrap_or((kind, ""));
    let mut data =
        json!({"appAppleId": 1_234_567_890, "bundleId": "com.acme.app", "environment": "Production"});
    if let Some(transaction) = transaction {
        data["signedTransactionInfo"] = signed(transaction).into();
    }
    let mut message = json!({"notificationType": kind, "notificationUUID": format!("{kind}-{minutes}"), "version": "2.0",
        "signedDate": NOW_MS - 3_600_000 + minutes * 60_000, "data": data});
    if !subtype.is_empty() {
        message["subtype"] = subtype.into();
    }
    callback(&message)
}

fn callback(notification: &Json) -> TestCallback {
    let body = json!({"signedPayload": signed(notification)}).to_string();
    TestCallback { method: "POST", kind: "notifications", rest: String::new(), headers: vec![], body }
}

/// The operator's server reports the token's user, with the click.
pub(crate) fn lead(world: &mut World, click: &str) {
    let lead = json!({"type": "lead", "external_id": "lead-1", "customer_id": CUSTOMER, "click_id": click});
    assert!([200, 201].contains(&world.ledger.post("/v1/conversions", &lead).status));
}

pub(crate) fn click(world: &mut World) -> String {
    world.ledger.wait(-DAY_MS);
    let click = world.ledger.click(world.link_no);
    world.ledger.wait(DAY_MS);
    click
}

/// Type, amount, refunded amount and currency of each conversion, sorted by external id.
fn money(world: &mut World) -> Vec<(String, Json, Json, Json)> {
    let listing = format!("{}/", world.listing);
    let found = world.ledger.get("/v1/conversions").json["data"].take();
    let mut money: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let name = it["external_id"].as_str().unwrap().replace(&listing, "");
            (name, it["amount"].clone(), it["refunded"].clone(), it["currency"].clone())
        })
        .collect();
    money.sort_by_key(|(name, ..)| name.clone());
    money
}

fn accounts(world: &World) -> Vec<(String, String)> {
    let rows = world.ledger.sql.exec("SELECT account, status FROM marketplace_accounts ORDER BY 1", &[]);
    let account =
        |row: &signpost::store::Row| (row.text(0).unwrap().to_owned(), row.text(1).unwrap().to_owned());
    rows.unwrap().iter().map(account).collect()
}

#[test]
fn a_whole_life_ends_the_same_in_whatever_order_it_arrives_and_however_often() {
    let renewal = json!({"productId": "com.acme.app.max.monthly", "price": 19_990});
    let half = json!({"revocationDate": NOW_MS, "revocationType": "REFUND_PRORATED", "revocationPercentage": 50_000});
    let renewed = transaction("2000000100000002", &renewal);
    let steps = [
        notification("SUBSCRIBED INITIAL_BUY", 0, Some(&transaction(FIRST, &json!({})))),
        notification("DID_RENEW", 10, Some(&renewed)),
        notification("REFUND", 20, Some(&with(renewed.clone(), &half))),
        notification("EXPIRED VOLUNTARY", 30, Some(&renewed)),
    ];
    let last =
        notification("ONE_TIME_CHARGE", 40, Some(&transaction("2000000100000009", &json!({"price": 990}))));
    let mut expected = None;
    for order in orders(5).into_iter().step_by(7) {
        let mut world = world();
        let click = click(&mut world);
        for step in order.iter().chain(&order) {
            match steps.get(*step) {
                Some(callback) => assert_eq!(world.receive(callback).status, 200, "{order:?}"),
                None => lead(&mut world, &click),
            }
        }
        // A click that becomes known last earns with the next purchase.
        assert_eq!(world.receive(&last).status, 200);
        let usd = json!("USD");
        assert_eq!(
            money(&mut world),
            [
                ("ended:2000000100000002".to_owned(), Json::Null, json!(0), Json::Null),
                ("lead-1".to_owned(), Json::Null, json!(0), Json::Null),
                (format!("transaction:{FIRST}"), json!(999), json!(0), usd.clone()),
                // Half of 19.99, rounded half up.
                ("transaction:2000000100000002".to_owned(), json!(1_999), json!(1_000), usd.clone()),
                ("transaction:2000000100000009".to_owned(), json!(99), json!(0), usd),
            ],
            "{order:?}"
        );
        let outcome = world.outcome();
        for conversion in outcome["conversions"].as_array().unwrap() {
            assert_eq!(conversion["customer_id"], CUSTOMER);
            assert_eq!(conversion["attribution"]["credits"][0]["click_id"], click, "{order:?} {conversion}");
        }
        // A fifth of 9.99, of the remaining 9.99 of 19.99, and of 0.99.
        let balance = json!([{"partner_id": world.partner, "currency": "USD", "pending": 200 + 200 + 20,
            "payable": 0, "paid": 0, "reversed": 200}]);
        assert_eq!(outcome["balances"], balance, "{order:?}");
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn each_notification_means_what_it_says() {
    let family = json!({"inAppOwnershipType": "FAMILY_SHARED"});
    let free = json!({"price": 0, "offerDiscountType": "FREE_TRIAL"});
    let none = json!({});
    for (kind, more, status, charged) in [
        ("SUBSCRIBED INITIAL_BUY", &none, "activated", true),
        ("SUBSCRIBED INITIAL_BUY", &free, "activated", false),
        ("SUBSCRIBED INITIAL_BUY", &family, "activated", false),
        ("SUBSCRIBED RESUBSCRIBE", &none, "reinstated", true),
        ("OFFER_REDEEMED", &none, "activated", true),
        ("OFFER_REDEEMED UPGRADE", &none, "plan_changed", true),
        ("OFFER_REDEEMED DOWNGRADE", &none, "", false),
        ("DID_RENEW", &none, "activated", true),
        ("DID_RENEW", &family, "activated", false),
        ("DID_RENEW BILLING_RECOVERY", &none, "reinstated", true),
        ("DID_CHANGE_RENEWAL_PREF UPGRADE", &none, "plan_changed", true),
        ("DID_CHANGE_RENEWAL_PREF DOWNGRADE", &none, "", false),
        ("DID_CHANGE_RENEWAL_PREF", &none, "", false),
        ("DID_CHANGE_RENEWAL_STATUS AUTO_RENEW_DISABLED", &none, "", false),
        ("DID_FAIL_TO_RENEW", &none, "suspended", false),
        ("DID_FAIL_TO_RENEW GRACE_PERIOD", &none, "", false),
        ("GRACE_PERIOD_EXPIRED", &none, "suspended", false),
        ("EXPIRED BILLING_RETRY", &none, "uninstalled", false),
        ("REVOKE", &family, "uninstalled", false),
        ("EXPIRED", &none, "uninstalled", false),
        ("ONE_TIME_CHARGE", &none, "", true),
        ("REFUND_REVERSED", &none, "", true),
        ("REFUND_DECLINED", &none, "", false),
        ("CONSUMPTION_REQUEST", &none, "", false),
        ("PRICE_INCREASE PENDING", &none, "", false),
        ("RENEWAL_EXTENDED", &none, "", false),
        ("METADATA_UPDATE", &none, "", false),
    ] {
        let mut world = world();
        // Not the first purchase, so that it joins no names.
        let callback = notification(kind, 0, Some(&transaction("2000000100000002", more)));
        assert_eq!(world.receive(&callback).status, 200, "{kind}");
        let expected: Vec<_> = Some((CUSTOMER.replace("apple:", ""), status.to_owned()))
            .filter(|_| !status.is_empty())
            .into_iter()
            .collect();
        assert_eq!(accounts(&world), expected, "{kind}");
        let sales = money(&mut world).into_iter().filter(|(name, ..)| !name.starts_with("ended")).count();
        assert_eq!(sales, usize::from(charged), "{kind} {more}");
        assert_eq!(world.refused("again", &callback), 200, "{kind}");
        assert_eq!(world.logged, [""; 0]);
    }
    let mut world = world();
    assert_eq!(world.refused("a test", &notification("TEST", 0, None)), 200);
}

#[test]
fn amounts_are_read_in_every_currency_or_not_booked() {
    for (price, currency, amount) in [
        (9_990, "USD", Some(999)),
        (990_000, "JPY", Some(990)),
        (1_234, "KWD", Some(1_234)),
        (10, "EUR", Some(1)),
        (5, "EUR", Some(1)),
        (990_500, "JPY", Some(991)),
        (-9_990, "EUR", None),
        (9_990, "ZZZ", None),
        (i64::MAX, "CLF", None),
    ] {
        let mut world = world();
        let bought = transaction(FIRST, &json!({"price": price, "currency": currency}));
        let callback = notification("ONE_TIME_CHARGE", 0, Some(&bought));
        let Some(amount) = amount else {
            assert_eq!(world.refused("no amount", &callback), 500, "{price} {currency}");
            continue;
        };
        assert_eq!(world.receive(&callback).status, 200);
        let (_, message, _, code) = money(&mut world).remove(0);
        assert_eq!((message, code), (json!(amount), json!(currency)));
    }
    let mut world = world();
    for missing in ["price", "currency", "transactionId", "originalTransactionId"] {
        let mut bought = transaction(FIRST, &json!({}));
        bought.as_object_mut().unwrap().remove(missing);
        assert_eq!(world.refused(missing, &notification("DID_RENEW", 0, Some(&bought))), 500);
    }
    assert!(world.logged[0].ends_with("/transaction/price is not an amount"), "{:?}", world.logged);
    // A notification without money needs no price.
    let ended = transaction(FIRST, &json!({"price": null}));
    assert_eq!(world.receive(&notification("EXPIRED", 0, Some(&ended))).status, 200);
}

#[test]
fn refunds_are_what_apple_has_given_back_so_far_and_may_be_reversed() {
    let bought =
        |more: &Json| transaction(FIRST, &with(json!({"price": 30_000, "revocationDate": NOW_MS}), more));
    let part = |percentage: i64| {
        bought(&json!({"revocationType": "REFUND_PRORATED", "revocationPercentage": percentage}))
    };
    let refund = |minute: i64, transaction: &Json| notification("REFUND", minute, Some(transaction));
    let refunded = |callback: &[&TestCallback]| {
        let mut world = world();
        let purchase = transaction(FIRST, &json!({"price": 30_000}));
        assert_eq!(world.receive(&notification("ONE_TIME_CHARGE", 0, Some(&purchase))).status, 200);
        callback.iter().for_each(|callback| assert_eq!(world.receive(callback).status, 200));
        world.ledger.audit();
        let (.., refunded, _) = money(&mut world).pop().unwrap();
        refunded
    };
    // One of three, then another.
    let (one, two) = (refund(1, &part(33_333)), refund(2, &part(66_667)));
    assert_eq!(refunded(&[&one]), 1_000);
    assert_eq!(refunded(&[&one, &two]), 2_000);
    assert_eq!(refunded(&[&two, &one, &two]), 2_000, "in whatever order");
    let full = refund(3, &bought(&json!({"revocationType": "REFUND_FULL", "revocationPercentage": 100_000})));
    assert_eq!(refunded(&[&one, &full]), 3_000);
    assert_eq!(refunded(&[&refund(4, &bought(&json!({})))]), 3_000, "before Apple told percentages");
    assert_eq!(refunded(&[&refund(5, &part(0))]), 0);
    let family = bought(&json!({"inAppOwnershipType": "FAMILY_SHARED"}));
    assert_eq!(refunded(&[&refund(6, &family)]), 0);
    let mut world = world();
    for (case, callback) in [
        ("no percentage", refund(1, &bought(&json!({"revocationType": "REFUND_PRORATED"})))),
        ("too much", refund(1, &part(100_001))),
        ("less than nothing", refund(1, &part(-1))),
        ("no number", refund(1, &bought(&json!({"revocationPercentage": "50"})))),
        ("by item", refund(1, &bought(&json!({"advancedCommerceInfo": {"items": []}})))),
    ] {
        assert_eq!(world.refused(case, &callback), 500, "{case}");
    }
    let reversed = notification("REFUND_REVERSED", 9, Some(&transaction(FIRST, &json!({"price": 30_000}))));
    let purchase = notification("ONE_TIME_CHARGE", 0, Some(&transaction(FIRST, &json!({"price": 30_000}))));
    for order in orders(3) {
        let mut world = self::world();
        for step in order.iter().chain(&order) {
            assert_eq!(world.receive([&purchase, &full, &reversed][*step]).status, 200);
        }
        let usd = json!("USD");
        let expected = [
            ("reversal:REFUND_REVERSED-9".to_owned(), json!(3_000), json!(0), usd.clone()),
            (format!("transaction:{FIRST}"), json!(3_000), json!(3_000), usd),
        ];
        assert_eq!(money(&mut world), expected, "{order:?}");
    }
}

#[test]
fn what_is_not_apples_or_of_another_app_is_refused() {
    let bought = transaction(FIRST, &json!({}));
    let good = notification("DID_RENEW", 0, Some(&bought));
    let mut world = world();
    let other = p256::ecdsa::SigningKey::from_slice(&[4; 32]).unwrap();
    let forged = es256(&HEADER.0, &bought.to_string(), &other);
    let data = json!({"appAppleId": 1_234_567_890, "bundleId": "com.acme.app", "environment": "Production"});
    let with_data = |data: Json| {
        callback(
            &json!({"notificationType": "DID_RENEW", "notificationUUID": "u", "signedDate": NOW_MS, "data": data}),
        )
    };
    let within = |transaction: &Json| {
        with_data(with(data.clone(), &json!({"signedTransactionInfo": signed(transaction)})))
    };
    for (case, callback) in [
        ("nothing", TestCallback { body: String::new(), ..good.clone() }),
        ("unsigned", TestCallback { body: json!({"signedPayload": "a.b.c"}).to_string(), ..good.clone() }),
        ("a forged transaction", with_data(with(data.clone(), &json!({"signedTransactionInfo": forged})))),
        ("another app's transaction", within(&transaction(FIRST, &json!({"bundleId": "com.evil"})))),
        ("a tester's transaction", within(&transaction(FIRST, &json!({"environment": "Sandbox"})))),
        ("another app", with_data(with(data.clone(), &json!({"bundleId": "com.evil"})))),
        ("another app's id", with_data(with(data.clone(), &json!({"appAppleId": 1})))),
        ("a tester's", with_data(with(data.clone(), &json!({"environment": "Sandbox"})))),
        ("Xcode's", with_data(with(data.clone(), &json!({"environment": "Xcode"})))),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    for settings in [
        json!({"app_apple_id": 1_234_567_890}),
        json!({"bundle_id": "com.acme.app"}),
        json!({"bundle_id": "com.acme.app", "app_apple_id": 1_234_567_890, "environment": "Xcode"}),
        json!({"bundle_id": "com.acme.app", "app_apple_id": 1_234_567_890, "environment": "Sandbox"}),
    ] {
        let mut world = world_with(&settings);
        assert_eq!(world.refused("not set up for it", &good), 401, "{settings}");
    }
    // Apple's own root does not accept it.
    let mut genuine = self::world();
    genuine.adapter = None;
    assert_eq!(genuine.refused("another authority's", &good), 401);
    let mut several =
        world_with(&json!({"bundle_id": ["com.acme.old", "com.acme.app"], "app_apple_id": "1234567890"}));
    assert_eq!(several.receive(&good).status, 200);
    let mut sandbox = world_with(&json!({"bundle_id": "com.acme.app", "environment": "Sandbox"}));
    let data = with(
        data,
        &json!({"environment": "Sandbox", "signedTransactionInfo":
        signed(&transaction(FIRST, &json!({"environment": "Sandbox"})))}),
    );
    assert_eq!(sandbox.receive(&with_data(data)).status, 200);
    assert_eq!(sandbox.ledger.rows("conversions"), 1);
}

#[test]
fn a_revoked_purchase_is_refunded_once_whenever_that_arrives_and_a_family_member_s_moves_nothing() {
    let revoked = json!({"revocationDate": NOW_MS, "revocationReason": 0});
    let purchase = notification("SUBSCRIBED INITIAL_BUY", 0, Some(&transaction(FIRST, &json!({}))));
    let revoke = notification("REVOKE", 20, Some(&transaction(FIRST, &revoked)));
    let refund = notification("REFUND", 21, Some(&transaction(FIRST, &revoked)));
    let steps = [&purchase, &revoke, &refund];
    for order in orders(3) {
        let mut world = world();
        order.iter().for_each(|step| assert_eq!(world.receive(steps[*step]).status, 200));
        let sale = money(&mut world).pop().unwrap();
        assert_eq!((sale.1, sale.2), (json!(999), json!(999)), "{order:?}");
        world.ledger.audit();
    }
    let family = with(revoked, &json!({"inAppOwnershipType": "FAMILY_SHARED"}));
    let mut world = world();
    assert_eq!(world.receive(&purchase).status, 200);
    let member = transaction("2000000100000077", &family);
    assert_eq!(world.receive(&notification("REVOKE", 20, Some(&member))).status, 200);
    let sale = money(&mut world).pop().unwrap();
    assert_eq!((sale.1, sale.2), (json!(999), json!(0)));
}

#[test]
fn a_price_finer_than_the_minor_unit_is_rounded_half_up_and_flagged() {
    for (price, currency, minor, flag) in [
        (9_995, "USD", 1_000, json!("rounded")),
        (9_994, "USD", 999, json!("rounded")),
        (1_077_500, "JPY", 1_078, json!("rounded")),
        (1_077_000, "JPY", 1_077, Json::Null),
        (9_995, "KWD", 9_995, Json::Null),
    ] {
        let mut world = world();
        let fields = json!({"price": price, "currency": currency});
        let callback = notification("ONE_TIME_CHARGE", 0, Some(&transaction(FIRST, &fields)));
        assert_eq!(world.receive(&callback).status, 200);
        let sale = world.ledger.get("/v1/conversions").json["data"][0].take();
        assert_eq!(
            (&sale["amount"], &sale["metadata"]["amount"]),
            (&json!(minor), &flag),
            "{price} {currency}"
        );
    }
}
