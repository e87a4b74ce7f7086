//! The schemes of AWS, Adobe and Apple: valid requests, and similar ones that must be refused.

mod adobe;
mod apple;
mod aws;
pub mod signer;
mod sigv4;
mod sns;
mod sns_addresses;

use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{
        Refusal, Verified,
        platforms::{FetchedDocuments, PlatformScheme, PlatformVerifier},
    },
};
use std::path::Path;
use vectors::{
    platform,
    vector::{self, Request, Vector},
};

/// 2026-11-24T12:00:00Z.
fn noon() -> Timestamp {
    Timestamp::parse("2026-11-24T12:00:00Z").unwrap()
}

fn post(headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Request {
    Request {
        method: "POST".to_owned(),
        url: "https://hooks.example.com/w".to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.into(),
    }
}

/// Verifies a request and returns the payload of the proof as text.
fn verify_request(
    verifier: &PlatformVerifier,
    request: &Request,
    documents: &[(&str, &str)],
    now: Timestamp,
) -> Result<String, Refusal> {
    request.callback(|callback| verifier.verify(callback, FetchedDocuments(documents), now).map(payload))
}

fn payload(proof: Verified<'_>) -> String {
    format!("{:?}", proof.payload())
}

/// The vectors of a file.
fn vectors_of(scheme: &str) -> Vec<Vector> {
    vector::read(&Path::new(crate::signatures::cases::FIXTURES).join(format!("{scheme}.json"))).unwrap()
}

/// A valid vector, with its verifier, its documents and its time.
struct Case {
    vector: Vector,
    verifier: PlatformVerifier,
    documents: Vec<(String, String)>,
    now: Timestamp,
}

/// The valid vectors of a scheme.
fn valid(scheme: PlatformScheme) -> Vec<Case> {
    let mut found = Vec::new();
    for vector in vectors_of(scheme.name()).into_iter().filter(|vector| vector.valid) {
        let verifier = platform::verifier(&vector, scheme).unwrap();
        let maps = ["cert_by_url", "pem_by_url"].iter().filter_map(|name| vector.keys.get(*name));
        let documents = maps
            .flat_map(|map| map.as_object().unwrap())
            .map(|(address, text)| (address.clone(), text.as_str().unwrap().to_owned()))
            .collect();
        let now = vector.now.unwrap_or(Timestamp::clamped(0));
        found.push(Case { vector, verifier, documents, now });
    }
    assert!(!found.is_empty(), "{} has no valid vector", scheme.name());
    found
}

/// Verifies another request with the verifier of a vector.
fn verify_as(case: &Case, request: &Request) -> Result<String, Refusal> {
    let documents = case.documents.iter().map(|(address, text)| (address.as_str(), text.as_str()));
    verify_request(&case.verifier, request, &documents.collect::<Vec<_>>(), case.now)
}

#[test]
fn a_scheme_has_one_name() {
    for scheme in PlatformScheme::ALL {
        assert_eq!(PlatformScheme::from_name(scheme.name()), Some(*scheme));
        for Case { verifier, .. } in valid(*scheme) {
            assert_eq!(verifier.scheme(), *scheme);
        }
    }
    assert_eq!(PlatformScheme::from_name("carrier_pigeon"), None);
}

/// Changes each byte of a body: either the request is refused, or the byte was not signed and the proof is the same.
#[test]
fn no_changed_byte_changes_what_is_proven() {
    for scheme in PlatformScheme::ALL {
        // The body is not signed.
        if *scheme == PlatformScheme::AwsEventbridgeApiDestination {
            continue;
        }
        for case in valid(*scheme) {
            let Vector { request, id, .. } = &case.vector;
            let proven = verify_as(&case, request).unwrap();
            for at in 0..request.body.len() {
                for mask in [1, 0x20, 0x80] {
                    let mut changed = request.clone();
                    changed.body[at] ^= mask;
                    if let Ok(payload) = verify_as(&case, &changed) {
                        assert_eq!(payload, proven, "{id}: byte {at} with {mask:#x}");
                    }
                }
            }
        }
    }
}
