//! The calls that a callback causes. A test fails if our own limits count as a vendor's verdict, if a row changes
//! although a call failed, if the number of calls is unlimited, if keys are loaded one after another, or if a time is
//! older than the last call.

use super::{
    TestCallback, World, aws, digitalocean,
    fake_vendor::{Call, DocumentRequest, respond},
    google, google_cloud, google_workspace, magento, microsoft, oauth,
};
use crate::support::rows;
use serde_json::json;
use signpost::marketplace::{
    receive::Outcome,
    signature::Refusal,
    vendor_api::{Document, MAX_DOCUMENTS, VendorError},
};

/// A callback, and the number of calls that it causes.
struct Case {
    name: &'static str,
    world: World,
    callback: TestCallback,
    calls: usize,
}

fn case(name: &'static str, calls: usize, (world, callback): (World, TestCallback)) -> Case {
    Case { name, world, callback, calls }
}

/// A signed AWS event that the Agreement API has to confirm.
fn aws_event() -> (World, TestCallback) {
    let mut settings = aws::settings();
    settings["product_id"] = json!(aws::PRODUCT_ID);
    let mut world = aws::world_with(&settings, &aws::secrets());
    world.vendor.responds = |_| aws::described("ACTIVE");
    let detail_type = "Purchase Agreement Created - Proposer";
    let created = aws::event(detail_type, "2026-11-22T11:59:50Z", &json!({"intent": "NEW"}));
    (world, aws::notification("m", &created))
}

fn google_cloud_event() -> (World, TestCallback) {
    let world = google_cloud::world();
    let callback = google_cloud::event(&world, "1", "ENTITLEMENT_RENEWED", 1);
    (world, callback)
}

fn microsoft_webhook() -> (World, TestCallback) {
    let world = microsoft::world(&json!({"client_secret": "entra-client-secret"}));
    let callback = microsoft::webhook(&world, &microsoft::body(2, 30));
    (world, callback)
}

fn cases() -> Vec<Case> {
    vec![
        case("google cloud: keys, signature, token, entitlement", 4, google_cloud_event()),
        case("microsoft: keys, token, operation", 3, microsoft_webhook()),
        case("aws: certificate, agreement", 2, aws_event()),
        case("adobe: two keys", 2, (magento::world(), magento::paid_order())),
        case("bigcommerce: token", 1, (oauth::world(), oauth::auth(oauth::QUERY))),
        case("google workspace: token, keys", 2, google_workspace::first_sign_in()),
        case("digitalocean: token", 1, (digitalocean::exchanging(), digitalocean::provision(json!({})))),
    ]
}

#[test]
fn every_callback_causes_the_calls_that_it_says_and_succeeds() {
    for Case { name, mut world, callback, calls } in cases() {
        let outcome = world.judge(&callback);
        assert!(matches!(outcome, Outcome::Report { .. }), "{name}: {outcome:?}");
        assert_eq!(world.calls.len(), calls, "{name}");
    }
}

#[test]
fn a_rate_limited_call_is_never_judged_whichever_it_is() {
    for (index, Case { calls, .. }) in cases().into_iter().enumerate() {
        for failing in 0..calls {
            let Case { name, mut world, callback, .. } = cases().swap_remove(index);
            world.vendor.fails = Some((failing, VendorError::RateLimited));
            let before = rows::rows(&world.ledger.sql);
            assert_eq!(world.judge(&callback), Outcome::RateLimited, "{name} {failing}");
            assert_eq!(
                rows::difference(&before, &rows::rows(&world.ledger.sql)),
                [""; 0],
                "{name} {failing}"
            );
        }
    }
}

