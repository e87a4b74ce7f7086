//! BigCommerce apps: the page in the control panel's frame, its reloads, uninstalls, and tokens at the wrong URL.

use super::{TestCallback, World, orders};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

const SECRET: &str = "bc-test-client-secret-0123456789abcdef";
const CLIENT_ID: &str = "hjasdfhj09sasd80dsf04dfhg90rsds";
pub(crate) const STORE: &str = "stores/z4zn3wo";

pub(crate) fn world() -> World {
    let secrets = json!({"client_secret": ["new-client-secret-0123456789abcdef", SECRET]});
    let mut world = World::new("bigcommerce", &json!({"client_id": CLIENT_ID}), &secrets);
    world.ledger.wait(-7_200_000);
    world
}

fn mac(secret: &str, signed: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A token that was issued `age_s` seconds ago, with some claims replaced.
pub(crate) fn token(world: &World, jti: &str, age_s: i64, claims: &Json) -> String {
    let iat = world.ledger.now.ms() / 1000 - age_s;
    let mut all = json!({
        "aud": CLIENT_ID, "iss": "bc", "iat": iat, "nbf": iat - 5, "exp": iat + 86_400, "jti": jti, "sub": STORE,
        "user": {"id": 9128, "email": "user@example.com", "locale": "en-US"}, "url": "/", "channel_id": null,
    });
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(all.to_string()));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac(SECRET, &signed)))
}

pub(crate) fn get(kind: &'static str, token: &str) -> TestCallback {
    let rest = format!("?signed_payload_jwt={token}&x=%20a+b");
    TestCallback { method: "GET", kind, rest, headers: vec![], body: String::new() }
}

