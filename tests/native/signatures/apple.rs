//! Apple's notifications and certificate chains, each with one defect.

use crate::signatures::issuer::{
    AUTHORITY, CONSTRAINTS, Form, INTERMEDIATE_MARKER, LEAF_MARKER, NO_AUTHORITY, NOW_S, SIGNS_CERTIFICATES,
    SIGNS_MESSAGES, Signatory, USAGE, es256, forms, verify_request, x5c,
};
use serde_json::{Value, json};
use signpost::marketplace::signature::{AppleEnvironment, Expected, Refusal, TokenScheme, Trust};
use vectors::vector::Request;

const NOW_MS: i64 = NOW_S * 1000;

fn request(body: String) -> Request {
    let url = "https://hooks.example.com/apple".to_owned();
    Request { method: "POST".to_owned(), url, headers: Vec::new(), body: body.into_bytes() }
}

fn chain(x5c: &[String], roots: Vec<Vec<u8>>) -> Result<(), Refusal> {
    let trust = Trust { roots, ..Trust::default() };
    verify_request(TokenScheme::AppleX5cChain, &request(json!(x5c).to_string()), &trust, &Expected::default())
}

/// The outcome for a chain that was issued after `change`.
fn chain_with(change: impl FnOnce(&mut [Form; 3])) -> Result<(), Refusal> {
    let mut forms = forms();
    change(&mut forms);
    let certificates = forms.map(|form| form.issue());
    chain(&x5c(&certificates), vec![certificates[2].clone()])
}

#[test]
fn a_chain_is_three_certificates_in_order() {
    let [leaf, intermediate, root] = forms().map(|form| form.issue());
    let roots = || vec![root.clone()];
    let of =
        |certificates: &[&Vec<u8>]| x5c(&certificates.iter().map(|der| (*der).clone()).collect::<Vec<_>>());
    let whole = of(&[&leaf, &intermediate, &root]);
    assert_eq!(chain(&whole, roots()), Ok(()));
    // The third certificate is ignored, as in Apple's libraries: the pinned root is used instead.
    assert_eq!(chain(&of(&[&leaf, &intermediate, &leaf]), roots()), Ok(()));
    for (what, certificates, refusal) in [
        ("none", of(&[]), Refusal::MalformedSignature),
        ("two", of(&[&leaf, &intermediate]), Refusal::MalformedSignature),
        ("four", of(&[&leaf, &intermediate, &root, &root]), Refusal::MalformedSignature),
        ("swapped", of(&[&intermediate, &leaf, &root]), Refusal::WrongCertificate),
        ("without the intermediate", of(&[&leaf, &root, &root]), Refusal::WrongCertificate),
        ("backwards", of(&[&root, &intermediate, &leaf]), Refusal::WrongCertificate),
    ] {
        assert_eq!(chain(&certificates, roots()), Err(refusal), "{what}");
    }
    for change in ["=", "\n", "AAAA", "-"] {
        let mut other = whole.clone();
        other[0].push_str(change);
        assert_eq!(chain(&other, roots()), Err(Refusal::MalformedSignature), "{change:?}");
    }
    let junk = of(&[&[leaf.as_slice(), &[0]].concat(), &intermediate, &root]);
    assert_eq!(chain(&junk, roots()), Err(Refusal::MalformedSignature));
    assert_eq!(chain(&whole, Vec::new()), Err(Refusal::NotConfigured));
    assert_eq!(chain(&whole, vec![vec![0x30, 0]]), Err(Refusal::NotConfigured));
    let mut foreign = forms()[2].clone();
    (foreign.key, foreign.signatory) = (Signatory::p384(9), Signatory::p384(9));
    assert_eq!(chain(&whole, vec![foreign.issue()]), Err(Refusal::BadSignature));
    assert_eq!(chain(&whole, vec![foreign.issue(), root.clone()]), Ok(()));
    foreign.subject = "Another root";
    assert_eq!(chain(&whole, vec![foreign.issue()]), Err(Refusal::WrongCertificate));
}

