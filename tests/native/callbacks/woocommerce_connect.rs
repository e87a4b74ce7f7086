//! Stores that are connected to the operator's app. A test fails if an install counts that no store confirmed, if keys
//! are sent to anybody but the store and the app, if Signpost calls a store that the app did not name or that is not on
//! the public internet, or if a `user_id` is accepted twice or after its hour.

use super::fake_vendor::{VendorResult, respond};
use super::{TestCallback, World};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use signpost::{
    marketplace::{
        adapter::CallbackResponse,
        vendor_api::{VendorError, VendorRequest},
    },
    store::Sql,
};

const SECRET: &str = "wc-connect-secret-0123456789abcdef";
const OLD_SECRET: &str = "wc-old-secret-0123456789abcdef0123";
const KEY: &str = "ck_0123456789abcdef0123456789abcdef01234567";
const KEY_SECRET: &str = "cs_76543210fedcba9876543210fedcba9876543210";
const STORE: &str = "https://shop.example/store";

fn confirms(_: &VendorRequest) -> VendorResult {
    respond(200, r#"{"settings":{"api_enabled":false,"currency":"USD"}}"#)
}

fn world() -> World {
    let settings = json!({"app_name": "Acme Sync", "scope": "read_write"});
    let mut world = World::new("woocommerce", &settings, &json!({"connect_secret": [SECRET, OLD_SECRET]}));
    world.vendor.responds = confirms;
    world
}

fn callback(kind: &'static str, body: String) -> TestCallback {
    TestCallback { method: "POST", kind, rest: String::new(), headers: vec![], body }
}

fn connect_under(secret: &str, body: &Json) -> TestCallback {
    let headers = vec![("Authorization".to_owned(), format!("Bearer {secret}"))];
    TestCallback { headers, ..callback("connect", body.to_string()) }
}

fn wanted(click: &str) -> Json {
    json!({"shop": "https://Shop.example/store/", "return_url": "https://app.example/done?a=1&b=2", "click_id": click})
}

fn auth(user_id: &str) -> TestCallback {
    let keys = json!({"key_id": 1, "user_id": user_id, "consumer_key": KEY, "consumer_secret": KEY_SECRET,
                      "key_permissions": "read_write"});
    callback("auth", keys.to_string())
}

fn token(world: &mut World, code: &str, secret: &str) -> CallbackResponse {
    world.receive(&callback("token", json!({"code": code, "client_secret": secret}).to_string()))
}

fn authorize_url(answer: &CallbackResponse) -> url::Url {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body: Json = serde_json::from_str(&answer.body).unwrap();
    url::Url::parse(body["authorize_url"].as_str().unwrap()).unwrap()
}

/// The app requests the authorization URL; the `user_id` that the store will return.
fn user_id(world: &mut World, click: &str) -> String {
    let answer = world.receive(&connect_under(SECRET, &wanted(click)));
    let url = authorize_url(&answer);
    url.query_pairs().find(|(name, _)| name == "user_id").unwrap().1.into_owned()
}

/// A `user_id` that anybody with the secret can make.
fn sealed(secret: &str, listing: &str, content: &str) -> String {
    let text = URL_SAFE_NO_PAD.encode(content);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("signpost store keys 1\0{listing}\0{text}").as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[test]
fn the_app_is_told_the_way_and_the_stores_keys_are_the_install_of_the_click() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let answer = world.receive(&connect_under(SECRET, &wanted(&click)));
    assert!(answer.headers.contains(&("cache-control", "no-store".to_owned())));
    assert!(answer.headers.iter().all(|(name, _)| *name != "location"), "nobody is led there by us");
    let url = authorize_url(&answer);
    assert!(url.as_str().starts_with("https://shop.example/store/wc-auth/v1/authorize?"), "{url}");
    let fields: Vec<_> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let user_id = fields[2].1.clone();
    assert_eq!(serde_json::from_str::<Json>(&answer.body).unwrap()["user_id"], user_id, "for the session");
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let callback_url = format!("https://go.example/callbacks/woocommerce/{}/auth", world.listing);
    assert_eq!(
        fields,
        [
            field("app_name", "Acme Sync"),
            field("scope", "read_write"),
            field("user_id", &user_id),
            field("return_url", "https://app.example/done?a=1&b=2"),
            field("callback_url", &callback_url),
        ]
    );
    let answer = world.receive(&auth(&user_id));
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "WooCommerce keeps the keys");
    let [asked] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
    let query = "/wp-json/wc/v3/system_status?_fields=settings";
    assert_eq!(
        (asked.method, asked.url.clone(), asked.body.as_str()),
        ("GET", format!("{STORE}{query}"), "")
    );
    let basic = format!("Basic {}", STANDARD.encode(format!("{KEY}:{KEY_SECRET}")));
    assert!(asked.headers.contains(&("authorization", basic)));
    assert!(!format!("{:?}", world.requests).contains(KEY_SECRET));
    let conversions = world.ledger.get("/v1/conversions").json;
    let [install] = conversions["data"].as_array().unwrap().as_slice() else { panic!("{conversions}") };
    assert_eq!((&install["type"], &install["amount"]), (&json!("install"), &Json::Null));
    assert_eq!(install["customer_id"], format!("woocommerce:{STORE}"));
    assert_eq!(install["external_id"], format!("{}/install:{STORE}", world.listing));
    assert_eq!(install["metadata"], json!({"marketplace": "woocommerce", "evidence": "api_poll"}));
    assert_eq!(install["attribution"]["credits"][0]["partner_id"], world.partner);
    world.ledger.audit();
}

