//! Captured vectors: optional fields, lists, and the printed lines.

use serde_json::{Value, json};
use vectors::{outcome::Summary, vector};

/// The signature of `{"test":1}` with the secret `one`, computed with OpenSSL.
const SIGNED: &str = "w3DndT4IUYxaTCPTvEBO9bBKpI8aOQMkzhJ2gl7b0fo=";

fn lines(file: &Value) -> (Vec<String>, Summary) {
    let mut summary = Summary::default();
    let vectors = vector::parse(&file.to_string()).unwrap();
    (vectors.iter().filter_map(|vector| summary.add(vector)).collect(), summary)
}

fn request(headers: Value, body: Value) -> Value {
    json!({"method": "POST", "url": "https://app.example.com/w", "headers": headers, "body": body})
}

fn woo(keys: Value, headers: Value, valid: bool) -> Value {
    json!({"id": "w", "keys": keys, "request": request(headers, json!("{\"test\":1}")), "valid": valid})
}

#[test]
fn secrets_may_be_one_or_several_under_several_names() {
    let signed = json!({"x-wc-webhook-SIGNATURE": SIGNED});
    for (keys, line) in [
        (json!({"secret": "one"}), "ok woocommerce_webhook w"),
        (json!({"secret": "two", "accepted_secrets": ["three", "one"]}), "ok woocommerce_webhook w"),
        (json!({"accepted_secrets": ["two", "one"], "remark": "one"}), "ok woocommerce_webhook w"),
        (
            json!({"secret": "two", "effective_secret": "one"}),
            "FAIL woocommerce_webhook w expected accept, got refuse (the signature does not match)",
        ),
        (
            json!({"secret": ""}),
            "FAIL woocommerce_webhook w expected accept, got refuse (not configured: a secret is empty)",
        ),
        (
            json!({}),
            "FAIL woocommerce_webhook w expected accept, got refuse (not configured: there is no secret)",
        ),
    ] {
        let file = json!({"scheme": "woocommerce_webhook", "vectors": [woo(keys, signed.clone(), true)]});
        assert_eq!(lines(&file).0, [line]);
    }
}

#[test]
fn what_is_not_needed_may_be_absent_or_null() {
    let bare = json!({"id": "a", "scheme": "woocommerce_webhook", "request": {}, "valid": false});
    let nulls = json!({"id": "b", "keys": null, "config": null, "now_ms": null, "valid": false,
        "request": {"method": null, "url": null, "headers": null, "body": null}, "reason": null});
    let listed = woo(json!({"secret": "one"}), json!({"X-WC-Webhook-Signature": [SIGNED, SIGNED]}), false);
    let pairs = woo(json!({"secret": "one"}), json!([["X-WC-Webhook-Signature", SIGNED]]), true);
    let file = json!({"scheme": "woocommerce_webhook", "vectors": [bare, nulls, listed, pairs]});
    let (lines, summary) = lines(&file);
    assert!(lines.iter().all(|line| line.starts_with("ok ")), "{lines:?}");
    assert_eq!(summary.to_string(), "4 passed, 0 failed");
}

#[test]
fn the_summary_counts_apart_what_is_ambiguous_and_unknown() {
    let right = woo(json!({"secret": "one"}), json!({"X-WC-Webhook-Signature": SIGNED}), true);
    let mut wrong = right.clone();
    wrong["valid"] = json!(false);
    let mut ambiguous = wrong.clone();
    ambiguous["ambiguous"] = json!(true);
    let mut unknown = right.clone();
    unknown["scheme"] = json!("carrier_pigeon");
    let file =
        json!({"scheme": "woocommerce_webhook", "vectors": [right, wrong, ambiguous, unknown, unknown]});
    let (lines, summary) = lines(&file);
    assert_eq!(
        lines,
        [
            "ok woocommerce_webhook w",
            "FAIL woocommerce_webhook w expected refuse, got accept",
            "ambiguous woocommerce_webhook w expected refuse, got accept",
        ]
    );
    assert_eq!(summary.unknown().collect::<Vec<_>>(), ["unknown scheme carrier_pigeon: 2 vectors not run"]);
    assert_eq!(summary.to_string(), "1 passed, 1 failed, 1 ambiguous, 2 unknown");
    assert_eq!(summary.failed(), 1);
}

#[test]
fn a_secret_in_base64_is_one_if_it_says_so() {
    // The published example of Standard Webhooks.
    let headers = json!({
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="});
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let file = |keys: Value, clock: (&str, Value), valid: bool| {
        let mut vector = json!({"id": "s", "keys": keys, "valid": valid,
            "request": request(headers.clone(), json!("{\"test\": 2432232314}"))});
        vector[clock.0] = clock.1;
        json!({"scheme": "bigcommerce_webhook", "vectors": [vector]})
    };
    let at = || ("now_ms", json!(1_614_265_330_000_i64));
    for (file, line) in [
        (file(json!({"secret": secret}), at(), true), "ok bigcommerce_webhook s"),
        (file(json!({"secret": secret}), ("now", json!(1_614_265_330)), true), "ok bigcommerce_webhook s"),
        (
            file(json!({"secret": secret}), ("now", json!("2021-02-25T15:02:10Z")), true),
            "ok bigcommerce_webhook s",
        ),
        (
            file(json!({"secret": secret, "secret_encoding": "base64 after whsec_"}), at(), true),
            "ok bigcommerce_webhook s",
        ),
        (
            file(json!({"secret": secret, "secret_encoding": "raw UTF-8 bytes, not base64"}), at(), false),
            "ok bigcommerce_webhook s",
        ),
    ] {
        assert_eq!(lines(&file).0, [line]);
    }
}

#[test]
fn a_file_that_is_none_says_why() {
    for (text, why) in [
        ("", "is not a vector file: EOF while parsing a value at line 1 column 0"),
        (r#"{"vectors":[{"id":"a","request":{}}]}"#, "is not a vector file: missing field `valid`"),
        (r#"{"vectors":[{"id":"a","request":{},"valid":true}]}"#, "the vector a: the scheme is missing"),
        (
            r#"{"scheme":"s","vectors":[{"id":"a","request":{"body_base64":"%"},"valid":true}]}"#,
            "the vector a: `body_base64` is not base64",
        ),
        (
            r#"{"scheme":"s","vectors":[{"id":"a","request":{"headers":{"x":{}}},"valid":true}]}"#,
            "the vector a: the header x is {}, not text",
        ),
        (
            r#"{"scheme":"s","vectors":[{"id":"a","request":{},"valid":true,"now_ms":-1}]}"#,
            "the vector a: the clock is outside of the years 1970 to 9999",
        ),
    ] {
        let error = format!("{:#}", vector::parse(text).unwrap_err());
        assert!(error.starts_with(why), "{error}");
    }
}