#[test]
fn each_certificate_is_signed_by_the_next() {
    assert_eq!(chain_with(|_| {}), Ok(()));
    // The certificate chooses the hash, independently of the curve.
    assert_eq!(chain_with(|forms| forms.iter_mut().for_each(|form| form.sha384 = false)), Ok(()));
    for at in [0, 1] {
        assert_eq!(chain_with(|forms| forms[at].signatory = Signatory::p384(9)), Err(Refusal::BadSignature));
        assert_eq!(chain_with(|forms| forms[at].issuer = "Other"), Err(Refusal::WrongCertificate));
        assert_eq!(chain_with(|forms| forms[at].other_outside = true), Err(Refusal::WrongAlgorithm));
    }
    let curve = chain_with(|forms| {
        (forms[1].key, forms[0].signatory) = (Signatory::p256(2), Signatory::p256(2));
    });
    assert_eq!(curve, Ok(()), "SHA-384 on P-256");
}

#[test]
fn each_certificate_is_for_its_purpose() {
    let set = |form: &mut Form, id: &str, value: Option<&[u8]>| {
        form.extensions.retain(|(known, ..)| *known != id || value.is_some());
        for (known, _, old) in &mut form.extensions {
            if *known == id {
                *old = value.unwrap().to_vec();
            }
        }
    };
    for (at, id, value) in [
        (1, CONSTRAINTS, None),
        (1, CONSTRAINTS, Some(NO_AUTHORITY)),
        (1, USAGE, Some(SIGNS_MESSAGES)),
        (1, INTERMEDIATE_MARKER, None),
        (0, CONSTRAINTS, Some(AUTHORITY)),
        (0, USAGE, Some(SIGNS_CERTIFICATES)),
        (0, LEAF_MARKER, None),
    ] {
        let outcome = chain_with(|forms| set(&mut forms[at], id, value));
        assert_eq!(outcome, Err(Refusal::WrongCertificate), "{at} {id} {value:?}");
    }
    for (at, id) in [(1, USAGE), (0, USAGE), (0, CONSTRAINTS)] {
        assert_eq!(chain_with(|forms| set(&mut forms[at], id, None)), Ok(()), "{at} without {id}");
    }
    for at in [0, 1] {
        let add =
            |critical, id| move |forms: &mut [Form; 3]| forms[at].extensions.push((id, critical, vec![5, 0]));
        assert_eq!(chain_with(add(true, "1.2.3.4")), Err(Refusal::WrongCertificate));
        assert_eq!(chain_with(add(false, "1.2.3.4")), Ok(()));
        assert_eq!(chain_with(add(false, CONSTRAINTS)), Err(Refusal::MalformedSignature));
        // The markers are not interchangeable.
        let markers = [LEAF_MARKER, INTERMEDIATE_MARKER];
        let outcome = chain_with(|forms| {
            set(&mut forms[at], markers[at], None);
            forms[at].extensions.push((markers[1 - at], false, vec![5, 0]));
        });
        assert_eq!(outcome, Err(Refusal::WrongCertificate));
    }
}

#[test]
fn each_certificate_is_valid_at_the_time_of_signing() {
    for at in 0..3 {
        for (from, until, outcome) in [
            ("210101000000Z", "261122115900Z", Ok(())),
            ("210101000000Z", "261122115859Z", Err(Refusal::Stale)),
            ("261122120100Z", "310101000000Z", Ok(())),
            ("261122120101Z", "310101000000Z", Err(Refusal::Future)),
        ] {
            let said = chain_with(|forms| (forms[at].from, forms[at].until) = (from, until));
            assert_eq!(said, outcome, "{at} {from} {until}");
        }
    }
}

fn leaf() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[3; 32]).unwrap()
}

fn header() -> Value {
    json!({"alg": "ES256", "x5c": x5c(&forms().map(|form| form.issue()))})
}

fn token(claims: &Value) -> String {
    es256(&header().to_string(), &claims.to_string(), &leaf())
}

