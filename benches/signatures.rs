//! The cost of verifying a callback, by scheme. The targets for native builds are 20 µs with a shared secret and 2 ms
//! with a vendor's public keys (RS256, and ES256 with a certificate chain that was verified before).
//!
//! Each scheme is measured with the valid vector that has the longest body.

use criterion::{Criterion, criterion_group, criterion_main};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{Scheme, TokenScheme},
};
use std::{hint::black_box, path::Path};
use vectors::{shared_secret, token, vector, vector::Vector};

/// Returns the valid vector of a scheme with the longest body.
fn longest(scheme: &str) -> Vector {
    let file = format!("{}/fixtures/vectors/{scheme}.json", env!("CARGO_MANIFEST_DIR"));
    let vectors = vector::read(Path::new(&file)).unwrap().into_iter().filter(|vector| vector.valid);
    vectors.max_by_key(|vector| vector.request.body.len()).unwrap()
}

fn public_keys(c: &mut Criterion) {
    for scheme in TokenScheme::ALL {
        let vector = longest(scheme.name());
        let (trust, expected) = (token::trust(&vector).unwrap(), token::expected(&vector));
        let now = vector.now.unwrap_or(Timestamp::clamped(0));
        token::request(&vector, *scheme, &trust).callback(|callback| {
            assert!(scheme.verify(callback, &trust, &expected, now).is_ok(), "{}", scheme.name());
            c.bench_function(&format!("verify {}", scheme.name()), |b| {
                b.iter(|| scheme.verify(black_box(callback), &trust, &expected, now));
            });
        });
    }
}

fn schemes(c: &mut Criterion) {
    for scheme in Scheme::ALL {
        let vector = longest(scheme.name());
        let verifier = shared_secret::verifier(&vector, *scheme).unwrap();
        let now = vector.now.unwrap_or(Timestamp::clamped(0));
        vector.request.callback(|callback| {
            assert!(verifier.verify(callback, now).is_ok(), "{}", scheme.name());
            c.bench_function(&format!("verify {}", scheme.name()), |b| {
                b.iter(|| verifier.verify(black_box(callback), now));
            });
        });
    }
}

criterion_group!(benches, schemes, public_keys);
criterion_main!(benches);