#[test]
fn the_app_fetches_the_keys_for_ten_minutes_and_nobody_else_does() {
    let mut world = world();
    let user_id = user_id(&mut world, "");
    assert_eq!(token(&mut world, &user_id, SECRET).status, 400, "not yet");
    assert_eq!(world.receive(&auth(&user_id)).status, 200);
    for secret in [SECRET, OLD_SECRET] {
        let answer = token(&mut world, &user_id, secret);
        assert_eq!(answer.status, 200);
        let found: Json = serde_json::from_str(&answer.body).unwrap();
        let expected = json!({"shop": STORE, "consumer_key": KEY, "consumer_secret": KEY_SECRET,
                              "key_permissions": "read_write", "user_id": user_id});
        assert_eq!(found, expected);
    }
    assert_eq!(token(&mut world, &user_id, "x").status, 401);
    assert_eq!(token(&mut world, "x", SECRET).status, 400);
    let kept = format!("{:?}", world.ledger.sql.exec("SELECT * FROM kept_answers", &[]).unwrap());
    let events = format!("{:?}", world.ledger.sql.exec("SELECT * FROM events", &[]).unwrap());
    for secret in [KEY, KEY_SECRET, user_id.as_str()] {
        assert!(!kept.contains(secret) && !events.contains(secret), "{secret}");
    }
    world.ledger.wait(600_001);
    assert_eq!(token(&mut world, &user_id, SECRET).status, 400);
}

#[test]
fn a_way_counts_once_and_for_an_hour_and_a_store_is_installed_once() {
    let mut world = world();
    let (first, now) = (user_id(&mut world, ""), world.ledger.now);
    world.ledger.wait(3_600_000);
    assert_eq!(world.receive(&auth(&first)).status, 200, "the last millisecond of its hour");
    assert_eq!(world.refused("again", &auth(&first)), 401);
    world.ledger.wait(1);
    assert_eq!(world.refused("after its hour", &auth(&first)), 401);
    assert_ne!(world.ledger.now, now);
    // The merchant connects the store again: a later click is bound to the customer, without a second install.
    let click = world.ledger.click(world.link_no);
    let second = user_id(&mut world, &click);
    assert_eq!(world.receive(&auth(&second)).status, 200);
    let conversions = world.ledger.get("/v1/conversions").json;
    assert_eq!(conversions["data"].as_array().unwrap().len(), 1);
    let late = user_id(&mut world, "");
    world.ledger.wait(3_600_001);
    let asked = world.requests.len();
    assert_eq!(world.refused("too late", &auth(&late)), 401);
    assert_eq!(world.requests.len(), asked, "and the store was not asked");
}