fn transaction() -> Value {
    json!({"bundleId": "com.acme.app", "environment": "Production", "signedDate": NOW_MS - 1000, "price": 9990})
}

fn data() -> Value {
    json!({"bundleId": "com.acme.app", "environment": "Production", "appAppleId": 1234})
}

fn notification() -> Value {
    json!({"notificationType": "REFUND", "signedDate": NOW_MS - 1000, "data": data()})
}

fn expected() -> Expected {
    Expected {
        audiences: vec!["com.acme.app".to_owned()],
        app_apple_id: Some(1234),
        environment: Some(AppleEnvironment::Production),
        ..Expected::default()
    }
}

fn verify_token(token: &str, expected: &Expected) -> Result<(), Refusal> {
    let trust = Trust { roots: vec![forms()[2].issue()], ..Trust::default() };
    let request = request(json!({"signedPayload": token}).to_string());
    verify_request(TokenScheme::AppleAsnV2, &request, &trust, expected)
}

/// `value` with one member changed, or removed if `to` is `null`.
fn changed(mut value: Value, name: &str, to: Value) -> Value {
    let object = value.as_object_mut().unwrap();
    match to {
        Value::Null => drop(object.remove(name)),
        to => drop(object.insert(name.to_owned(), to)),
    }
    value
}

#[test]
fn a_notification_is_signed_by_the_leaf_alone() {
    let claims = notification().to_string();
    for (name, value, refusal) in [
        ("alg", json!("none"), Refusal::WrongAlgorithm),
        ("alg", json!("RS256"), Refusal::WrongAlgorithm),
        ("alg", json!("HS256"), Refusal::WrongAlgorithm),
        ("alg", json!("ES384"), Refusal::WrongAlgorithm),
        ("crit", json!(["x5c"]), Refusal::UnknownExtension),
        ("jwk", json!({}), Refusal::SuppliedKey),
        ("x5u", json!(""), Refusal::SuppliedKey),
        ("x5c", json!(null), Refusal::MalformedSignature),
        ("x5c", json!("text"), Refusal::MalformedSignature),
    ] {
        let token = es256(&changed(header(), name, value).to_string(), &claims, &leaf());
        assert_eq!(verify_token(&token, &expected()), Err(refusal), "{name}");
    }
    let other = p256::ecdsa::SigningKey::from_slice(&[4; 32]).unwrap();
    let token = es256(&header().to_string(), &claims, &other);
    assert_eq!(verify_token(&token, &expected()), Err(Refusal::BadSignature));
}

#[test]
fn each_byte_of_a_notification_counts() {
    let token = token(&notification());
    let dot = token.find('.').unwrap();
    assert_eq!(verify_token(&token, &expected()), Ok(()));
    // The header contains long certificates, so only every 29th character of it is changed.
    for at in (0..dot).step_by(29).chain(dot + 1..token.len()).filter(|at| token.as_bytes()[*at] != b'.') {
        let mut bytes = token.clone().into_bytes();
        bytes[at] ^= 1;
        let outcome = verify_token(&String::from_utf8(bytes).unwrap(), &expected());
        let refused = match outcome {
            Err(Refusal::BadSignature | Refusal::MalformedSignature) => true,
            // The change is in a certificate or in the name of the algorithm.
            Err(Refusal::WrongCertificate | Refusal::WrongAlgorithm) => at < dot,
            _ => false,
        };
        assert!(refused, "{at} {outcome:?}");
    }
}