fn webhook(world: &World, body: String) -> TestCallback {
    let seconds = (world.ledger.now.ms() / 1000).to_string();
    let signature = STANDARD.encode(mac(SECRET, &format!("msg_2b8f6c1e.{seconds}.{body}")));
    let headers = [
        ("webhook-id", "msg_2b8f6c1e".to_owned()),
        ("webhook-timestamp", seconds),
        ("webhook-signature", format!("v1a,xyz v1,{signature}")),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    TestCallback { method: "POST", kind: "webhook", rest: String::new(), headers, body }
}

pub(crate) fn cancelled(world: &World, fields: &Json) -> TestCallback {
    let mut body = json!({
        "producer": STORE, "hash": "cd09f9f8a1e9", "created_at": world.ledger.now.ms() / 1000 - 20,
        "store_id": "1025646", "scope": "store/app/uninstalled", "data": {"type": "store"},
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    webhook(world, body.to_string())
}

fn header<'a>(answer: &'a signpost::marketplace::adapter::CallbackResponse, name: &str) -> &'a str {
    &answer.headers.iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn a_whole_life_ends_the_same_in_whatever_order_it_arrives_and_however_often() {
    let mut expected = None;
    for order in orders(5) {
        let mut world = world();
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(7_200_000);
        let none = json!({});
        let load = get("load", &token(&world, "load-1", 60, &none));
        let uninstall = get("uninstall", &token(&world, "uninstall-1", 40, &none));
        let remove_user = get("remove-user", &token(&world, "remove-1", 50, &none));
        let cancelled = cancelled(&world, &none);
        let mut handoff_completed = false;
        for (step, again) in order.iter().map(|step| (step, false)).chain(order.iter().map(|s| (s, true))) {
            let once = if again { 401 } else { 200 };
            match step {
                0 => assert_eq!(world.receive(&load).status, if handoff_completed { 302 } else { 200 }),
                1 if handoff_completed => {
                    // A merchant who has completed the handoff continues in the frame.
                    let location = format!("https://app.example/start?plan=pro&{}", &load.rest[1..]);
                    assert_eq!(header(&world.receive(&load), "location"), location);
                }
                1 => {
                    // The merchant reloads the page, and follows its link.
                    handoff_completed = true;
                    let answer = world.receive(&load);
                    assert_eq!(answer.status, 200, "{order:?}");
                    let cookies = format!("other=1; sp={click}; sp_x={click}");
                    let location = world.go_on(&answer, &cookies).unwrap();
                    assert_eq!(location, format!("https://app.example/start?plan=pro&{}", &load.rest[1..]));
                }
                2 => assert_eq!(world.receive(&uninstall).status, once, "{order:?}"),
                3 => assert_eq!(world.receive(&remove_user).status, once, "{order:?}"),
                _ => assert_eq!(world.receive(&cancelled).status, 200),
            }
        }
        let outcome = world.outcome();
        let conversions = outcome["conversions"].as_array().unwrap();
        assert_eq!(conversions.len(), 3, "{order:?}: an install, and its end as told by two");
        let install = conversions.iter().find(|conversion| conversion["type"] == "install").unwrap();
        assert_eq!(install["attribution"]["credits"][0]["partner_id"], world.partner, "{order:?}");
        assert_eq!(install["external_id"], format!("{}/install:{STORE}", world.listing));
        assert_eq!(install["customer_id"], format!("bigcommerce:{STORE}"));
        assert_eq!(install["metadata"], json!({"marketplace": "bigcommerce", "evidence": "signed"}));
        assert_eq!(outcome["report"]["totals"]["installs"], 1);
        assert!(outcome["accounts"].as_str().unwrap().contains("uninstalled"), "{}", outcome["accounts"]);
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn the_page_in_the_frame_leads_out_of_it_and_only_bigcommerce_may_frame_it() {
    let mut world = world();
    let answer = world.receive(&get("load", &token(&world, "a", 60, &json!({}))));
    assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
    assert_eq!(
        header(&answer, "content-security-policy"),
        "frame-ancestors https://*.mybigcommerce.com https://login.bigcommerce.com; default-src 'none'; \
         style-src 'unsafe-inline'"
    );
    assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let (_, link) = answer.body.split_once("<a href=\"/callbacks/continue/").unwrap();
    let (id, link) = link.split_at(32);
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert!(link.starts_with("\" target=\"_top\">Continue</a>"), "{link}");
    assert!(world.go_on(&answer, "").is_some());
    assert_eq!(world.go_on(&answer, ""), None, "the way is there once");
}

#[test]
fn a_listing_without_a_way_on_says_that_the_product_is_connected() {
    let mut world = world();
    let path = format!("/v1/listings/{}", world.listing);
    let changed = world.ledger.patch(&path, &json!({"forward_to": null}));
    assert_eq!(changed.status, 200, "{}", changed.raw.body);
    let answer = world.receive(&get("load", &token(&world, "a", 60, &json!({}))));
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("The product is connected.") && !answer.body.contains("href"));
    assert!(
        header(&answer, "content-security-policy")
            .starts_with("frame-ancestors https://*.mybigcommerce.com ")
    );
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["type"], "install");
}

#[test]
fn a_later_load_adds_no_conversion_and_a_token_counts_where_it_came_first_alone() {
    let mut world = world();
    let none = json!({});
    let [load, uninstall, remove_user] = ["l", "u", "r"].map(|jti| token(&world, jti, 60, &none));
    assert_eq!(world.receive(&get("load", &load)).status, 200);
    assert_eq!(world.refused("a load token", &get("uninstall", &load)), 401);
    assert_eq!(world.refused("a load token", &get("remove-user", &load)), 401);
    world.ledger.wait(80_000_000);
    assert_eq!(world.receive(&get("load", &load)).status, 200, "a reload after hours");
    assert_eq!(world.receive(&get("load", &token(&world, "l2", 5, &none))).status, 200);
    assert_eq!(world.ledger.get("/v1/conversions").json["data"].as_array().unwrap().len(), 1);
    let answer = world.receive(&get("remove-user", &remove_user));
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    assert_eq!(world.refused("a token of another kind", &get("uninstall", &remove_user)), 401);
    let answer = world.receive(&get("uninstall", &uninstall));
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(world.refused("the same again", &get("uninstall", &uninstall)), 401);
    assert_eq!(world.refused("what uninstalled", &get("load", &uninstall)), 401);
    assert_eq!(world.refused("what uninstalled, reloaded", &get("load", &uninstall)), 401);
    world.ledger.audit();
}

#[test]
fn forgeries_and_what_cannot_be_read_change_nothing() {
    let mut world = world();
    let made = |age_s, claims: Json| token(&world, "t", age_s, &claims);
    let good = made(60, json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    let tokens = [
        ("forged", forged),
        ("of another app", made(60, json!({"aud": "another"}))),
        ("expired", made(86_401, json!({}))),
        ("of tomorrow", made(-60, json!({}))),
        ("of another issuer", made(60, json!({"iss": "bcx"}))),
        ("of no store", made(60, json!({"sub": "users/1"}))),
    ];
    let without_id = made(60, json!({"jti": null}));
    let hooks = [
        ("another scope", cancelled(&world, &json!({"scope": "store/order/refund/created"})), 200),
        ("another scope, no hash", webhook(&world, r#"{"scope":"store/order/created"}"#.to_owned()), 200),
        ("changed", TestCallback { body: "{}".to_owned(), ..cancelled(&world, &json!({})) }, 401),
    ];
    let unreadable = [
        ("no JSON", webhook(&world, "{".to_owned())),
        ("no store", cancelled(&world, &json!({"producer": "z4zn3wo"}))),
        ("no hash", cancelled(&world, &json!({"hash": ""}))),
        ("no time", cancelled(&world, &json!({"created_at": null}))),
        ("no such time", cancelled(&world, &json!({"created_at": i64::MAX}))),
    ];
    let late = cancelled(&world, &json!({}));
    for (case, token) in &tokens {
        for kind in ["load", "uninstall", "remove-user"] {
            assert_eq!(world.refused(case, &get(kind, token)), 401, "{kind}: {case}");
        }
    }
    assert_eq!(world.kept("no jti", &get("uninstall", &without_id)), 200);
    for (case, callback, status) in &hooks {
        assert_eq!(world.refused(case, callback), *status, "{case}");
    }
    for (case, callback) in &unreadable {
        assert_eq!(world.kept(case, callback), 200, "{case}");
    }
    world.ledger.wait(300_001);
    assert_eq!(world.refused("an old webhook", &late), 401);
    // Without a configured audience, tokens for other apps would be accepted.
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": {}})).status, 200);
    assert_eq!(world.refused("no client id", &get("load", &good)), 401);
}
