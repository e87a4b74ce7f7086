//! Google Cloud Marketplace without access to the API, and callbacks that are refused. A test fails if the recorded
//! evidence is stronger than the proof, or if a push is accepted that is not the operator's own.

use super::{
    TestCallback, World, google,
    google_cloud::{ACCOUNT, ENTITLEMENT, ORDER, data, event, signup, signup_with, types, world, world_with},
};
use serde_json::{Value as Json, json};

pub(crate) fn account(world: &World, event_type: &str) -> TestCallback {
    let data = json!({
        "eventId": format!("{event_type}-1"), "eventType": event_type, "providerId": "acme-public",
        "account": {"id": ACCOUNT, "updateTime": "2026-11-22T11:59:51.275760Z"},
    });
    google::push(world, "events", "1", &data)
}

#[test]
fn without_the_api_an_event_is_told_on_the_caller_s_word_alone() {
    for (event_type, expected) in [
        ("ENTITLEMENT_CREATION_REQUESTED", &[][..]),
        ("ENTITLEMENT_OFFER_ACCEPTED", &[]),
        ("ENTITLEMENT_ACTIVE", &[]),
        ("ENTITLEMENT_PLAN_CHANGED", &[]),
        ("ENTITLEMENT_RENEWED", &["sale"]),
        ("ENTITLEMENT_OFFER_ENDED", &[]),
        ("ENTITLEMENT_CANCELLED", &["uninstall"]),
        ("ENTITLEMENT_DELETED", &["uninstall"]),
        ("ENTITLEMENT_PENDING_CANCELLATION", &[]),
        ("SOMETHING_ELSE", &[]),
    ] {
        let mut world = world_with(&json!({}));
        let callback = event(&world, "1", event_type, 1);
        assert_eq!(world.receive(&callback).status, 204, "{event_type}");
        let outcome = world.outcome();
        assert_eq!(types(&outcome), expected, "{event_type}");
        for conversion in outcome["conversions"].as_array().unwrap() {
            assert_eq!(conversion["customer_id"], format!("google-cloud:{ENTITLEMENT}"));
            let metadata = json!({"marketplace": "google-cloud", "evidence": "transport_only"});
            assert_eq!(conversion["metadata"], metadata, "{event_type}");
        }
        assert_eq!(world.refused("again", &callback), 204, "{event_type}");
        assert!(world.requests.is_empty());
    }
    let mut world = world_with(&json!({}));
    for event_type in ["ACCOUNT_ACTIVE", "ACCOUNT_CREATION_REQUESTED", "ACCOUNT_DELETED"] {
        let callback = account(&world, event_type);
        assert_eq!(world.refused(event_type, &callback), 204);
    }
}

#[test]
fn an_order_that_the_sign_up_names_joins_what_follows_to_the_account() {
    let mut world = world_with(&json!({}));
    let click = world.ledger.click(world.link_no);
    let signup = signup(&world, 10);
    let answer = world.receive(&signup);
    world.go_on(&answer, &format!("sp={click}")).unwrap();
    let mut data = data(&world, "1", "ENTITLEMENT_RENEWED", 0);
    data["entitlement"]["id"] = json!(ORDER);
    let callback = google::push(&world, "events", "1", &data);
    assert_eq!(world.receive(&callback).status, 204);
    let outcome = world.outcome();
    assert_eq!(types(&outcome), ["sale", "install"]);
    for conversion in outcome["conversions"].as_array().unwrap() {
        assert_eq!(conversion["customer_id"], format!("google-cloud:{ACCOUNT}"));
        assert_eq!(conversion["attribution"]["credits"][0]["click_id"], click);
    }
}

#[test]
fn a_deleted_account_ends_once_with_its_entitlements() {
    let mut world = world();
    let callback = account(&world, "ACCOUNT_DELETED");
    assert_eq!(world.receive(&callback).status, 204);
    world.vendor.responds = super::google_cloud::cancelled;
    let callback = event(&world, "1", "ENTITLEMENT_CANCELLED", 1);
    assert_eq!(world.receive(&callback).status, 204);
    assert_eq!(types(&world.outcome()), ["uninstall"]);
}

