//! Shopify apps: the redirect URI, the App URL inside and outside the admin's frame, webhooks that identify shops by
//! number, and the privacy topics.

use super::{TestCallback, World, orders};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use signpost::{marketplace::adapter::CallbackResponse, store::Sql};

const SECRET: &str = "hush";
const CLIENT_ID: &str = "8f1b0c0de5a94e0f8d7c6b5a49382716";
pub(crate) const SHOP: &str = "some-shop.myshopify.com";
const GID: &str = "gid://shopify/Shop/548380009";

pub(crate) fn world() -> World {
    let secrets = json!({"client_secret": ["new-secret", SECRET]});
    World::new("shopify", &json!({"client_id": CLIENT_ID}), &secrets)
}

fn mac(signed: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed);
    mac.finalize().into_bytes().to_vec()
}

/// A browser that Shopify redirected `age_s` seconds ago. The values must not need escaping. As in Shopify's URLs,
/// `hmac` is first.
fn browser(world: &World, kind: &'static str, age_s: i64, parameters: &[(&str, &str)]) -> TestCallback {
    let timestamp = (world.ledger.now.ms() / 1000 - age_s).to_string();
    let mut pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.push(format!("timestamp={timestamp}"));
    pairs.sort_unstable();
    let signed = pairs.join("&");
    let rest = format!("?hmac={}&{signed}", data_encoding::HEXLOWER.encode(&mac(signed.as_bytes())));
    TestCallback { method: "GET", kind, rest, headers: vec![], body: String::new() }
}

fn oauth(world: &World, more: &[(&str, &str)]) -> TestCallback {
    let code =
        [("code", "a94a110d86d2452eb3e2af4cfb8a3828"), ("host", "YWRtaW4uc2hvcGlmeS5jb20"), ("shop", SHOP)];
    browser(world, "oauth", 5, &[&code, more].concat())
}

fn id_token(world: &World, claims: &Json) -> String {
    let now = world.ledger.now.ms() / 1000;
    let mut all = json!({
        "iss": format!("https://{SHOP}/admin"), "dest": format!("https://{SHOP}"), "aud": CLIENT_ID, "sub": "42",
        "exp": now + 60, "nbf": now, "iat": now, "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087", "sid": "aaea",
    });
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(all.to_string()));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac(signed.as_bytes())))
}

/// The App URL in the admin's frame.
fn framed(world: &World, age_s: i64, token: &str) -> TestCallback {
    let parameters = [
        ("embedded", "1"),
        ("host", "YWRtaW4uc2hvcGlmeS5jb20"),
        ("id_token", token),
        ("locale", "de-DE"),
        ("shop", SHOP),
    ];
    browser(world, "app", age_s, &parameters)
}

