//! Freshness: the outcome exactly at the ends of each window, and one unit beyond.

use crate::signatures::{
    cases::{Case, of, valid},
    signer,
};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{Parameters, Refusal, Scheme, Verifier},
};

/// Schemes with a signed time: its maximum age, how far it may be in the future, and its unit, in milliseconds.
const WINDOWS: [(Scheme, i64, i64, i64); 4] = [
    (Scheme::BigcommerceWebhook, 300_000, 300_000, 1000),
    (Scheme::DigitaloceanSso, 120_000, 0, 1000),
    (Scheme::HubspotV3, 300_000, 300_000, 1),
    (Scheme::ShopifyOauthQuery, 90_000, 90_000, 1000),
];

fn signed_at(case: &Case) -> Timestamp {
    case.vector
        .request
        .callback(|callback| case.verifier.verify(callback, case.now).unwrap().signed_at().unwrap())
}

#[test]
fn a_window_ends_where_it_is_said_to_end() {
    for (scheme, past_ms, future_ms, unit_ms) in WINDOWS {
        for case in of(scheme) {
            let at = signed_at(&case);
            for (offset_ms, expected) in [
                (0, Ok(())),
                (past_ms, Ok(())),
                (past_ms + 1, Err(Refusal::Stale)),
                (past_ms + unit_ms, Err(Refusal::Stale)),
                (365 * 86_400_000, Err(Refusal::Stale)),
                (-future_ms, Ok(())),
                (-future_ms - 1, Err(Refusal::Future)),
                (-future_ms - unit_ms, Err(Refusal::Future)),
                (-365 * 86_400_000, Err(Refusal::Future)),
            ] {
                let outcome = case.verify_at(&case.vector.request, at.plus_ms(offset_ms));
                assert_eq!(outcome, expected, "{}: {offset_ms} ms after signing", case.id);
            }
        }
    }
}

#[test]
fn a_configured_window_replaces_the_schemes_own() {
    for (scheme, _, future_ms, _) in WINDOWS {
        for case in of(scheme) {
            let parameters = Parameters { window_seconds: Some(7), ..Parameters::default() };
            let verifier = Verifier::new(scheme, &[case.secret()], parameters).unwrap();
            let case = Case { verifier, ..case };
            let at = case
                .vector
                .now
                .map(|_| signed_at(&Case { now: signed_at_of(&case), ..case.clone() }))
                .unwrap();
            let future = if future_ms == 0 { 0 } else { 7000 };
            for (offset_ms, expected) in [
                (7000, Ok(())),
                (7001, Err(Refusal::Stale)),
                (-future, Ok(())),
                (-future - 1, Err(Refusal::Future)),
            ] {
                let outcome = case.verify_at(&case.vector.request, at.plus_ms(offset_ms));
                assert_eq!(outcome, expected, "{}: {offset_ms} ms", case.id);
            }
        }
    }
}

/// The signed time of a case, verified with its scheme's own window.
fn signed_at_of(case: &Case) -> Timestamp {
    signed_at(&case.with_secrets(&[case.secret()]))
}

#[test]
fn a_token_is_valid_from_nbf_until_before_exp() {
    // The accepted clock skews come from the vendors' documentation.
    for (scheme, leeway_ms) in
        [(Scheme::BigcommerceSignedPayloadJwt, 0), (Scheme::ShopifySessionToken, 10_000)]
    {
        for case in of(scheme) {
            let claims: serde_json::Value = case.vector.request.callback(|callback| {
                let verified = case.verifier.verify(callback, case.now).unwrap();
                match verified.payload() {
                    signpost::marketplace::signature::Payload::Json(json) => {
                        serde_json::from_slice(json).unwrap()
                    }
                    other => panic!("{other:?}"),
                }
            });
            let (nbf, exp) = (claims["nbf"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
            let (start, end) = (nbf * 1000 - leeway_ms, exp * 1000 + leeway_ms);
            for (ms, expected) in [
                (start, Ok(())),
                (start - 1, Err(Refusal::Future)),
                (end - 1, Ok(())),
                (end, Err(Refusal::Stale)),
                (end + 1000, Err(Refusal::Stale)),
            ] {
                let outcome = case.verify_at(&case.vector.request, Timestamp::from_ms(ms).unwrap());
                assert_eq!(outcome, expected, "{}: at {ms}", case.id);
            }
        }
    }
}

#[test]
fn the_mac_is_checked_before_the_clock() {
    for case in valid() {
        let mut tag = case.tag();
        tag[0] ^= 1;
        let request = case.with_tag(&tag);
        for now in [Timestamp::clamped(0), Timestamp::clamped(i64::MAX)] {
            assert_eq!(case.verify_at(&request, now), Err(Refusal::BadSignature), "{}", case.id);
        }
    }
}

#[test]
fn a_scheme_without_a_clock_has_none() {
    let clocked = |case: &Case| {
        WINDOWS.iter().any(|(scheme, ..)| *scheme == case.scheme)
            || matches!(case.scheme, Scheme::BigcommerceSignedPayloadJwt | Scheme::ShopifySessionToken)
    };
    for case in valid().into_iter().filter(|case| !clocked(case)) {
        for now in [Timestamp::clamped(0), Timestamp::clamped(i64::MAX)] {
            assert_eq!(case.verify_at(&case.vector.request, now), Ok(()), "{}", case.id);
        }
    }
}

#[test]
fn what_is_no_plain_number_is_no_time() {
    let long = "9".repeat(30);
    for text in ["", "x", "-1", "+1793491200", "1793491200.0", "1e9", "0x10", "١", "1 793", long.as_str()] {
        let body = "{}";
        let signature = format!("v1,{}", signer::base64(format!("msg_1.{text}.{body}")));
        let headers =
            [("webhook-id", "msg_1"), ("webhook-timestamp", text), ("webhook-signature", signature.as_str())];
        let request = signer::post("https://app.example.com/", &headers, body);
        assert_eq!(
            signer::verify_request(Scheme::BigcommerceWebhook, &request),
            Err(Refusal::MalformedTime),
            "{text:?}"
        );
    }
}
