//! What `redirect.mjs` repeats of the Rust source, because a call into WebAssembly would cost more than the decision.

use signpost::{
    documents::pages,
    domain::values::text::{RESERVED_SEGMENTS, is_slug},
};
use std::collections::BTreeSet;

const SCRIPT: &str = include_str!("../../../src/edge/js/redirect.mjs");

#[test]
fn the_reserved_slugs_are_those_of_the_source() {
    let list = SCRIPT.split("new Set([").nth(1).and_then(|rest| rest.split("])").next()).unwrap();
    let in_script: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    let in_source: BTreeSet<&str> = RESERVED_SEGMENTS.iter().copied().filter(|word| is_slug(word)).collect();
    assert_eq!(in_script, in_source);
}

#[test]
fn the_policy_of_pages_is_that_of_the_source() {
    assert!(SCRIPT.contains(&format!("\"{}\"", pages::CONTENT_SECURITY_POLICY)));
}

#[test]
fn all_first_segments_of_the_contract_are_reserved() {
    let contract = "v1 r p callbacks connections docs openapi.json healthz readyz app apply embed sign-in odata oauth \
                    .well-known certificates surveys statements dub mcp dev assets static robots.txt favicon.ico";
    for segment in contract.split(' ') {
        assert!(RESERVED_SEGMENTS.contains(&segment), "{segment}");
    }
}