pub(crate) fn webhook(kind: &'static str, topic: &str, domain: &str, body: &Json) -> TestCallback {
    let body = body.to_string();
    let headers = [
        ("X-Shopify-Hmac-Sha256", STANDARD.encode(mac(body.as_bytes()))),
        ("X-Shopify-Topic", topic.to_owned()),
        ("X-Shopify-Shop-Domain", domain.to_owned()),
        ("X-Shopify-API-Version", "2026-07".to_owned()),
        ("X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043".to_owned()),
        ("X-Shopify-Triggered-At", "2026-11-22T10:00:00.123456Z".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    TestCallback { method: "POST", kind, rest: String::new(), headers, body }
}

pub(crate) fn subscription(status: &str, updated_at: &str) -> TestCallback {
    let body = json!({"app_subscription": {
        "admin_graphql_api_id": "gid://shopify/AppSubscription/1029266947", "name": "Pro", "status": status,
        "admin_graphql_api_shop_id": GID, "created_at": "2026-11-21T20:00:00-04:00", "updated_at": updated_at,
        "currency": "USD", "capped_amount": "20.0", "price": "10.00", "interval": "every_30_days", "plan_handle": "pro",
    }});
    webhook("subscription", "app_subscriptions/update", SHOP, &body)
}

pub(crate) fn uninstalled(domain: &Json) -> TestCallback {
    let body = json!({"id": 548380009, "name": "Super Toys", "email": "owner@example.com", "domain": "shop.example.com",
        "plan_name": "basic", "myshopify_domain": domain, "created_at": null, "updated_at": null});
    webhook("uninstalled", "app/uninstalled", SHOP, &body)
}

fn header<'a>(answer: &'a CallbackResponse, name: &str) -> &'a str {
    &answer.headers.iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn a_whole_life_ends_the_same_in_whatever_order_it_arrives_and_however_often() {
    let mut expected = None;
    for order in orders(5) {
        let mut world = world();
        world.ledger.wait(-7_200_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(7_200_000);
        let opened = oauth(&world, &[]);
        let active = subscription("ACTIVE", "2026-11-22T05:00:05-05:00");
        let frozen = subscription("FROZEN", "2026-11-22T05:30:00-05:00");
        let gone = uninstalled(&json!(SHOP));
        let shop = webhook("shop", "shop/update", SHOP, &json!({"id": 548380009, "myshopify_domain": SHOP}));
        for (step, again) in order.iter().map(|step| (step, false)).chain(order.iter().map(|s| (s, true))) {
            match step {
                0 if again => assert_eq!(world.refused("used", &opened), 401, "{order:?}"),
                0 => {
                    let answer = world.receive(&opened);
                    assert_eq!(answer.status, 303, "{order:?}");
                    let location = world.go_on(&answer, &format!("sp={click}")).unwrap();
                    assert_eq!(location, format!("https://app.example/start?plan=pro&{}", &opened.rest[1..]));
                }
                1 => assert_eq!(world.receive(&active).status, 200),
                2 => assert_eq!(world.receive(&frozen).status, 200),
                3 => assert_eq!(world.receive(&gone).status, 200),
                _ => assert_eq!(world.receive(&shop).status, 200),
            }
        }
        let outcome = world.outcome();
        let conversions = outcome["conversions"].as_array().unwrap();
        assert_eq!(conversions.len(), 2, "{order:?}");
        let install = conversions.iter().find(|conversion| conversion["type"] == "install").unwrap();
        assert_eq!(install["attribution"]["credits"][0]["partner_id"], world.partner, "{order:?}");
        assert_eq!(install["external_id"], format!("{}/install:{SHOP}", world.listing));
        assert_eq!(install["customer_id"], format!("shopify:{SHOP}"));
        assert_eq!(install["metadata"], json!({"marketplace": "shopify", "evidence": "signed"}));
        let end = conversions.iter().find(|conversion| conversion["type"] == "uninstall").unwrap();
        let body = data_encoding::HEXLOWER.encode(&Sha256::digest(uninstalled(&json!(SHOP)).body));
        assert_eq!(end["external_id"], format!("{}/uninstall:548380009:{}", world.listing, &body[..32]));
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn a_click_id_in_state_counts_without_a_cookie_and_a_nonce_of_the_apps_does_not() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let answer = world.receive(&oauth(&world, &[("state", &click)]));
    assert!(world.go_on(&answer, "").is_some());
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["attribution"]["credits"][0]["partner_id"], world.partner);
    let mut world = self::world();
    assert_eq!(world.receive(&oauth(&world, &[("state", "nonce-0001")])).status, 303);
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["attribution"]["reason"], "no_touch");
}

#[test]
fn the_frame_leads_out_once_and_then_on_to_the_app() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let first = framed(&world, 0, &id_token(&world, &json!({})));
    let answer = world.receive(&first);
    assert_eq!(answer.status, 200);
    assert_eq!(
        header(&answer, "content-security-policy"),
        "frame-ancestors https://some-shop.myshopify.com https://admin.shopify.com; default-src 'none'; \
         style-src 'unsafe-inline'"
    );
    assert_eq!(world.receive(&first).status, 200, "a reload");
    let goes_on = format!("https://app.example/start?plan=pro&{}", &first.rest[1..]);
    assert_eq!(world.go_on(&answer, &format!("sp={click}")).as_deref(), Some(goes_on.as_str()));
    let again = world.receive(&first);
    assert_eq!((again.status, header(&again, "location")), (302, goes_on.as_str()));
    world.ledger.wait(3_600_000);
    let later = framed(&world, 0, &id_token(&world, &json!({"jti": "another"})));
    assert_eq!(world.receive(&later).status, 302, "and so it stays");
    let conversions = &world.ledger.get("/v1/conversions").json["data"];
    assert_eq!(conversions.as_array().unwrap().len(), 1);
    assert_eq!(conversions[0]["attribution"]["credits"][0]["partner_id"], world.partner);
}

#[test]
fn the_app_url_alone_proves_no_install_but_binds_the_click() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let answer = world.receive(&browser(&world, "app", 5, &[("shop", SHOP)]));
    assert_eq!(answer.status, 303);
    assert!(world.go_on(&answer, &format!("sp={click}")).is_some());
    assert_eq!(world.ledger.rows("conversions"), 0);
    // The redirect arrives in another browser, without the cookie.
    let answer = world.receive(&oauth(&world, &[]));
    assert!(world.go_on(&answer, "").is_some());
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["attribution"]["credits"][0]["partner_id"], world.partner);
}

