//! What it costs to verify a callback, by scheme. Target: at most 20 µs each, natively.
//!
//! Each scheme is measured on the valid vector with the longest body.

use criterion::{Criterion, criterion_group, criterion_main};
use signpost::{domain::time::Timestamp, marketplace::signature::Scheme};
use std::{hint::black_box, path::Path};
use vectors::{shared_secret, vector};

fn schemes(c: &mut Criterion) {
    for scheme in Scheme::ALL {
        let file = format!("{}/fixtures/vectors/{}.json", env!("CARGO_MANIFEST_DIR"), scheme.name());
        let vectors = vector::read(Path::new(&file)).unwrap().into_iter().filter(|vector| vector.valid);
        let vector = vectors.max_by_key(|vector| vector.request.body.len()).unwrap();
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

criterion_group!(benches, schemes);
criterion_main!(benches);