#[test]
fn a_notification_is_about_our_app_and_where_it_is_sold() {
    let of = |name: &str, to: Value| changed(notification(), "data", changed(data(), name, to));
    let audience = Err(Refusal::WrongAudience);
    for (claims, outcome) in [
        (notification(), Ok(())),
        (of("bundleId", json!("com.other.app")), audience),
        (of("bundleId", json!(null)), audience),
        (of("environment", json!("Sandbox")), audience),
        (of("environment", json!("Xcode")), audience),
        (of("environment", json!("LocalTesting")), audience),
        (of("environment", json!(null)), audience),
        (of("appAppleId", json!(999)), audience),
        (of("appAppleId", json!(null)), audience),
        (of("appAppleId", json!("1234")), Err(Refusal::MalformedClaims)),
        (changed(notification(), "data", json!(null)), Err(Refusal::MalformedClaims)),
        (changed(notification(), "summary", data()), Err(Refusal::MalformedClaims)),
        (changed(changed(notification(), "data", json!(null)), "summary", data()), Ok(())),
        (changed(notification(), "signedDate", json!(NOW_MS + 60_000)), Ok(())),
        (changed(notification(), "signedDate", json!(NOW_MS + 60_001)), Err(Refusal::Future)),
        // A notification may be sent again after years, if its certificates were valid when it was signed.
        (changed(notification(), "signedDate", json!(1_640_995_200_000_i64)), Ok(())),
        (changed(notification(), "signedDate", json!(1_577_836_800_000_i64)), Err(Refusal::Future)),
        (changed(notification(), "signedDate", json!("now")), Err(Refusal::MalformedClaims)),
    ] {
        assert_eq!(verify_token(&token(&claims), &expected()), outcome, "{claims}");
    }
    for name in ["Xcode", "LocalTesting", "production", ""] {
        assert_eq!(AppleEnvironment::from_name(name), None);
    }
    for missing in [
        Expected { environment: None, ..expected() },
        Expected { app_apple_id: None, ..expected() },
        Expected { audiences: Vec::new(), ..expected() },
    ] {
        assert_eq!(verify_token(&token(&notification()), &missing), Err(Refusal::NotConfigured));
    }
    let external =
        |id: &str| json!({"externalPurchaseId": id, "bundleId": "com.acme.app", "appAppleId": 1234});
    for (id, outcome) in [("1", Ok(())), ("SANDBOX_1", audience)] {
        let claims = json!({"signedDate": NOW_MS, "externalPurchaseToken": external(id)});
        assert_eq!(verify_token(&token(&claims), &expected()), outcome, "{id}");
    }
}

#[test]
fn what_a_notification_holds_is_verified_on_its_own() {
    let with =
        |name: &str, token: String| changed(notification(), "data", changed(data(), name, json!(token)));
    let other = p256::ecdsa::SigningKey::from_slice(&[4; 32]).unwrap();
    for name in ["signedTransactionInfo", "signedRenewalInfo", "signedAppTransactionInfo"] {
        let claims = match name {
            "signedAppTransactionInfo" => json!({"bundleId": "com.acme.app", "appAppleId": 1234,
                "receiptType": "Production", "receiptCreationDate": NOW_MS}),
            _ => transaction(),
        };
        let environment = if name == "signedAppTransactionInfo" { "receiptType" } else { "environment" };
        let date = if name == "signedAppTransactionInfo" { "receiptCreationDate" } else { "signedDate" };
        let forged = es256(&header().to_string(), &claims.to_string(), &other);
        let unsigned = es256(r#"{"alg":"none"}"#, &claims.to_string(), &leaf());
        let nameless = if name == "signedRenewalInfo" { Ok(()) } else { Err(Refusal::WrongAudience) };
        for (inner, outcome) in [
            (token(&claims), Ok(())),
            (forged, Err(Refusal::BadSignature)),
            (unsigned, Err(Refusal::WrongAlgorithm)),
            (String::new(), Err(Refusal::MalformedSignature)),
            (token(&changed(claims.clone(), "bundleId", json!("com.other"))), Err(Refusal::WrongAudience)),
            (token(&changed(claims.clone(), "bundleId", json!(null))), nameless),
            (token(&changed(claims.clone(), environment, json!("Sandbox"))), Err(Refusal::WrongAudience)),
            (token(&changed(claims.clone(), date, json!(NOW_MS + 60_001))), Err(Refusal::Future)),
        ] {
            assert_eq!(verify_token(&token(&with(name, inner)), &expected()), outcome, "{name}");
        }
    }
}