#[test]
fn a_signed_pair_of_names_joins_the_accounts_and_outlives_a_new_domain() {
    let mut world = world();
    let account = |world: &mut World| {
        let rows =
            world.ledger.sql.exec("SELECT account || ' ' || status FROM marketplace_accounts", &[]).unwrap();
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let other = "other-shop.myshopify.com";
    let callback = |domain: &str, updated_at: &str| {
        let callback = subscription("ACTIVE", updated_at);
        let headers = callback.headers.into_iter().map(|(name, value)| match name.as_str() {
            "X-Shopify-Shop-Domain" => (name, domain.to_owned()),
            _ => (name, value),
        });
        TestCallback { headers: headers.collect(), ..callback }
    };
    let names = |domain: &str| {
        webhook("shop-redact", "shop/redact", SHOP, &json!({"shop_id": 548380009, "shop_domain": domain}))
    };
    assert_eq!(world.receive(&callback(SHOP, "2026-11-22T09:00:00Z")).status, 200);
    assert_eq!(account(&mut world), format!("{GID} activated"), "nothing signed names the domain");
    assert_eq!(world.receive(&names(SHOP)).status, 200);
    assert_eq!(world.receive(&callback(other, "2026-11-22T09:01:00Z")).status, 200);
    assert_eq!(account(&mut world), format!("{SHOP} activated"), "another header changes nothing");
    // The shop changes its domain. Both domains are names of the account.
    assert_eq!(world.receive(&names("new-name.myshopify.com")).status, 200);
    let opened = browser(&world, "oauth", 5, &[("code", "c"), ("shop", "new-name.myshopify.com")]);
    assert_eq!(world.receive(&opened).status, 303);
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["customer_id"], format!("shopify:{SHOP}"));
    assert_eq!(world.ledger.rows("account_aliases"), 2);
    let events = world.ledger.get("/v1/events?limit=200").json;
    let named: Vec<&Json> =
        events["data"].as_array().unwrap().iter().filter(|event| event["type"] == "account.named").collect();
    assert_eq!(named.len(), 2);
    assert_eq!(named[0]["data"], json!({"listing_id": world.listing, "alias": GID, "account": SHOP}));
    assert_eq!(named[1]["data"]["alias"], "new-name.myshopify.com");
}

#[test]
fn an_uninstall_without_a_domain_is_that_of_the_number_until_a_signed_body_names_the_domain() {
    let mut world = world();
    let gone = uninstalled(&Json::Null);
    assert_eq!(world.receive(&gone).status, 200);
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["customer_id"], format!("shopify:{GID}"));
    let mut world = self::world();
    let names = webhook("shop", "shop/update", SHOP, &json!({"id": 548380009, "myshopify_domain": SHOP}));
    assert_eq!(world.receive(&names).status, 200);
    assert_eq!(world.receive(&gone).status, 200);
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["customer_id"], format!("shopify:{SHOP}"));
}

#[test]
fn an_unsigned_header_says_nothing_about_whose_subscription_it_is() {
    let mut world = world();
    let mut active = subscription("ACTIVE", "2026-11-22T05:00:05-05:00");
    for (name, value) in &mut active.headers {
        if name == "X-Shopify-Shop-Domain" {
            "another.myshopify.com".clone_into(value);
        }
    }
    assert_eq!(world.receive(&oauth(&world, &[])).status, 303);
    assert_eq!(world.receive(&active).status, 200);
    let accounts = |world: &World| -> Vec<String> {
        let statement = "SELECT account || ' ' || status || ' ' || coalesce(plan, '-') FROM marketplace_accounts ORDER BY 1";
        let rows = world.ledger.sql.exec(statement, &[]).unwrap();
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    };
    assert_eq!(accounts(&world), [format!("{GID} activated pro"), format!("{SHOP} installed -")]);
    // Once a signed body contains both names, they are one account, with what is known under either.
    let names = webhook("shop", "shop/update", SHOP, &json!({"id": 548380009, "myshopify_domain": SHOP}));
    assert_eq!(world.receive(&names).status, 200);
    assert_eq!(accounts(&world), [format!("{SHOP} installed pro")]);
    let plans = world.ledger.sql.exec("SELECT account, plan FROM account_plans", &[]).unwrap();
    assert_eq!((plans.len(), plans[0].text(0).unwrap()), (1, SHOP));
    assert_eq!(world.refused("the same again", &active), 200);
}

