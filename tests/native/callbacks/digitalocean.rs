//! DigitalOcean add-ons: server calls with Basic credentials, and the browser's single sign-on, in every order.

use super::fake_vendor::respond;
use super::{TestCallback, World, orders};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use signpost::marketplace::vendor_api::VendorError;

pub(crate) const UUID: &str = "61d2f6a0-7f0c-4a57-8d1f-0d6f7f3f7f11";
const SALT: &str = "sso-salt-0001";

pub(crate) fn world() -> World {
    let settings = json!({"config": {"ACME_URL": "https://acme.example"}});
    World::new("digitalocean", &settings, &json!({"credentials": "acme:1234", "sso_salt": SALT}))
}

pub(crate) fn server(method: &'static str, kind: &'static str, rest: &str, body: Json) -> TestCallback {
    let headers = vec![("authorization".to_owned(), format!("Basic {}", STANDARD.encode("acme:1234")))];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    TestCallback { method, kind, rest: rest.to_owned(), headers, body }
}

pub(crate) fn provision(metadata: Json) -> TestCallback {
    server(
        "POST",
        "resources",
        "",
        json!({
            "resource_name": "acme-1", "app_slug": "acme", "plan_slug": "basic", "uuid": UUID, "metadata": metadata,
            "email": "abc@xyz.example", "creator_id": 4321,
            "oauth_grant": {"type": "authorization_code", "code": "d1b2c3", "expires_at": "2026-11-22T12:05:00Z"},
        }),
    )
}

