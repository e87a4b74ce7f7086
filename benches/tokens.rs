//! The cost of minting and verifying link tokens and click ids. The target is 1 µs each.

use criterion::{Criterion, criterion_group, criterion_main};
use signpost::domain::{
    clicks::click::{Class, ClickId, Country, Device},
    links::{
        keyring::{KeyRing, with_new_key},
        token::LinkToken,
    },
    values::{entropy::SeededEntropy, time::Timestamp},
};
use std::hint::black_box;

fn ring() -> KeyRing {
    KeyRing::parse(&with_new_key(None, &mut SeededEntropy::new(1)).unwrap()).unwrap()
}

fn link_tokens(c: &mut Criterion) {
    let ring = ring();
    let token = LinkToken { link_no: 40_000, listing_no: 12, has_path: true, expires_s: 1_900_000_000 };
    let text = token.mint(&ring).unwrap();
    c.bench_function("token mint", |b| b.iter(|| black_box(&token).mint(&ring)));
    c.bench_function("token verify", |b| b.iter(|| LinkToken::verify(black_box(&text), &ring)));
    // The cost of rejecting a forged token.
    let mut forged = text.clone();
    forged.replace_range(10..11, if &text[10..11] == "A" { "B" } else { "A" });
    assert!(LinkToken::verify(&text, &ring).is_some() && LinkToken::verify(&forged, &ring).is_none());
    c.bench_function("forged token refuse", |b| b.iter(|| LinkToken::verify(black_box(&forged), &ring)));
}

fn click_ids(c: &mut Criterion) {
    let ring = ring();
    let click = ClickId {
        at: Timestamp::parse("2026-11-22T12:00:00Z").unwrap(),
        link_no: 40_000,
        shard: 3,
        country: Country::parse("DE"),
        device: Device::Mobile,
        class: Class::Human,
        gpc: false,
        random: [1, 2, 3, 4],
    };
    let text = click.mint(&ring).unwrap();
    assert_eq!(ClickId::verify(&text, &ring), Some(click));
    c.bench_function("click id mint", |b| b.iter(|| black_box(&click).mint(&ring)));
    c.bench_function("click id verify", |b| b.iter(|| ClickId::verify(black_box(&text), &ring)));
}

criterion_group!(benches, link_tokens, click_ids);
criterion_main!(benches);
