//! Signatures of marketplaces' callbacks: every scheme × every valid vector × every corruption, with the exact
//! refusal. A test fails if a vector has another outcome than its file says, if a request is accepted that was not
//! signed exactly as received, if a refusal has the wrong reason, or if any input causes a panic.

mod apple;
mod cases;
mod configuration;
mod corruption;
mod der;
mod freshness;
pub mod issuer;
pub mod platforms;
mod policy;
mod random;
mod reasons;
mod replay;
mod signer;
mod tokens;
mod tokens_public;
mod xml;

use signpost::marketplace::signature::{Scheme, TokenScheme};
use std::path::Path;
use vectors::{outcome::Summary, platform, vector};

#[test]
fn every_vector_has_the_outcome_of_its_file() {
    let mut summary = Summary::default();
    for file in vector::files(Path::new(cases::FIXTURES)).unwrap() {
        for vector in vector::read(&file).unwrap() {
            let line = summary.add(&vector);
            assert!(line.is_some_and(|line| !line.starts_with("FAIL")), "{} {:?}", vector.id, summary);
        }
    }
    assert_eq!(summary.to_string(), "185 passed, 0 failed, 4 ambiguous");
}

#[test]
fn every_scheme_has_vectors_and_a_measured_cost() {
    let measured = std::fs::read_to_string("xtask/src/bench/native.rs").unwrap();
    let mut files = Vec::new();
    for scheme in Scheme::ALL {
        assert!(measured.contains(&format!("\"verify {}\"", scheme.name())), "{}", scheme.name());
        files.push(Path::new(cases::FIXTURES).join(format!("{}.json", scheme.name())));
    }
    files.extend(platform::names().map(|name| Path::new(cases::FIXTURES).join(format!("{name}.json"))));
    let tokens = TokenScheme::ALL.iter().map(|scheme| format!("{}.json", scheme.name()));
    files.extend(tokens.map(|name| Path::new(cases::FIXTURES).join(name)));
    files.sort();
    assert_eq!(vector::files(Path::new(cases::FIXTURES)).unwrap(), files);
}