fn sign_on(world: &World) -> TestCallback {
    let seconds = world.ledger.now.ms() / 1000;
    let mut mac = Hmac::<Sha256>::new_from_slice(SALT.as_bytes()).unwrap();
    mac.update(format!("{seconds}:{UUID}").as_bytes());
    let token: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    TestCallback {
        method: "POST",
        kind: "sso",
        rest: String::new(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: format!(
            "resource_uuid={UUID}&token={token}&timestamp={seconds}&user_id=7&user_email=a%40b.example"
        ),
    }
}

#[test]
fn a_customer_is_credited_to_the_click_that_the_sign_on_brings_in_whatever_order() {
    let mut expected = None;
    for order in orders(5) {
        let mut world = world();
        world.ledger.wait(-3_600_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(3_600_000);
        let at = world.ledger.now.ms() / 1000;
        for step in &order {
            match step {
                0 => assert_eq!(world.receive(&provision(json!({}))).status, 201),
                1 => {
                    let changed = server("PUT", "resources", UUID, json!({"plan_slug": "pro"}));
                    assert_eq!(world.receive(&changed).status, 200);
                }
                2 => {
                    let suspended = server(
                        "POST",
                        "notifications",
                        "",
                        json!({
                            "type": "resources.suspended", "created_at": at - 60, "payload": {"resources_uuids": [UUID]},
                        }),
                    );
                    assert_eq!(world.receive(&suspended).status, 204);
                }
                3 => {
                    let answer = world.receive(&sign_on(&world));
                    assert_eq!(answer.status, 303);
                    let location =
                        world.go_on(&answer, &format!("other=1; sp={click}; sp_x={click}")).unwrap();
                    assert!(
                        location.starts_with("https://app.example/start?plan=pro&resource_uuid=61d2"),
                        "{location}"
                    );
                }
                _ => assert_eq!(world.receive(&server("DELETE", "resources", UUID, Json::Null)).status, 204),
            }
        }
        let mut outcome = world.outcome();
        // The vendor sends no time, so the event that arrived last decides.
        outcome["accounts"].take();
        assert_eq!(outcome["conversions"].as_array().unwrap().len(), 2, "{order:?}");
        for conversion in outcome["conversions"].as_array().unwrap() {
            assert_eq!(conversion["attribution"]["credits"][0]["partner_id"], world.partner, "{order:?}");
            assert_eq!(conversion["attribution"]["credits"][0]["click_id"], click);
        }
        assert_eq!(outcome["report"]["totals"]["installs"], 1);
        // The ids of partners and clicks are equal in each world, because they come from the same seed.
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn a_form_field_may_carry_the_click() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let answer = world.receive(&provision(json!({"referral": click})));
    let body: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        body,
        json!({"id": UUID, "config": {"ACME_URL": "https://acme.example"}, "message": "Your add-on is ready."})
    );
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!((&install["type"], &install["attribution"]["reason"]), (&json!("install"), &json!("click")));
    assert_eq!(
        install["metadata"],
        json!({"marketplace": "digitalocean", "evidence": "credentials", "plan": "basic"})
    );
    assert_eq!(world.refused("the same again", &provision(json!({"referral": click}))), 201);
}

#[test]
fn a_sign_on_counts_once_and_so_does_the_way_on() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let callback = sign_on(&world);
    let answer = world.receive(&callback);
    assert_eq!(world.refused("the same token again", &callback), 401);
    assert!(world.go_on(&answer, &format!("sp={click}")).is_some());
    assert_eq!(world.go_on(&answer, &format!("sp={click}")), None, "used");
    world.ledger.wait(1_000);
    let late = sign_on(&world);
    let answer = world.receive(&late);
    world.ledger.wait(600_001);
    assert_eq!(world.go_on(&answer, &format!("sp={click}")), None, "too late");
    assert_eq!(world.refused("an old token", &late), 401);
}

#[test]
fn forgeries_and_what_cannot_be_read_change_nothing() {
    let mut world = world();
    let wrong = |headers: Vec<(String, String)>| TestCallback { headers, ..provision(json!({})) };
    let basic = |text: &str| vec![("authorization".to_owned(), format!("Basic {}", STANDARD.encode(text)))];
    for (case, callback, status) in [
        ("no credentials", wrong(vec![]), 401),
        ("a wrong password", wrong(basic("acme:1235")), 401),
        ("another app", wrong(basic("acne:1234")), 401),
        ("no resource", server("DELETE", "resources", "", Json::Null), 500),
        ("two resources", server("DELETE", "resources", "a/b", Json::Null), 500),
        ("no uuid", server("POST", "resources", "", json!({"plan_slug": "basic"})), 500),
        (
            "an unknown notification",
            server(
                "POST",
                "notifications",
                "",
                json!({
                    "type": "resources.deprovisioning.failed", "created_at": 1, "payload": {},
                }),
            ),
            204,
        ),
    ] {
        assert_eq!(world.refused(case, &callback), status, "{case}");
    }
    let callback = sign_on(&world);
    let forged = TestCallback { body: callback.body.replace("timestamp=1", "timestamp=2"), ..callback };
    assert_eq!(world.refused("a forged sign-on", &forged), 401);
}

const GRANTED: &str =
    r#"{"access_token":"doo_v1_a","refresh_token":"dor_v1_b","expires_in":28800,"token_type":"bearer"}"#;

/// A listing that exchanges the codes of new resources.
pub(crate) fn exchanging() -> World {
    let secrets = json!({"credentials": "acme:1234", "sso_salt": SALT, "client_secret": "do-client-secret"});
    let mut world = World::new("digitalocean", &json!({}), &secrets);
    world.vendor.responds = |_| respond(200, GRANTED);
    world
}

#[test]
fn the_code_of_a_new_resource_is_a_second_proof_and_its_tokens_are_the_apps() {
    let mut world = exchanging();
    assert_eq!(world.receive(&provision(json!({}))).status, 201);
    let [asked] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
    assert_eq!(asked.url, "https://api.digitalocean.com/v2/add-ons/oauth/token");
    assert_eq!(
        serde_json::from_str::<Json>(&asked.body).unwrap(),
        json!({"grant_type": "authorization_code", "code": "d1b2c3", "client_secret": "do-client-secret"})
    );
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["metadata"]["evidence"], "code_exchange");
    let body = json!({"client_secret": "do-client-secret", "code": UUID}).to_string();
    let ask = TestCallback { method: "POST", kind: "token", rest: String::new(), headers: vec![], body };
    assert_eq!(world.receive(&ask).body, GRANTED);
    // In a redelivery, the code is used up. The resource is accepted all the same, and the tokens stay stored.
    world.vendor.responds = |_| respond(400, "");
    assert_eq!(world.receive(&provision(json!({}))).status, 201);
    assert_eq!(world.receive(&ask).body, GRANTED);
    assert_eq!(world.ledger.rows("conversions"), 1);
    // The resource is accepted if the vendor does not answer, too.
    let mut world = exchanging();
    world.vendor.responds = |_| Err(VendorError::NoResponse);
    assert_eq!(world.receive(&provision(json!({}))).status, 201);
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["metadata"]["evidence"], "credentials");
    assert_eq!(world.receive(&ask).status, 400);
    let forged = TestCallback { headers: vec![], ..provision(json!({})) };
    assert_eq!(world.refused("without credentials nobody is asked", &forged), 401);
    assert_eq!(world.requests.len(), 1);
}
