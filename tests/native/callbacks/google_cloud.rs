//! Google Cloud Marketplace: the browser's sign-up, and pushed events that the API confirms. A test fails if the ledger
//! depends on the order of arrival, if an event counts that the API does not confirm, or if somebody else's push is
//! accepted.

use super::fake_vendor::{VendorResult, respond};
use super::{TestCallback, World, google, orders};
use serde_json::{Value as Json, json};
use signpost::marketplace::vendor_api::{VendorError, VendorRequest};

pub const ACCOUNT: &str = "4a1f9e3b-7c2d-4e5f-8a6b-9c0d1e2f3a4b";
pub const ENTITLEMENT: &str = "c91aecd0-de62-43fc-88fd-ab0b77c57c7c";
pub const ORDER: &str = "8e4c1d2f-1a2b-4c3d-9e8f-7a6b5c4d3e2f";
const MINUTE: i64 = 60_000;
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

pub fn world_with(secrets: &Json) -> World {
    let settings = json!({"domain": "app.acme.example", "provider_id": "acme-public"});
    google::world_with_pushes("google-cloud", &settings, secrets)
}

pub fn world() -> World {
    let mut world = world_with(&json!({"service_account": google::service_account()}));
    world.vendor.responds = active;
    world
}

fn entitlement(request: &VendorRequest, state: &str) -> VendorResult {
    google::grants(request, SCOPE).unwrap_or_else(|| {
        let url = "https://cloudcommerceprocurement.googleapis.com/v1/providers/acme-public/entitlements";
        assert_eq!(request.url, format!("{url}/{ENTITLEMENT}"));
        let found = json!({
            "name": format!("providers/acme-public/entitlements/{ENTITLEMENT}"), "provider": "acme-public",
            "account": format!("providers/acme-public/accounts/{ACCOUNT}"), "orderId": ORDER, "plan": "gold",
            "productExternalName": "acme-sync", "state": state, "updateTime": "2026-11-22T11:57:00.000001Z",
        });
        respond(200, found.to_string())
    })
}

fn active(request: &VendorRequest) -> VendorResult {
    entitlement(request, "ENTITLEMENT_ACTIVE")
}

pub fn cancelled(request: &VendorRequest) -> VendorResult {
    entitlement(request, "ENTITLEMENT_CANCELLED")
}

/// A sign-up or log-in that was signed that many seconds ago.
pub fn signup(world: &World, seconds_ago: i64) -> TestCallback {
    let issued = world.ledger.now.ms() / 1000 - seconds_ago;
    let claims = json!({
        "iss": google::SIGNUP_ISSUER, "iat": issued, "exp": issued + 300, "aud": "app.acme.example", "sub": ACCOUNT,
        "google": {"roles": ["GCP_ROLE"], "user_identity": "114567890123456789012", "orders": [ORDER]},
    });
    signup_with(&google::token(&claims))
}

pub fn signup_with(token: &str) -> TestCallback {
    let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    let body = format!("x-gcp-marketplace-token={token}");
    TestCallback { method: "POST", kind: "signup", rest: String::new(), headers, body }
}

pub fn data(world: &World, id: &str, event_type: &str, minutes_ago: i64) -> Json {
    let at = world.ledger.now.plus_ms(-minutes_ago * MINUTE);
    let mut data = json!({
        "eventId": format!("{event_type}-{id}"), "eventType": event_type, "providerId": "acme-public",
        "entitlement": {"id": ENTITLEMENT, "updateTime": at.to_string()},
    });
    if event_type == "ENTITLEMENT_PLAN_CHANGED" {
        data["entitlement"]["newPlan"] = json!("gold");
    }
    data
}

pub fn event(world: &World, id: &str, event_type: &str, minutes_ago: i64) -> TestCallback {
    google::push(world, "events", id, &data(world, id, event_type, minutes_ago))
}

pub fn types(outcome: &Json) -> Vec<&str> {
    let conversions = outcome["conversions"].as_array().unwrap();
    conversions.iter().map(|conversion| conversion["type"].as_str().unwrap()).collect()
}