#[test]
fn privacy_topics_are_answered_and_tell_nothing() {
    let mut world = world();
    let customer = json!({"shop_id": 548380009, "orders_requested": [299938],
        "customer": {"id": 191167, "email": "j@example.com", "phone": "+15550100"}, "data_request": {"id": 9999}});
    let names = webhook("shop", "shop/update", SHOP, &json!({"id": 548380009, "myshopify_domain": SHOP}));
    assert_eq!(world.receive(&names).status, 200);
    for (kind, topic) in
        [("customers-data-request", "customers/data_request"), ("customers-redact", "customers/redact")]
    {
        assert_eq!(world.refused(topic, &webhook(kind, topic, SHOP, &customer)), 200);
        let forged = TestCallback { body: format!("{customer} "), ..webhook(kind, topic, SHOP, &customer) };
        assert_eq!(world.refused(topic, &forged), 401, "app review tests it");
    }
    let rows = format!("{:?}", super::rows::rows(&world.ledger.sql));
    assert!(
        rows.contains(GID) && !rows.contains("j@example.com"),
        "the shop's names, and nothing of its customer"
    );
}

#[test]
fn forgeries_and_what_cannot_be_read_change_nothing() {
    let mut world = world();
    let good = oauth(&world, &[]);
    let forged = TestCallback { rest: good.rest.replace(SHOP, "evil-shop.myshopify.com"), ..good.clone() };
    let none = json!({});
    let token = id_token(&world, &none);
    let queries = [
        ("forged", forged),
        ("stale", browser(&world, "oauth", 91, &[("code", "c"), ("shop", SHOP)])),
        ("of no shop", browser(&world, "oauth", 5, &[("code", "c"), ("shop", "shop.example.com")])),
        ("without a code", browser(&world, "oauth", 5, &[("shop", SHOP)])),
        ("a stale frame", framed(&world, 91, &token)),
        ("a token of another app", framed(&world, 5, &id_token(&world, &json!({"aud": "another"})))),
        ("a token too old", framed(&world, 5, &id_token(&world, &json!({"exp": 1})))),
        ("no token", framed(&world, 5, "a.b.c")),
        (
            "a token of another shop",
            framed(
                &world,
                5,
                &id_token(
                    &world,
                    &json!({"iss": "https://other.myshopify.com/admin", "dest": "https://other.myshopify.com"}),
                ),
            ),
        ),
    ];
    for (case, callback) in &queries {
        assert_eq!(world.refused(case, callback), 401, "{case}");
    }
    let changed = TestCallback { body: "{}".to_owned(), ..subscription("ACTIVE", "2026-11-22T09:00:00Z") };
    let hooks = [
        ("changed", changed, 401),
        ("cancelled", subscription("CANCELLED", "2026-11-22T09:00:00Z"), 200),
        ("unknown", subscription("DANCING", "2026-11-22T09:00:00Z"), 200),
    ];
    for (case, callback, status) in &hooks {
        assert_eq!(world.refused(case, callback), *status, "{case}");
    }
    let unreadable = [
        (
            "another topic",
            TestCallback { kind: "uninstalled", ..subscription("ACTIVE", "2026-11-22T09:00:00Z") },
        ),
        ("no time", subscription("ACTIVE", "yesterday")),
        ("another shape", webhook("subscription", "app_subscriptions/update", SHOP, &json!({"id": 1}))),
    ];
    for (case, callback) in &unreadable {
        assert_eq!(world.kept(case, callback), 200, "{case}");
    }
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": {}})).status, 200);
    assert_eq!(world.refused("no client id", &framed(&world, 5, &token)), 401);
}

#[test]
fn one_signed_uninstall_under_other_headers_counts_once() {
    let mut world = world();
    let domain = json!(SHOP);
    for hour in 0..5 {
        let mut callback = uninstalled(&domain);
        for (name, value) in &mut callback.headers {
            match name.as_str() {
                "X-Shopify-Triggered-At" => *value = format!("2026-11-22T0{hour}:00:00Z"),
                "X-Shopify-Webhook-Id" => *value = format!("b54557e4-bdd9-4b37-8a5f-bf7d70bcd04{hour}"),
                "X-Shopify-Shop-Domain" => *value = format!("shop-{hour}.myshopify.com"),
                _ => {}
            }
        }
        assert_eq!(world.receive(&callback).status, 200);
    }
    let conversions = world.ledger.get("/v1/conversions").json;
    let [uninstall] = conversions["data"].as_array().unwrap().as_slice() else { panic!("{conversions}") };
    assert_eq!(
        (&uninstall["type"], &uninstall["customer_id"]),
        (&json!("uninstall"), &json!(format!("shopify:{SHOP}")))
    );
}
