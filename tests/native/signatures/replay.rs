//! Single-use tokens: their keys, and how long the keys must be stored.

use crate::signatures::{
    cases::{of, valid},
    signer::{AUDIENCE, NOW_S, get, jwt, now, verifier},
};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{FOREVER, Scheme},
};

/// Schemes with single-use tokens. The messages of all other schemes may be delivered again.
const ONCE: [Scheme; 6] = [
    Scheme::BigcommerceSignedPayloadJwt,
    Scheme::BigcommerceSignedPayloadLegacy,
    Scheme::DigitaloceanSso,
    Scheme::SalesforceCanvasSignedRequest,
    Scheme::ShopifyOauthQuery,
    Scheme::ShopifySessionToken,
];

#[test]
fn a_token_is_remembered_for_longer_than_it_is_accepted() {
    for case in valid() {
        case.vector.request.callback(|callback| {
            let verified = case.verifier.verify(callback, case.now).unwrap();
            let Some(once) = verified.single_use() else {
                assert!(!ONCE.contains(&case.scheme), "{}", case.id);
                return;
            };
            assert!(ONCE.contains(&case.scheme), "{}", case.id);
            let (key, until) = (once.key(), once.keep_until());
            assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
            assert!(!case.vector.request.url.contains(key) && !case.text().contains(key));
            // When the key may be deleted, the token must have been too old for some minutes, because clocks differ.
            let still = case.verifier.verify(callback, until.plus_ms(-5 * 60_000));
            let for_ever = until == Timestamp::clamped(FOREVER);
            assert_eq!(still.is_ok(), for_ever, "{}", case.id);
            let endless = matches!(
                case.scheme,
                Scheme::SalesforceCanvasSignedRequest | Scheme::BigcommerceSignedPayloadLegacy
            );
            assert_eq!(for_ever, endless, "{}", case.id);
        });
    }
}

fn key_of(url: &str) -> String {
    get(url).callback(|callback| {
        let verifier = verifier(Scheme::BigcommerceSignedPayloadJwt);
        let verified = verifier.verify(callback, now()).unwrap();
        verified.single_use().unwrap().key().to_owned()
    })
}

#[test]
fn a_token_has_one_key_on_all_endpoints() {
    let header = r#"{"alg":"HS256"}"#;
    let claims = |jti: &str| {
        format!(r#"{{"aud":"{AUDIENCE}","iss":"bc","exp":{},"sub":"stores/a","jti":{jti}}}"#, NOW_S + 60)
    };
    let (one, other) = (jwt(header, &claims(r#""a""#)), jwt(header, &claims(r#""b""#)));
    let load = key_of(&format!("https://app.example.com/load?signed_payload_jwt={one}"));
    let uninstall = key_of(&format!("https://app.example.com/uninstall?a=b&signed_payload_jwt={one}"));
    assert_eq!(load, uninstall);
    assert_eq!(load, Scheme::BigcommerceSignedPayloadJwt.single_use_key(b"a"));
    assert_ne!(load, key_of(&format!("https://app.example.com/load?signed_payload_jwt={other}")));
    // The same id of another vendor is another token.
    assert_ne!(load, Scheme::ShopifySessionToken.single_use_key(b"a"));
    // The signature identifies a token without an id or with an empty one.
    let (none, empty) = (jwt(header, &claims("null")), jwt(header, &claims(r#""""#)));
    let key = |token: &str| key_of(&format!("https://app.example.com/load?signed_payload_jwt={token}"));
    assert_ne!(key(&none), key(&empty));
    assert_eq!(key(&none), key(&none));
}

#[test]
fn a_rotated_secret_does_not_make_a_used_token_new() {
    for case in ONCE.into_iter().flat_map(of) {
        let key = |case: &crate::signatures::cases::Case| {
            case.vector.request.callback(|callback| {
                let verified = case.verifier.verify(callback, case.now).unwrap();
                verified.single_use().unwrap().key().to_owned()
            })
        };
        let rotated = case.with_secrets(&["acme:a new secret", case.secret()]);
        assert_eq!(key(&case), key(&rotated), "{}", case.id);
    }
}
