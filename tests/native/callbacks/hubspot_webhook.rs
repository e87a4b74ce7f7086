//! HubSpot's webhooks: batches with unreadable elements, and three signature versions, of which the latest counts.

use super::{
    TestCallback, World,
    hubspot::{SECRET, change, settings, world, world_with},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use signpost::marketplace::adapter::CallbackResponse;

/// An element of a webhook, as documented.
pub(crate) fn element(at: i64) -> Json {
    json!({
        "eventId": 3_816_279_340_u64, "subscriptionId": 25, "portalId": 62_515, "appId": 1_160_452,
        "occurredAt": 1_793_491_200_000_i64 + at, "subscriptionType": "deal.propertyChange", "attemptNumber": 0,
        "objectId": 9_876_543_210_u64, "propertyName": "dealstage", "propertyValue": "closedwon",
        "changeSource": "CRM_UI", "sourceId": "userId:1234",
    })
}

fn headers(headers: &[(&str, String)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Signed with v3 at this time, and with v1 as well, as HubSpot does.
fn signed_at(world: &World, body: String, ms: i64) -> TestCallback {
    let url = format!("https://go.example/callbacks/hubspot/{}/webhook", world.listing);
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("POST{url}{body}{ms}").as_bytes());
    let mut callback = legacy("v1", "", body);
    callback.headers.extend(headers(&[
        ("X-HubSpot-Signature-v3", STANDARD.encode(mac.finalize().into_bytes())),
        ("X-HubSpot-Request-Timestamp", ms.to_string()),
    ]));
    callback
}

pub(crate) fn signed(world: &World, body: &Json) -> TestCallback {
    signed_at(world, body.to_string(), world.ledger.now.ms())
}

/// Signed with v1 or v2 only; `before` is the text that v2 signs before the body.
fn legacy(version: &str, before: &str, body: String) -> TestCallback {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(format!("{SECRET}{before}{body}")));
    let headers =
        headers(&[("X-HubSpot-Signature", hash), ("X-HubSpot-Signature-Version", version.to_owned())]);
    TestCallback { method: "POST", kind: "webhook", rest: String::new(), headers, body }
}

fn without(callback: &TestCallback, header: &str) -> TestCallback {
    let mut callback = callback.clone();
    callback.headers.retain(|(name, _)| name != header);
    callback
}

#[test]
fn webhooks_are_answered_and_a_deal_of_the_customers_is_no_sale_of_ours() {
    let mut world = world();
    let deal = signed(&world, &json!([element(0), element(0), element(-5)]));
    assert_eq!(world.refused("a deal that is won", &deal), 200);
    assert_eq!(world.refused("the same again", &deal), 200);
    assert_eq!(world.refused("nothing", &signed(&world, &json!([]))), 200);
    let old = json!([{"eventType": "contact.privacyDeletion", "portalId": "62515", "objectId": 7}]);
    assert_eq!(world.refused("as in documents of old", &signed(&world, &old)), 200);
    assert_eq!(world.receive(&deal), CallbackResponse::empty(200));
    assert_eq!(world.logged, Vec::<String>::new());
}

#[test]
fn one_element_of_a_hundred_that_cannot_be_read_holds_up_nothing_and_is_known() {
    let mut world = world_with(&json!({"app_id": "1160452"}));
    let batch = |place: usize, bad: &Json| {
        let mut batch: Vec<Json> = (0..100).map(element).collect();
        batch[place] = bad.clone();
        json!(batch)
    };
    let lacking = |field: &str| {
        let mut bad = element(0);
        bad.as_object_mut().unwrap().remove(field);
        bad
    };
    let mut foreign = element(0);
    foreign["appId"] = json!(7);
    for (place, bad, objection) in [
        (0, json!(null), "has no subscriptionType"),
        (99, json!("x"), "has no subscriptionType"),
        (41, lacking("subscriptionType"), "has no subscriptionType"),
        (42, lacking("portalId"), "has no portalId"),
        (43, foreign.clone(), "is of another app"),
        (44, lacking("appId"), "is of another app"),
    ] {
        world.logged.clear();
        assert_eq!(world.refused(objection, &signed(&world, &batch(place, &bad))), 200, "{bad}");
        let line = format!(
            "a callback of {}, hubspot webhook, was taken in part: 1 of 100 elements do not count, the last: \
             /{place} {objection}",
            world.listing
        );
        assert_eq!(world.logged, [line]);
    }
    assert_eq!(world.refused("all of another app", &signed(&world, &json!([foreign]))), 200);
    for (case, body) in
        [("no list", json!({})), ("none that can be read", json!([{}, 1])), ("a text", json!("closedwon"))]
    {
        assert_eq!(world.refused(case, &signed(&world, &body)), 500, "{case}");
    }
    let now = world.ledger.now.ms();
    assert_eq!(world.refused("no JSON", &signed_at(&world, "[".to_owned(), now)), 500);
    assert_eq!(world.refused("no body", &signed_at(&world, String::new(), now)), 500);
    for (set, status) in [(json!(1_160_452), 200), (json!(null), 200), (json!("x"), 401), (json!([]), 401)] {
        change(&mut world, &json!({"settings": settings(&json!({"app_id": set}))}));
        assert_eq!(world.refused("app_id", &signed(&world, &json!([element(0)]))), status, "{set}");
    }
}

#[test]
fn forged_and_stale_webhooks_are_refused_and_no_older_signature_stands_in_for_a_v3() {
    let mut world = world();
    let body = json!([element(0)]).to_string();
    let v3 = "X-HubSpot-Signature-v3";
    let genuine = signed(&world, &json!([element(0)]));
    assert_eq!(world.refused("genuine", &genuine), 200);
    let before = format!("POSThttps://go.example/callbacks/hubspot/{}/webhook", world.listing);
    let (v1, v2) = (legacy("v1", "", body.clone()), legacy("v2", &before, body.clone()));
    let mut bad_v3 = v1.clone();
    bad_v3.headers.extend(headers(&[
        (v3, STANDARD.encode([7; 32])),
        ("X-HubSpot-Request-Timestamp", world.ledger.now.ms().to_string()),
    ]));
    let mut empty_v3 = v1.clone();
    empty_v3.headers.extend(headers(&[(v3, String::new())]));
    let mut twice = genuine.clone();
    twice.headers.extend(headers(&[(v3, STANDARD.encode([7; 32]))]));
    let (now, query) = (world.ledger.now.ms(), TestCallback { rest: "?x=1".to_owned(), ..genuine.clone() });
    let refused = [
        ("changed", TestCallback { body: body.replace("62515", "62516"), ..genuine.clone() }),
        ("at another address", query),
        ("with another method", TestCallback { method: "GET", ..genuine.clone() }),
        ("300 001 ms old", signed_at(&world, body.clone(), now - 300_001)),
        ("of the future", signed_at(&world, body.clone(), now + 300_001)),
        ("without its time", without(&genuine, "X-HubSpot-Request-Timestamp")),
        ("a v1 beside a bad v3", bad_v3),
        ("a v1 beside an empty v3", empty_v3),
        ("two v3", twice),
        ("nothing", TestCallback { headers: vec![], ..genuine.clone() }),
        ("a v1 of another body", TestCallback { body: "[]".to_owned(), ..v1.clone() }),
        ("a v2 called v1", legacy("v1", &before, body.clone())),
        ("a v1 called v2", legacy("v2", "", body.clone())),
        ("a v4", legacy("v4", "", body.clone())),
        ("no version", without(&v1, "X-HubSpot-Signature-Version")),
    ];
    assert_eq!(world.refused("300 000 ms old", &signed_at(&world, body.clone(), now - 300_000)), 200);
    let older = [("v1", &v1), ("v2", &v2)];
    for (set, status) in [(json!(null), 401), (json!("true"), 401), (json!(true), 200)] {
        change(&mut world, &json!({"settings": settings(&json!({"accept_v1": set}))}));
        for (case, callback) in &refused {
            assert_eq!(world.refused(case, callback), 401, "{case}, accept_v1 {set}");
        }
        for (case, callback) in older {
            assert_eq!(world.refused(case, callback), status, "{case}, accept_v1 {set}");
        }
        assert_eq!(world.refused("genuine", &genuine), 200);
    }
}