#[test]
fn a_customer_s_life_ends_in_the_same_ledger_in_whatever_order_it_arrives() {
    let mut expected = None;
    for order in orders(6).into_iter().step_by(13) {
        let mut world = world();
        world.ledger.wait(-60 * MINUTE);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(60 * MINUTE);
        let life = [
            signup(&world, 240),
            event(&world, "1", "ENTITLEMENT_CREATION_REQUESTED", 4),
            event(&world, "2", "ENTITLEMENT_ACTIVE", 3),
            event(&world, "3", "ENTITLEMENT_RENEWED", 2),
            event(&world, "4", "ENTITLEMENT_PLAN_CHANGED", 1),
            event(&world, "5", "ENTITLEMENT_CANCELLED", 0),
        ];
        for index in &order {
            world.vendor.responds = if *index == 5 { cancelled } else { active };
            let answer = world.receive(&life[*index]);
            if *index > 0 {
                assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{order:?}");
                continue;
            }
            assert_eq!(answer.status, 303, "{order:?}");
            let location = world.go_on(&answer, &format!("sp={click}")).unwrap();
            assert_eq!(location, format!("https://app.example/start?plan=pro&{}", life[0].body), "{order:?}");
        }
        // Everything is delivered again after the entitlement has ended.
        world.vendor.responds = cancelled;
        for (index, callback) in life.iter().enumerate().skip(1) {
            assert_eq!(world.refused(&format!("{order:?}: {index} again"), callback), 204);
        }
        assert_eq!(world.refused("the token again", &life[0]), 401);
        let mut outcome = world.outcome();
        // The install depends on the message that arrived first.
        let install = &mut outcome["conversions"].as_array_mut().unwrap()[1];
        for order in ["occurred_at", "metadata"] {
            install[order].take();
        }
        assert_eq!(types(&outcome), ["sale", "install", "uninstall"], "{order:?}");
        for conversion in outcome["conversions"].as_array().unwrap() {
            assert_eq!(conversion["attribution"]["credits"][0]["click_id"], click, "{order:?}");
            assert_eq!(conversion["customer_id"], format!("google-cloud:{ACCOUNT}"));
        }
        assert!(outcome["accounts"].as_str().unwrap().contains("uninstalled"), "{order:?}");
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn the_api_is_asked_as_the_service_account_and_says_whose_and_what_it_is() {
    let mut world = world();
    let callback = event(&world, "3", "ENTITLEMENT_RENEWED", 2);
    assert_eq!(world.receive(&callback).status, 204);
    let urls: Vec<(&str, &str)> =
        world.requests.iter().map(|request| (request.method, request.url.as_str())).collect();
    let api = "https://cloudcommerceprocurement.googleapis.com/v1/providers/acme-public/entitlements";
    let entitlement = format!("{api}/{ENTITLEMENT}");
    assert_eq!(urls, [("POST", "https://oauth2.googleapis.com/token"), ("GET", entitlement.as_str())]);
    let charge = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!((&charge["type"], &charge["amount"]), (&json!("sale"), &Json::Null));
    assert_eq!(charge["external_id"], format!("{}/ENTITLEMENT_RENEWED-3", world.listing));
    assert_eq!(charge["customer_id"], format!("google-cloud:{ACCOUNT}"));
    assert_eq!(charge["occurred_at"], world.ledger.now.plus_ms(-2 * MINUTE).to_string());
    let metadata = json!({"marketplace": "google-cloud", "evidence": "api_poll", "plan": "gold"});
    assert_eq!(charge["metadata"], metadata);
    // The request for a token is identical within ten minutes, so that its response can be reused.
    world.ledger.wait(599_999);
    assert_eq!(world.refused("again", &callback), 204);
    assert_eq!(world.requests[2], world.requests[0]);
    world.ledger.wait(1);
    assert_eq!(world.refused("again", &callback), 204);
    assert_ne!(world.requests[4], world.requests[0]);
    let output = format!("{:?}", world.requests);
    assert!(!output.contains(google::ACCESS_TOKEN) && !output.contains("assertion"), "{output}");
}

#[test]
fn what_the_api_does_not_bear_out_is_not_told() {
    let contradicted = "was taken in part: the API does not agree with";
    for (event_type, state, expected, agrees) in [
        ("ENTITLEMENT_CANCELLED", "ENTITLEMENT_ACTIVE", &[][..], false),
        ("ENTITLEMENT_DELETED", "ENTITLEMENT_ACTIVE", &[], false),
        ("ENTITLEMENT_RENEWED", "ENTITLEMENT_ACTIVATION_REQUESTED", &[], false),
        ("ENTITLEMENT_ACTIVE", "ENTITLEMENT_ACTIVATION_REQUESTED", &[], false),
        // It has a successor.
        ("ENTITLEMENT_OFFER_ENDED", "ENTITLEMENT_ACTIVE", &[], true),
        ("ENTITLEMENT_OFFER_ENDED", "ENTITLEMENT_CANCELLED", &["uninstall"], true),
        ("ENTITLEMENT_DELETED", "ENTITLEMENT_CANCELLED", &["uninstall"], true),
        // It was true at the time of the event.
        ("ENTITLEMENT_RENEWED", "ENTITLEMENT_CANCELLED", &["sale"], true),
        ("ENTITLEMENT_OFFER_ACCEPTED", "ENTITLEMENT_ACTIVATION_REQUESTED", &["install"], true),
        ("ENTITLEMENT_PENDING_CANCELLATION", "ENTITLEMENT_PENDING_CANCELLATION", &[], true),
        ("ENTITLEMENT_OF_TOMORROW", "ENTITLEMENT_PENDING_PLAN_CHANGE", &[], true),
    ] {
        let mut world = world();
        world.vendor.responds = match state {
            "ENTITLEMENT_ACTIVE" => active,
            "ENTITLEMENT_CANCELLED" => cancelled,
            "ENTITLEMENT_PENDING_CANCELLATION" => {
                |request| entitlement(request, "ENTITLEMENT_PENDING_CANCELLATION")
            }
            "ENTITLEMENT_PENDING_PLAN_CHANGE" => {
                |request| entitlement(request, "ENTITLEMENT_PENDING_PLAN_CHANGE")
            }
            _ => |request| entitlement(request, "ENTITLEMENT_ACTIVATION_REQUESTED"),
        };
        let callback = event(&world, "1", event_type, 1);
        assert_eq!(world.receive(&callback).status, 204, "{event_type} {state}");
        assert_eq!(types(&world.outcome()), expected, "{event_type} {state}");
        let case = world.logged.iter().any(|line| line.contains(contradicted));
        assert_eq!(case, !agrees, "{event_type} {state}: {:?}", world.logged);
    }
}

#[test]
fn a_suspension_shows_with_the_next_event_and_so_does_its_end() {
    let mut world = world();
    let status = |world: &mut World| {
        let accounts = world.outcome()["accounts"].as_str().unwrap().to_owned();
        ["activated", "suspended", "uninstalled"].into_iter().find(|status| accounts.contains(status))
    };
    let callback = event(&world, "1", "ENTITLEMENT_ACTIVE", 9);
    world.receive(&callback);
    assert_eq!(status(&mut world), Some("activated"));
    world.vendor.responds = |request| entitlement(request, "ENTITLEMENT_SUSPENDED");
    let callback = event(&world, "2", "ENTITLEMENT_PLAN_CHANGE_REQUESTED", 2);
    assert_eq!(world.receive(&callback).status, 204);
    assert_eq!(status(&mut world), Some("suspended"));
    world.vendor.responds = active;
    let callback = event(&world, "3", "ENTITLEMENT_RENEWED", 1);
    assert_eq!(world.receive(&callback).status, 204);
    assert_eq!(status(&mut world), Some("activated"));
}

#[test]
fn an_entitlement_that_google_says_no_to_or_does_not_answer_for_changes_nothing() {
    let mut world = world();
    let callback = event(&world, "1", "ENTITLEMENT_RENEWED", 1);
    for (case, vendor, status) in [
        (
            "unknown",
            (|request| google::grants(request, SCOPE).unwrap_or(respond(404, "")))
                as fn(&VendorRequest) -> VendorResult,
            401,
        ),
        (
            "its own failure",
            |request| google::grants(request, SCOPE).unwrap_or(Err(VendorError::NoResponse)),
            503,
        ),
        ("too many", |request| google::grants(request, SCOPE).unwrap_or(respond(429, "")), 503),
        ("no JSON", |request| google::grants(request, SCOPE).unwrap_or(respond(200, "<html>")), 500),
        ("no token", |_| respond(400, r#"{"error":"invalid_grant"}"#), 401),
        ("an empty token", |_| respond(200, "{}"), 503),
    ] {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &callback), status, "{case}");
    }
    // A deleted entitlement will not come back, and its end was reported before.
    world.vendor.responds = |request| google::grants(request, SCOPE).unwrap_or(respond(404, ""));
    let gone = event(&world, "2", "ENTITLEMENT_DELETED", 1);
    assert_eq!(world.refused("gone", &gone), 204);
    world.vendor.responds = active;
    world.vendor.signs = |_, _| Err(VendorError::UnusableKey);
    assert_eq!(world.refused("no usable key", &callback), 401);
    world.vendor.signs = google::signs;
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &json!({"secrets": {"service_account": "{}"}})).status, 200);
    assert_eq!(world.refused("no key file", &callback), 401);
    let key = json!({"secrets": {"service_account": google::service_account()}});
    assert_eq!(world.ledger.patch(&path, &key).status, 200);
    assert_eq!(world.receive(&callback).status, 204);
}
