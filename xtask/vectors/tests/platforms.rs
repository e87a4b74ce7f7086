//! Captured vectors of platforms: alternative names of keys and configuration.

use serde_json::{Value, json};
use std::path::Path;
use vectors::{
    outcome::{Outcome, run},
    vector::{self, Vector},
};

/// The first valid vector of a scheme in the repository.
fn valid(scheme: &str) -> Vector {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/vectors/{scheme}.json"));
    vector::read(&path).unwrap().into_iter().find(|vector| vector.valid).unwrap()
}

#[track_caller]
fn assert_outcome(scheme: &str, change: impl FnOnce(&mut Vector), expected: &str) {
    let mut vector = valid(scheme);
    change(&mut vector);
    assert_eq!(run(&vector).unwrap().to_string(), expected, "{scheme}");
}

/// Renames a member from `from` to `to` and converts its value with `put`.
fn renamed(map: &mut serde_json::Map<String, Value>, from: &str, to: &str, put: impl FnOnce(Value) -> Value) {
    let value = map.remove(from).unwrap();
    map.insert(to.to_owned(), put(value));
}

#[test]
fn keys_and_configuration_have_several_names() {
    assert_outcome(
        "aws_sns",
        |vector| renamed(&mut vector.keys, "cert_by_url", "pem_by_url", |map| map),
        "accept",
    );
    let first = |map: Value| map.as_object().unwrap().values().next().unwrap().clone();
    assert_outcome(
        "aws_sns",
        |vector| renamed(&mut vector.keys, "cert_by_url", "certificate", first),
        "accept",
    );
    let one = |list: Value| list[0].clone();
    assert_outcome("aws_sns", |vector| renamed(&mut vector.config, "topic_arns", "topic_arn", one), "accept");
    assert_outcome(
        "adobe_io_events",
        |vector| renamed(&mut vector.config, "client_id", "client_ids", |id| json!([id])),
        "accept",
    );
    assert_outcome(
        "adobe_commerce_webhook",
        |vector| renamed(&mut vector.keys, "public_pem", "public_key", |pem| pem),
        "accept",
    );
    assert_outcome(
        "skadnetwork_postback",
        |vector| renamed(&mut vector.keys, "spki_b64", "spki", |key| key),
        "accept",
    );
    // The first valid vector is Apple's own example, so it verifies with Apple's own key.
    assert_outcome("skadnetwork_postback", |vector| vector.keys.clear(), "accept");
    let values = |value: Value| json!(["new", value]);
    let scheme = "aws_eventbridge_api_destination";
    assert_outcome(scheme, |vector| renamed(&mut vector.keys, "value", "values", values), "accept");
    assert_outcome(scheme, |vector| drop(vector.config.remove("source")), "accept");
}

#[test]
fn what_is_missing_proves_nothing() {
    let missing = "refuse (the listing is not set up for this callback: a secret or a setting is missing)";
    assert_outcome("aws_sns", |vector| vector.config.clear(), missing);
    assert_outcome("adobe_io_events", |vector| vector.config.clear(), missing);
    assert_outcome("adobe_commerce_webhook", |vector| vector.keys.clear(), missing);
    assert_outcome("aws_eventbridge_api_destination", |vector| vector.keys.clear(), missing);
    assert_outcome(
        "aws_eventbridge_api_destination",
        |vector| drop(vector.config.remove("account")),
        missing,
    );
    let silent = "refuse (the vendor does not answer)";
    assert_outcome("aws_sns", |vector| vector.keys.clear(), silent);
    assert_outcome("adobe_io_events", |vector| vector.keys.clear(), silent);
}

#[test]
fn apps_and_networks_bind_where_they_are_configured() {
    for scheme in ["skadnetwork_postback", "adattributionkit_postback"] {
        let with = |name: &'static str| {
            move |vector: &mut Vector| drop(vector.config.insert(name.to_owned(), json!([1])))
        };
        assert_outcome(scheme, with("app_ids"), "refuse (the audience is not ours)");
        assert_outcome(scheme, with("ad_network_ids"), "refuse (the issuer is not the expected one)");
    }
}

#[test]
fn an_answer_and_a_signed_request_are_compared_whole() {
    let answered = |change: fn(&mut Value)| {
        let mut vector = valid("adobe_io_events_challenge");
        change(vector.expected_response.as_mut().unwrap());
        run(&vector).unwrap()
    };
    assert_eq!(answered(|_| {}), Outcome::Accepted);
    let other: [fn(&mut Value); 3] = [
        |expected| expected["status"] = json!(204),
        |expected| expected["body"] = json!("{}"),
        |expected| expected["headers"]["content-type"] = json!("text/html"),
    ];
    for change in other {
        assert_ne!(answered(change), Outcome::Accepted);
    }
    for at in 0..valid("aws_sigv4_outgoing").request.headers.len() {
        let mut vector = valid("aws_sigv4_outgoing");
        vector.request.headers[at].1.push('0');
        assert_ne!(run(&vector).unwrap(), Outcome::Accepted);
        vector.request.headers.remove(at);
        assert_ne!(run(&vector).unwrap(), Outcome::Accepted);
    }
}
