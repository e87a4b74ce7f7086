//! Tokens with a valid signature and invalid content.

use crate::signatures::signer::{AUDIENCE, NOW_S, base64, get, hex, jwt, mac, post, verify_request};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use signpost::marketplace::signature::{Refusal, Scheme};

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn load(header: &str, claims: &str) -> Result<(), Refusal> {
    let url = format!("https://app.example.com/load?signed_payload_jwt={}", jwt(header, claims));
    verify_request(Scheme::BigcommerceSignedPayloadJwt, &get(&url))
}

fn bigcommerce() -> Value {
    json!({"aud": AUDIENCE, "iss": "bc", "iat": NOW_S - 60, "nbf": NOW_S - 65, "exp": NOW_S + 86_340,
           "jti": "9dd6cf2c-1b4c-4c7d-9a2e-0d6f7f3f7f11", "sub": "stores/z4zn3wo"})
}

/// The claims with one of them changed, or removed if the value is `null`.
fn changed(mut claims: Value, name: &str, value: Value) -> String {
    let object = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(object.remove(name)),
        value => drop(object.insert(name.to_owned(), value)),
    }
    claims.to_string()
}

#[test]
fn the_algorithm_is_pinned() {
    let claims = bigcommerce().to_string();
    for (header, expected) in [
        (HEADER, Ok(())),
        (r#"{"alg":"HS256"}"#, Ok(())),
        (r#"{"alg":"HS256","kid":"x","jku":"https://evil.example/"}"#, Ok(())),
        (r#"{"alg":"none"}"#, Err(Refusal::WrongAlgorithm)),
        (r#"{"alg":"HS512"}"#, Err(Refusal::WrongAlgorithm)),
        (r#"{"alg":"RS256"}"#, Err(Refusal::WrongAlgorithm)),
        (r#"{"alg":"hs256"}"#, Err(Refusal::WrongAlgorithm)),
        (r#"{"alg":""}"#, Err(Refusal::WrongAlgorithm)),
        (r#"{"alg":"HS256","alg":"none"}"#, Err(Refusal::MalformedSignature)),
        (r#"{"alg":["HS256"]}"#, Err(Refusal::MalformedSignature)),
        (r#"{"typ":"JWT"}"#, Err(Refusal::MalformedSignature)),
        ("HS256", Err(Refusal::MalformedSignature)),
        (r#"{"alg":"HS256","crit":["exp"]}"#, Err(Refusal::UnknownExtension)),
        (r#"{"alg":"HS256","crit":[]}"#, Err(Refusal::UnknownExtension)),
        (r#"{"alg":"HS256","crit":null}"#, Err(Refusal::UnknownExtension)),
        (r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, Err(Refusal::UnknownExtension)),
        (r#"["HS256"]"#, Err(Refusal::MalformedSignature)),
    ] {
        assert_eq!(load(header, &claims), expected, "{header}");
    }
}

#[test]
fn a_token_has_three_parts() {
    let token = jwt(HEADER, &bigcommerce().to_string());
    let (signed, tag) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!(".{claims}.{tag}"),
        format!("{header}.{tag}"),
        format!("{token}="),
        format!("{header}=.{claims}.{tag}"),
        format!(" {token}"),
        format!("Bearer {token}"),
    ] {
        let url = format!("https://app.example.com/load?signed_payload_jwt={token}");
        let outcome = verify_request(Scheme::BigcommerceSignedPayloadJwt, &get(&url));
        assert_eq!(outcome, Err(Refusal::MalformedSignature), "{token}");
    }
    // With a fourth part, the signed text differs from the one that was signed.
    let url = format!("https://app.example.com/load?signed_payload_jwt={header}.{claims}.x.{tag}");
    let outcome = verify_request(Scheme::BigcommerceSignedPayloadJwt, &get(&url));
    assert_eq!(outcome, Err(Refusal::BadSignature));
}

#[test]
fn bigcommerces_claims_are_all_checked() {
    assert_eq!(load(HEADER, &bigcommerce().to_string()), Ok(()));
    for (name, value, expected) in [
        ("aud", json!("client-2"), Err(Refusal::WrongAudience)),
        ("aud", json!("client-1 "), Err(Refusal::WrongAudience)),
        ("aud", json!([]), Err(Refusal::WrongAudience)),
        ("aud", json!(["client-2", AUDIENCE]), Ok(())),
        ("aud", json!(["client-2", "client-3"]), Err(Refusal::WrongAudience)),
        ("aud", json!(1), Err(Refusal::MalformedClaims)),
        ("aud", json!(null), Err(Refusal::MalformedClaims)),
        ("exp", json!(null), Err(Refusal::MalformedClaims)),
        ("exp", json!("1793577540"), Err(Refusal::MalformedClaims)),
        ("exp", json!(1e12), Err(Refusal::MalformedClaims)),
        ("exp", json!(NOW_S), Err(Refusal::Stale)),
        ("exp", json!(i64::MIN), Err(Refusal::Stale)),
        ("exp", json!(i64::MAX), Ok(())),
        ("nbf", json!(NOW_S + 1), Err(Refusal::Future)),
        ("nbf", json!(i64::MAX), Err(Refusal::Future)),
        ("nbf", json!(i64::MIN), Ok(())),
        ("nbf", json!(null), Ok(())),
        ("iat", json!(null), Ok(())),
        ("iss", json!("bd"), Err(Refusal::WrongIssuer)),
        ("iss", json!(null), Err(Refusal::WrongIssuer)),
        ("sub", json!("stores/"), Err(Refusal::WrongSubject)),
        ("sub", json!("stores/Z4ZN3WO"), Err(Refusal::WrongSubject)),
        ("sub", json!("stores/a/b"), Err(Refusal::WrongSubject)),
        ("sub", json!("../../z4zn3wo"), Err(Refusal::WrongSubject)),
        ("sub", json!(null), Err(Refusal::WrongSubject)),
        ("jti", json!(null), Ok(())),
        ("jti", json!(7), Err(Refusal::MalformedClaims)),
    ] {
        let claims = changed(bigcommerce(), name, value);
        assert_eq!(load(HEADER, &claims), expected, "{claims}");
    }
    let twice = bigcommerce().to_string().replacen('{', r#"{"sub":"stores/other","#, 1);
    assert_eq!(load(HEADER, &twice), Err(Refusal::MalformedClaims));
    assert_eq!(load(HEADER, "[]"), Err(Refusal::MalformedClaims));
    assert_eq!(load(HEADER, ""), Err(Refusal::MalformedClaims));
}

fn session(claims: &str) -> String {
    jwt(HEADER, claims)
}

fn shopify() -> Value {
    json!({"iss": "https://some-shop.myshopify.com/admin", "dest": "https://some-shop.myshopify.com",
           "aud": AUDIENCE, "sub": "42", "exp": NOW_S + 60, "nbf": NOW_S, "iat": NOW_S, "jti": "f8912129"})
}

#[test]
fn a_session_token_is_about_one_shop() {
    for (name, value, expected) in [
        ("dest", json!("https://some-shop.myshopify.com"), Ok(())),
        ("dest", json!("https://other.myshopify.com"), Err(Refusal::WrongIssuer)),
        ("dest", json!("http://some-shop.myshopify.com"), Err(Refusal::WrongSubject)),
        ("dest", json!("https://evil.example"), Err(Refusal::WrongSubject)),
        ("dest", json!("https://some-shop.myshopify.com.evil.example"), Err(Refusal::WrongSubject)),
        ("dest", json!(null), Err(Refusal::WrongSubject)),
        ("iss", json!("https://some-shop.myshopify.com"), Ok(())),
        ("iss", json!("https://other.myshopify.com/admin"), Err(Refusal::WrongIssuer)),
        ("iss", json!("http://some-shop.myshopify.com/admin"), Err(Refusal::WrongIssuer)),
        ("iss", json!("https://evil.example/some-shop.myshopify.com"), Err(Refusal::WrongIssuer)),
        ("iss", json!("some-shop.myshopify.com"), Err(Refusal::WrongIssuer)),
        ("iss", json!(null), Err(Refusal::WrongIssuer)),
        ("aud", json!("client-2"), Err(Refusal::WrongAudience)),
    ] {
        let claims = changed(shopify(), name, value);
        let authorization = format!("Bearer {}", session(&claims));
        let request = post("https://app.example.com/", &[("Authorization", &authorization)], "");
        assert_eq!(verify_request(Scheme::ShopifySessionToken, &request), expected, "{claims}");
    }
}

#[test]
fn a_session_token_in_the_header_goes_before_one_in_the_query() {
    let right = session(&shopify().to_string());
    let foreign = session(&changed(shopify(), "aud", json!("client-2")));
    for (header, query, expected) in [
        (Some(format!("Bearer {right}")), &foreign, Ok(())),
        (Some(format!("bearer {right}")), &foreign, Ok(())),
        (Some(format!("Bearer {foreign}")), &right, Err(Refusal::WrongAudience)),
        (Some(format!("Basic {right}")), &right, Err(Refusal::MalformedSignature)),
        (Some(right.clone()), &right, Err(Refusal::MalformedSignature)),
        (None, &right, Ok(())),
        (None, &foreign, Err(Refusal::WrongAudience)),
    ] {
        let url = format!("https://app.example.com/?embedded=1&id_token={query}");
        let headers: Vec<_> = header.as_deref().map(|value| ("Authorization", value)).into_iter().collect();
        let outcome = verify_request(Scheme::ShopifySessionToken, &post(&url, &headers, ""));
        assert_eq!(outcome, expected, "{header:?}");
    }
}

fn canvas(envelope: &str, tag: &str) -> Result<(), Refusal> {
    let encoded = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let body = format!("signed_request={}.{}", encoded(tag), encoded(&STANDARD.encode(envelope)));
    verify_request(Scheme::SalesforceCanvasSignedRequest, &post("https://app.example.com/canvas", &[], &body))
}

#[test]
fn a_canvas_envelope_names_the_one_algorithm() {
    for (envelope, expected) in [
        (r#"{"algorithm":"HMACSHA256"}"#, Ok(())),
        (r#"{"issuedAt":-1882588807,"algorithm":"HMACSHA256","x":null}"#, Ok(())),
        (r#"{"algorithm":"HmacSHA1"}"#, Err(Refusal::WrongAlgorithm)),
        (r#"{"algorithm":"hmacsha256"}"#, Err(Refusal::WrongAlgorithm)),
        (r#"{"algorithm":null}"#, Err(Refusal::MalformedClaims)),
        (r#"{"algorithm":"HMACSHA256","algorithm":"HMACSHA256"}"#, Err(Refusal::MalformedClaims)),
        ("{}", Err(Refusal::MalformedClaims)),
        ("no json", Err(Refusal::MalformedClaims)),
    ] {
        assert_eq!(canvas(envelope, &base64(STANDARD.encode(envelope))), expected, "{envelope}");
    }
    let envelope = r#"{"algorithm":"HMACSHA256"}"#;
    // These MACs cover the JSON instead of its base64 text.
    assert_eq!(canvas(envelope, &base64(envelope)), Err(Refusal::BadSignature));
    assert_eq!(canvas(envelope, &hex(STANDARD.encode(envelope))), Err(Refusal::MalformedSignature));
    assert_eq!(canvas(envelope, ""), Err(Refusal::MalformedSignature));
    assert_eq!(canvas("", &base64("")), Err(Refusal::MalformedSignature));
}

#[test]
fn a_plus_that_was_not_escaped_is_not_mended() {
    let (envelope, tag) = (0..)
        .map(|n| format!(r#"{{"algorithm":"HMACSHA256","n":{n}}}"#))
        .map(|json| (STANDARD.encode(&json), base64(STANDARD.encode(&json))))
        .find(|(_, tag)| tag.contains('+'))
        .unwrap();
    let body = format!("signed_request={tag}.{envelope}");
    let outcome =
        verify_request(Scheme::SalesforceCanvasSignedRequest, &post("https://a.example/", &[], &body));
    assert_eq!(outcome, Err(Refusal::MalformedSignature));
}

#[test]
fn a_legacy_payload_is_signed_in_hexadecimal() {
    let json = r#"{"user":{"id":1},"store_hash":"z4zn3wo"}"#;
    for (second, expected) in [
        (STANDARD.encode(hex(json)), Ok(())),
        (STANDARD.encode(hex(STANDARD.encode(json))), Err(Refusal::BadSignature)),
        (STANDARD.encode(mac(json)), Err(Refusal::MalformedSignature)),
        (STANDARD.encode(hex(json).to_uppercase()), Err(Refusal::MalformedSignature)),
        (hex(json), Err(Refusal::MalformedSignature)),
        (String::new(), Err(Refusal::MalformedSignature)),
    ] {
        let text = format!("{}.{second}", STANDARD.encode(json)).replace('+', "%2B").replace('=', "%3D");
        let url = format!("https://app.example.com/load?signed_payload={text}");
        assert_eq!(verify_request(Scheme::BigcommerceSignedPayloadLegacy, &get(&url)), expected, "{second}");
    }
}