#[test]
fn a_vendor_that_does_not_answer_is_a_503_except_for_a_code_that_came_with_a_resource() {
    for (index, Case { calls, .. }) in cases().into_iter().enumerate() {
        for failing in 0..calls {
            let Case { name, mut world, callback, .. } = cases().swap_remove(index);
            world.vendor.fails = Some((failing, VendorError::NoResponse));
            let outcome = world.judge(&callback);
            if name.starts_with("digitalocean") {
                assert!(matches!(outcome, Outcome::Report { .. }), "{outcome:?}");
                continue;
            }
            let Outcome::Respond { response, log, .. } = outcome else {
                panic!("{name} {failing}: {outcome:?}")
            };
            let body = "The marketplace does not answer. Try again.";
            assert_eq!((response.status, response.body.as_str()), (503, body), "{name} {failing}");
            assert!(response.headers.contains(&("retry-after", "5".to_owned())), "{name} {failing}");
            assert!(log.unwrap().ends_with(", is refused: the vendor does not answer"), "{name} {failing}");
            assert_eq!(world.calls.len(), failing + 1, "{name} {failing}: nothing follows the failure");
        }
    }
}

#[test]
fn documents_that_are_never_the_newest_are_loaded_so_often_and_no_more() {
    let (mut world, callback) = google_cloud_event();
    world.vendor.publishes =
        |_| Document { text: Some(r#"{"keys":[]}"#.to_owned()), absent: false, newest: false };
    let Outcome::Respond { response, log, .. } = world.judge(&callback) else { panic!("it was judged") };
    assert_eq!(response.status, 500);
    assert!(log.unwrap().ends_with("is refused: the callback caused too many vendor calls"));
    let newer: Vec<bool> = world.documents.iter().map(|request| request.newer).collect();
    assert_eq!(newer, [false, true, true, true]);
    assert_eq!((world.calls.len(), MAX_DOCUMENTS), (4, 4));
}

#[test]
fn two_keys_are_loaded_at_once() {
    let mut world = magento::world();
    world.vendor.concurrent_documents = 2;
    assert!(matches!(world.judge(&magento::paid_order()), Outcome::Report { .. }));
    let urls = ["one", "other"].map(|key| DocumentRequest {
        url: format!("https://static.adobeioevents.com/prod/keys/pub-key-{key}.pem"),
        newer: false,
    });
    assert_eq!(world.documents, urls);
}

#[test]
fn the_calls_are_made_in_order_and_the_clock_is_read_after_each() {
    let (mut world, callback) = google_cloud_event();
    // The keys take ten minutes to arrive, and the assertion has the time after that.
    let start = world.ledger.now.ms() / 1000;
    world.vendor.latency_ms = 600_000;
    world.judge(&callback);
    let [Call::Document(keys), Call::Sign(assertion), Call::Send(token), Call::Send(entitlement)] =
        world.calls.as_slice()
    else {
        panic!("{:?}", world.calls)
    };
    assert_eq!((keys.url.as_str(), keys.newer), (google::JWKS, false));
    assert!(token.body.contains("assertion=") && entitlement.method == "GET");
    assert_eq!(google::issued_at(assertion), start + 600);

    // A signature for AWS has the time of its own request.
    let (mut world, callback) = aws_event();
    world.vendor.latency_ms = 7_000;
    let expected = world.ledger.now.plus_ms(7_000).to_string();
    world.judge(&callback);
    let date = world.requests[0].headers.iter().find(|(name, _)| *name == "x-amz-date").unwrap();
    let digits: String = expected.chars().take(19).filter(char::is_ascii_digit).collect();
    assert_eq!(date.1.replace(['T', 'Z'], ""), digits);
}

#[test]
fn a_token_that_expires_while_its_keys_are_loaded_is_refused() {
    let (mut world, callback) = microsoft_webhook();
    world.vendor.latency_ms = 2 * 3_600_000;
    let Outcome::Respond { response, log, .. } = world.judge(&callback) else { panic!("it was accepted") };
    assert_eq!(response.status, 401);
    assert!(log.unwrap().ends_with(&format!("is refused: {}", Refusal::Stale)));
    assert_eq!(world.calls.len(), 1);
}

#[test]
fn debug_output_shows_no_secret() {
    let (mut world, callback) = (oauth::world(), oauth::auth(oauth::QUERY));
    world.judge(&callback);
    let output = format!("{:?} {:?}", world.calls, respond(200, "a-secret-body"));
    assert!(!output.contains("secret") && !output.contains("qr6h3thvbvag2ffq"), "{output}");
}
