//! The schemes of AWS, Adobe and Apple: what a vendor signs, and everything that looks like it.

mod adobe;
mod apple;
mod aws;
mod signer;
mod sigv4;
mod sns;
mod sns_addresses;

use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{
        Refusal, Verified,
        platforms::{Fetched, PlatformScheme, PlatformVerifier},
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

/// What a verifier says to a request: the proof's payload as text, or why there is none.
fn judge(
    verifier: &PlatformVerifier,
    request: &Request,
    documents: &[(&str, &str)],
    now: Timestamp,
) -> Result<String, Refusal> {
    request.callback(|callback| verifier.verify(callback, Fetched(documents), now).map(payload))
}

fn payload(proof: Verified<'_>) -> String {
    format!("{:?}", proof.payload())
}

/// A file's vectors, of which all, some or none are valid.
fn vectors_of(scheme: &str) -> Vec<Vector> {
    vector::read(&Path::new(crate::cases::FIXTURES).join(format!("{scheme}.json"))).unwrap()
}

/// A valid vector, with its verifier, its documents and its clock.
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

/// What a vector's own verifier says to another request than the vector's.
fn judge_as(case: &Case, request: &Request) -> Result<String, Refusal> {
    let documents = case.documents.iter().map(|(address, text)| (address.as_str(), text.as_str()));
    judge(&case.verifier, request, &documents.collect::<Vec<_>>(), case.now)
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

/// Whatever byte of a body is changed: it is refused, or it was not signed and the proof says the same as before.
#[test]
fn no_changed_byte_changes_what_is_proven() {
    for scheme in PlatformScheme::ALL {
        // Not signed at all.
        if *scheme == PlatformScheme::AwsEventbridgeApiDestination {
            continue;
        }
        for case in valid(*scheme) {
            let Vector { request, id, .. } = &case.vector;
            let proven = judge_as(&case, request).unwrap();
            for at in 0..request.body.len() {
                for mask in [1, 0x20, 0x80] {
                    let mut changed = request.clone();
                    changed.body[at] ^= mask;
                    if let Ok(payload) = judge_as(&case, &changed) {
                        assert_eq!(payload, proven, "{id}: byte {at} with {mask:#x}");
                    }
                }
            }
        }
    }
}