#[test]
fn an_entitlement_of_another_product_is_another_listing_s() {
    let mut world = world();
    let path = format!("/v1/listings/{}", world.listing);
    let mut settings = world.ledger.get(&path).json["settings"].take();
    for (product, expected) in [("acme-other", &[][..]), ("acme-sync", &["sale"])] {
        settings["product"] = json!(product);
        assert_eq!(world.ledger.patch(&path, &json!({"settings": settings})).status, 200);
        let callback = event(&world, "1", "ENTITLEMENT_RENEWED", 1);
        assert_eq!(world.receive(&callback).status, 204);
        assert_eq!(types(&world.outcome()), expected, "{product}");
    }
}

#[test]
fn a_push_of_anybody_else_s_changes_nothing() {
    let mut world = world();
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    let data = data(&world, "1", "ENTITLEMENT_RENEWED", 1);
    let good = google::push(&world, "events", "1", &data);
    for (case, callback) in google::forgeries(&world, &good, "events", &data) {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    let path = format!("/v1/listings/{}", world.listing);
    let settings = world.ledger.get(&path).json["settings"].take();
    for name in ["audience", "push_email", "subscription"] {
        let mut lacking = settings.clone();
        lacking.as_object_mut().unwrap().remove(name);
        assert_eq!(world.ledger.patch(&path, &json!({"settings": lacking})).status, 200);
        assert_eq!(world.refused(name, &good), 401, "{name}");
    }
    let mut lacking = settings.clone();
    lacking["provider_id"] = json!("../acme");
    assert_eq!(world.ledger.patch(&path, &json!({"settings": lacking})).status, 200);
    assert_eq!(world.refused("no plain provider", &good), 401);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": settings})).status, 200);
    // Authentic, but not of the documented form: it is delivered again.
    let with = |world: &World, entitlement: Json| {
        let mut data = data.clone();
        data["entitlement"] = entitlement;
        google::push(world, "events", "1", &data)
    };
    for (case, callback) in [
        ("no event", google::push(&world, "events", "1", &json!({}))),
        ("an id that leads elsewhere", with(&world, json!({"id": "../accounts/a"}))),
        ("a long id", with(&world, json!({"id": "a".repeat(65)}))),
        ("no id", with(&world, json!({}))),
    ] {
        assert_eq!(world.refused(case, &callback), 500, "{case}");
    }
}

#[test]
fn a_new_key_of_google_s_is_fetched_once_and_an_unknown_one_is_refused() {
    let mut world = world_with(&json!({}));
    let data = data(&world, "1", "ENTITLEMENT_RENEWED", 1);
    let claims = google::push_claims(&world);
    let under = |kid: &str| {
        let headers =
            vec![("authorization".to_owned(), format!("Bearer {}", google::token_under(kid, &claims)))];
        TestCallback { headers, ..google::push_under("events", &claims, "1", &data) }
    };
    assert_eq!(world.refused("an unknown key", &under("key-3")), 401);
    assert_eq!(world.receive(&under("key-2")).status, 204);
    let newer: Vec<bool> = world.documents.iter().map(|request| request.newer).collect();
    assert_eq!(newer, [false, true, false, true]);
    assert!(world.documents.iter().all(|request| request.url == google::JWKS));
    world.vendor.publishes = |request| {
        let mut document = google::publishes(request);
        (document.text, document.newest) = (None, true);
        document
    };
    assert_eq!(world.refused("Google does not answer", &under("key-1")), 503);
}

#[test]
fn a_sign_up_that_is_not_ours_and_of_now_changes_nothing() {
    let mut world = world_with(&json!({}));
    let now = world.ledger.now.ms() / 1000;
    let claims = json!({
        "iss": google::SIGNUP_ISSUER, "iat": now, "exp": now + 300, "aud": "app.acme.example", "sub": ACCOUNT, "google": {},
    });
    let with = |name: &str, value: Json| {
        let mut claims = claims.clone();
        claims[name] = value;
        signup_with(&google::token(&claims))
    };
    for (case, callback) in [
        ("another product's", with("aud", json!("other.example"))),
        ("another issuer's", with("iss", json!("https://accounts.google.com"))),
        ("nobody's", with("sub", json!(""))),
        ("old", with("iat", json!(now - 400))),
        ("no token", signup_with("")),
        ("half a token", signup_with(&google::token(&claims)[..100])),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    assert_eq!(world.receive(&signup_with(&google::token(&claims))).status, 303);
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": {}})).status, 200);
    assert_eq!(world.refused("no domain", &with("iat", json!(now - 1))), 401);
}
