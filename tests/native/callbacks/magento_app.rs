//! Adobe Commerce's own webhooks, for which a shopper waits, and installs that an app reports. A test fails if a
//! checkout fails because of Signpost, or if an unsigned payment or install counts.

use super::{
    TestCallback, World,
    magento::{order, sales, with},
    vendor::{self, KEY, OTHER_KEY, OTHER_PUBLIC, PUBLIC},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use signpost::store::Sql;

pub(crate) const SECRET: &str = "app-secret-0123456789abcdef0123456789";

fn hook(pem: &str, body: &str) -> TestCallback {
    let text = STANDARD.encode(body);
    let signature = STANDARD.encode(vendor::sign(pem, text.as_bytes()));
    let headers = vec![("x-adobe-commerce-webhook-signature".to_owned(), signature)];
    TestCallback { method: "POST", kind: "commerce", rest: String::new(), headers, body: body.to_owned() }
}

pub(crate) fn app(world: &World, message: &Json) -> TestCallback {
    let (id, seconds, body) = ("msg_2b8f6c1e", world.ledger.now.ms() / 1000, message.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let headers = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signature),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    TestCallback { method: "POST", kind: "app", rest: String::new(), headers, body }
}

fn status(world: &World) -> String {
    let rows = world.ledger.sql.exec("SELECT account, status FROM marketplace_accounts", &[]).unwrap();
    rows.iter().map(|row| format!("{} {}", row.text(0).unwrap(), row.text(1).unwrap())).collect()
}

#[test]
fn no_checkout_fails_whatever_comes_of_its_webhook() {
    // A key as an operator may paste it, and a text that is not a key.
    let settings = json!({"public_key": ["no key", OTHER_PUBLIC, PUBLIC]});
    let mut world = World::new("magento", &settings, &json!({}));
    let paid = json!({"order": order(&json!({}))}).to_string();
    let unsigned = TestCallback { headers: vec![], ..hook(KEY, &paid) };
    let altered = TestCallback { body: paid.replace("409.6", "909.6"), ..hook(KEY, &paid) };
    let unstored =
        json!({"order": {"increment_id": "41", "grand_total": 120.5, "order_currency_code": "EUR"}});
    let no_id = json!({"order": order(&json!({"entity_id": null}))});
    for (case, callback, lines) in [
        ("unsigned", unsigned, 1),
        ("altered", altered, 1),
        ("not stored, not paid", hook(KEY, &unstored.to_string()), 0),
        ("no number", hook(KEY, &no_id.to_string()), 1),
        ("no object", hook(KEY, "[1]"), 1),
        ("no JSON", hook(KEY, "order=1"), 1),
    ] {
        assert_eq!(world.refused(case, &callback), 200, "{case}");
        let answer = world.receive(&callback);
        assert_eq!(answer.body, r#"[{"op":"success"}]"#, "{case}");
        assert_eq!(answer.headers, [("content-type", "application/json".to_owned())]);
        assert_eq!(world.logged.drain(..).count(), 2 * lines, "{case}");
    }
    // Signed with either key, with and without a wrapper around the data.
    let wrapped =
        json!({"eventName": "observer.x", "data": {"order": order(&json!({"entity_id": 674}))}}).to_string();
    for (callback, count) in [(hook(KEY, &paid), 1), (hook(OTHER_KEY, &paid), 1), (hook(KEY, &wrapped), 2)] {
        assert_eq!(world.receive(&callback).body, r#"[{"op":"success"}]"#);
        assert_eq!(sales(&mut world), vec![(40_960, "USD".to_owned(), 0); count]);
    }
    let mut nobody = World::new("magento", &json!({"public_key": "no key"}), &json!({}));
    assert_eq!(nobody.refused("without a key", &hook(KEY, &paid)), 200);
}

#[test]
fn an_app_tells_of_installs_with_the_click_that_led_there() {
    let notification = |world: &World, event: &str, fields: &Json| {
        app(world, &with(json!({"event": event, "instance": "tenant-1", "plan": "pro"}), fields))
    };
    for order in [[0, 1], [1, 0]] {
        let mut world = World::new(
            "magento",
            &json!({}),
            &json!({"app_secret": ["new-secret-0123456789abcdef", SECRET]}),
        );
        world.ledger.wait(-3_600_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(3_600_000);
        let life = [
            notification(
                &world,
                "installed",
                &json!({"click_id": click, "occurred_at": "2026-11-22T11:30:00Z", "coupon": "ADA"}),
            ),
            notification(&world, "uninstalled", &json!({})),
        ];
        for step in order.iter().chain(&order) {
            let answer = world.receive(&life[*step]);
            assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        }
        let outcome = world.outcome();
        let conversions = outcome["conversions"].as_array().unwrap();
        let found: Vec<_> = conversions
            .iter()
            .map(|message| {
                assert_eq!(message["customer_id"], "magento:instance:tenant-1");
                assert_eq!(message["attribution"]["credits"][0]["click_id"], click, "{order:?}");
                assert_eq!(message["metadata"]["evidence"], "signed");
                (message["type"].as_str().unwrap(), message["coupon"].as_str())
            })
            .collect();
        assert_eq!(found, [("install", Some("ADA")), ("uninstall", None)]);
        assert_eq!(conversions[0]["occurred_at"], "2026-11-22T11:30:00.000Z", "when the app says");
        assert_eq!(conversions[1]["occurred_at"], "2026-11-22T12:00:00.000Z", "when it signed");
        assert_eq!(status(&world), "instance:tenant-1 uninstalled", "{order:?}");
    }
    let mut world = World::new("magento", &json!({}), &json!({"app_secret": SECRET}));
    let good = notification(&world, "installed", &json!({}));
    let forged = TestCallback { body: good.body.replace("tenant-1", "tenant-2"), ..good.clone() };
    assert_eq!(world.refused("forged", &forged), 401);
    for (case, callback) in [
        ("neither", notification(&world, "moved", &json!({}))),
        ("no instance", notification(&world, "installed", &json!({"instance": ""}))),
        ("no object", app(&world, &json!([]))),
    ] {
        assert_eq!(world.refused(case, &callback), 500, "{case}");
    }
    world.ledger.wait(301_000);
    assert_eq!(world.refused("too old", &good), 401);
    let mut nobody = World::new("magento", &json!({}), &json!({}));
    assert_eq!(nobody.refused("without a secret", &notification(&nobody, "installed", &json!({}))), 401);
}
