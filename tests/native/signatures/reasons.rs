//! Vectors with vendors' public keys: each invalid one is refused for its own reason.

use crate::signatures::cases::FIXTURES;
use signpost::marketplace::signature::{Evidence, Payload, Refusal, TokenScheme};
use std::path::Path;
use vectors::{
    token,
    vector::{self, Vector},
};

fn vectors() -> Vec<(TokenScheme, Vector)> {
    let mut found = Vec::new();
    for scheme in TokenScheme::ALL {
        assert_eq!(TokenScheme::from_name(scheme.name()), Some(*scheme));
        let file = Path::new(FIXTURES).join(format!("{}.json", scheme.name()));
        found.extend(vector::read(&file).unwrap().into_iter().map(|vector| (*scheme, vector)));
    }
    found
}

fn reason(id: &str) -> Refusal {
    match id {
        "ms-no-authorization" => Refusal::MissingHeader("authorization"),
        "asn-not-json" => Refusal::MalformedBody,
        "apple-published-missingX5C" | "asn-no-x5c" => Refusal::MalformedSignature,
        "gcp-alg-none" | "gcp-hs256-confusion" | "push-hs256-confusion" | "asn-xcode-env-bypass" => {
            Refusal::WrongAlgorithm
        }
        "push-unknown-kid" => Refusal::UnknownKey,
        "ms-sig-bitflip" | "asn-broken-chain-leaf" | "asn-payload-bitflip" | "asn-sig-bitflip" => {
            Refusal::BadSignature
        }
        "chain-test-inter-oid" | "chain-test-leaf-oid" | "chain-test-wrong-root" | "asn-leaf-missing-oid" => {
            Refusal::WrongCertificate
        }
        "ms-expired" | "gcp-expired" | "push-expired" | "asn-leaf-expired" => Refusal::Stale,
        "ms-nbf-future" => Refusal::Future,
        "gcp-empty-sub" => Refusal::WrongSubject,
        "gcp-wrong-aud"
        | "push-wrong-subscription"
        | "apple-published-wrongBundleId"
        | "asn-sandbox-to-production"
        | "asn-wrong-app-apple-id"
        | "asn-wrong-bundle" => Refusal::WrongAudience,
        "ms-iss-tid-mismatch"
        | "ms-missing-appid-azp"
        | "ms-wrong-appid"
        | "ms-wrong-iss-lookalike"
        | "ms-wrong-iss-other-tenant"
        | "gcp-attacker-iss-url"
        | "push-no-email"
        | "push-wrong-email"
        | "push-wrong-iss" => Refusal::WrongIssuer,
        "asn-inner-transaction-forged" => Refusal::BadSignature,
        other => panic!("no reason is known for {other}"),
    }
}

#[test]
fn each_is_refused_for_its_own_reason() {
    for (scheme, vector) in vectors() {
        let trust = token::trust(&vector).unwrap();
        let request = token::request(&vector, scheme, &trust);
        let outcome = request.callback(|callback| {
            scheme.verify(callback, &trust, &token::expected(&vector), vector.now.unwrap()).map(drop)
        });
        let expected = if vector.valid { Ok(()) } else { Err(reason(&vector.id)) };
        assert_eq!(outcome, expected, "{}", vector.id);
    }
}

#[test]
fn a_proof_says_what_is_proven() {
    for (scheme, vector) in vectors().into_iter().filter(|(_, vector)| vector.valid) {
        let trust = token::trust(&vector).unwrap();
        let request = token::request(&vector, scheme, &trust);
        request.callback(|callback| {
            let now = vector.now.unwrap();
            let proof = scheme.verify(callback, &trust, &token::expected(&vector), now).unwrap();
            // A bearer token does not sign the body; only TLS protects it.
            let evidence = match scheme {
                TokenScheme::EntraBearer => Evidence::TransportOnly,
                TokenScheme::PubsubPushOidc => Evidence::TransportOnly,
                _ => Evidence::Signed,
            };
            assert_eq!(proof.evidence(), evidence, "{}", vector.id);
            let once = scheme == TokenScheme::GcpMarketplaceSignupJwt;
            assert_eq!(proof.single_use().is_some(), once, "{}", vector.id);
            assert_eq!(proof.signed_at().is_some(), scheme != TokenScheme::AppleX5cChain, "{}", vector.id);
            match proof.payload() {
                Payload::Body(body) => assert_eq!(*body, callback.body),
                Payload::Json(json) => assert!(serde_json::from_slice::<serde_json::Value>(json).is_ok()),
                Payload::Parameters(_) => panic!("{}", vector.id),
            }
        });
    }
}

#[test]
fn apples_own_root_is_pinned() {
    let root = signpost::marketplace::signature::Trust::apple().roots.concat();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&root);
    let hexadecimal = data_encoding::HEXLOWER.encode(&digest);
    assert_eq!(hexadecimal, "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179");
    // A token with a chain to another root is not Apple's.
    for (scheme, vector) in vectors().into_iter().filter(|(_, vector)| vector.id == "asn-valid-refund") {
        let trust = signpost::marketplace::signature::Trust::apple();
        let outcome = vector.request.callback(|callback| {
            scheme.verify(callback, &trust, &token::expected(&vector), vector.now.unwrap()).map(drop)
        });
        assert_eq!(outcome, Err(Refusal::WrongCertificate));
    }
}

#[test]
fn the_chain_that_apple_signs_with_is_accepted() {
    for vector in vector::read(Path::new("tests/native/signatures/apple_production.json")).unwrap() {
        let accepted = token::run(&vector) == Some(vectors::outcome::Outcome::Accepted);
        assert_eq!(accepted, vector.valid, "{}", vector.id);
    }
}

#[test]
fn a_captured_file_may_tell_keys_otherwise() {
    let all = vectors();
    let of = |id: &str| all.iter().find(|(_, vector)| vector.id == id).unwrap().1.clone();
    let accepted = |vector: &Vector| token::run(vector) == Some(vectors::outcome::Outcome::Accepted);
    for (id, name, by_url) in
        [("gcp-valid", "x509_certs", "certs_by_url"), ("push-valid-account-active", "jwks", "jwks_by_url")]
    {
        let mut vector = of(id);
        let set = vector.keys.remove(name).unwrap();
        assert!(!accepted(&vector), "{id} without keys");
        vector.keys.insert(name.to_owned(), set.to_string().into());
        assert!(accepted(&vector), "{id}, keys as text");
        vector.keys.remove(name);
        let address = vector.config["certs_url"].as_str().unwrap();
        vector.keys.insert(by_url.to_owned(), serde_json::json!({address: set}));
        assert!(accepted(&vector), "{id}, keys by address");
        vector.now = None;
        assert!(!accepted(&vector), "{id} without a clock");
    }
    let mut chain = of("chain-test-ok");
    assert!(accepted(&chain));
    chain.keys.insert("root_der_b64".to_owned(), serde_json::json!([]));
    assert!(!accepted(&chain), "an empty list of roots");
}