#[test]
fn what_the_store_does_not_confirm_changes_nothing_and_may_be_tried_again() {
    let mut world = world();
    let user_id = user_id(&mut world, "");
    for (case, vendor, status) in [
        (
            "wrong keys",
            (|_| respond(401, r#"{"code":"woocommerce_rest_cannot_view"}"#))
                as fn(&VendorRequest) -> VendorResult,
            401,
        ),
        ("no WooCommerce", |_| respond(404, ""), 401),
        ("a redirect", |_| respond(302, ""), 503),
        ("its own failure", |_| respond(500, ""), 503),
        ("nothing", |_| Err(VendorError::NoResponse), 503),
        ("too many", |_| respond(429, ""), 503),
        ("a page", |_| respond(200, "<html>"), 401),
        ("JSON of another", |_| respond(200, "{}"), 401),
        ("no object", |_| respond(200, r#"{"settings":1}"#), 401),
    ] {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &auth(&user_id)), status, "{case}");
    }
    world.vendor.responds = confirms;
    assert_eq!(world.receive(&auth(&user_id)).status, 200);
}

#[test]
fn only_a_way_of_ours_leads_to_a_store_and_only_to_a_public_one() {
    let mut world = world();
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    let good = user_id(&mut world, "");
    let (text, tag) = good.split_once('.').unwrap();
    let until = world.ledger.now.ms() + 1_000;
    let (listing, secret) = (world.listing.clone(), SECRET);
    let with = |name: &str, value: Json| {
        let mut keys: Json = serde_json::from_str(&auth(&good).body).unwrap();
        keys[name] = value;
        callback("auth", keys.to_string())
    };
    for (case, callback) in [
        ("no user", auth("")),
        ("no MAC", auth(text)),
        ("an empty MAC", auth(&format!("{text}."))),
        ("half a MAC", auth(&format!("{text}.{}", &tag[..22]))),
        ("another MAC", auth(&format!("{text}.{}", "A".repeat(43)))),
        (
            "another text",
            auth(&format!("{}.{tag}", URL_SAFE_NO_PAD.encode(format!("{until}  https://evil.example")))),
        ),
        ("another secret", auth(&sealed("x", &listing, &format!("{until}  {STORE}")))),
        (
            "another listing",
            auth(&sealed(secret, "lst_00000000000000000000000000", &format!("{until}  {STORE}"))),
        ),
        ("no store", auth(&sealed(secret, &listing, &until.to_string()))),
        ("no time", auth(&sealed(secret, &listing, &format!("soon  {STORE}")))),
        ("a private store", auth(&sealed(secret, &listing, &format!("{until}  https://127.0.0.1")))),
        ("a store without TLS", auth(&sealed(secret, &listing, &format!("{until}  http://shop.example")))),
        ("another spelling", auth(&sealed(secret, &listing, &format!("{until}  {STORE}/")))),
        ("no keys", with("consumer_key", Json::Null)),
        ("another's key", with("consumer_key", json!("admin"))),
        ("a key with a colon", with("consumer_key", json!("ck_a:b"))),
        ("a secret with a space", with("consumer_secret", json!("cs_a b"))),
        ("a long secret", with("consumer_secret", json!(format!("cs_{}", "a".repeat(98))))),
        ("no JSON", callback("auth", "user_id=1".to_owned())),
        ("nothing", callback("auth", String::new())),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    // The Worker accepts a text that this file seals, so the refusals above are not caused by its form.
    world.vendor.responds = confirms;
    let old = sealed(OLD_SECRET, &listing, &format!("{until}  {STORE}"));
    assert_eq!(world.receive(&auth(&old)).status, 200, "under the secret before this one");
}

#[test]
fn only_the_app_asks_for_a_way_and_only_to_stores_with_public_addresses() {
    let mut world = world();
    let good = connect_under(SECRET, &wanted(""));
    let header = |value: &str| TestCallback {
        headers: vec![("authorization".to_owned(), value.to_owned())],
        ..good.clone()
    };
    for (case, callback) in [
        ("nobody", TestCallback { headers: vec![], ..good.clone() }),
        ("another secret", connect_under("x", &wanted(""))),
        ("no secret", header("Bearer ")),
        ("no bearer", header(SECRET)),
        ("in another scheme", header(&format!("Basic {SECRET}"))),
        ("a browser", TestCallback { method: "GET", ..good.clone() }),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    let with = |name: &str, value: Json| {
        let mut body = wanted("");
        body[name] = value;
        connect_under(SECRET, &body)
    };
    for (case, callback) in [
        ("no shop", with("shop", Json::Null)),
        ("a private shop", with("shop", json!("https://127.0.0.1"))),
        ("a shop without TLS", with("shop", json!("http://shop.example"))),
        ("a shop with a user", with("shop", json!("https://a@shop.example"))),
        ("nowhere to return to", with("return_url", Json::Null)),
        ("a script to return to", with("return_url", json!("javascript:alert(1)"))),
        ("no object", connect_under(SECRET, &json!([]))),
        ("a longer address", TestCallback { rest: "more".to_owned(), ..good.clone() }),
    ] {
        let answer = world.receive(&callback);
        let body: Json = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &body["error"]), (400, &json!("invalid_request")), "{case}");
        assert_eq!(world.refused(case, &callback), 400, "{case}");
    }
    for click in ["x".repeat(41), "x".repeat(39), " ".repeat(40), "é".repeat(20)] {
        let user_id = user_id(&mut world, &click);
        let text = URL_SAFE_NO_PAD.decode(user_id.split('.').next().unwrap()).unwrap();
        assert!(
            String::from_utf8(text).unwrap().ends_with(&format!("  {STORE}")),
            "what is no click id is left out"
        );
    }
    let path = format!("/v1/listings/{}", world.listing);
    for settings in [json!({}), json!({"app_name": ""}), json!({"app_name": "A", "scope": "write"})] {
        assert_eq!(world.ledger.patch(&path, &json!({"settings": settings})).status, 200);
        assert_eq!(world.refused("not set up", &good), 401);
    }
    assert_eq!(world.ledger.patch(&path, &json!({"settings": {"app_name": "A"}})).status, 200);
    let url = authorize_url(&world.receive(&good));
    assert!(url.query_pairs().any(|(name, scope)| name == "scope" && scope == "read"), "reading is enough");
}
