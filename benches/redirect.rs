//! The cost of a redirect without JavaScript and HTTP: from JavaScript's text to the click's record.

use criterion::{Criterion, criterion_group, criterion_main};
use signpost::domain::{
    clicks::{
        bot,
        click::{Class, ClickId, Device},
        visitor::VisitorSecret,
    },
    links::{
        engine::RedirectEngine,
        keyring::{KeyRing, with_new_key},
        line::RedirectLine,
        redirect::{LinkPath, RedirectDecision},
        snapshot::Snapshot,
        token::LinkToken,
    },
    values::{entropy::SeededEntropy, time::Timestamp},
};
use std::hint::black_box;

/// 2026-11-22T10:00:00.000Z.
const NOW: i64 = 1_795_341_600_000;
const BROWSER: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                       Version/18.6 Mobile/15E148 Safari/604.1";

fn ring() -> KeyRing {
    KeyRing::parse(&with_new_key(None, &mut SeededEntropy::new(1)).unwrap()).unwrap()
}

/// 200 listings and 500 blocked ranges, as in a programme that has run for some years.
fn snapshot() -> Snapshot {
    let listings: Vec<_> =
        (1..=200).map(|no| format!(r#""{no}":"https://shop.example/app/{no}?own=1""#)).collect();
    let blocked: Vec<_> = (0..500).map(|n| format!("[{},{}]", n * 100 + 50, n * 100 + 59)).collect();
    let text = format!(
        r#"{{"version":1,"click_param":"sp_click","landing_url":null,"max_link_no":60000,"listings":{{{}}},"blocked":[{}]}}"#,
        listings.join(","),
        blocked.join(",")
    );
    Snapshot::new(strict_json::from_str(&text).unwrap())
}

fn trail(ring: &KeyRing, length: u8) -> String {
    let click = |n: u8| ClickId {
        at: Timestamp::clamped(NOW - 86_400_000 * i64::from(n)),
        link_no: 40_000,
        shard: 3,
        country: None,
        device: Device::Mobile,
        class: Class::Human,
        gpc: false,
        random: [n; 4],
    };
    (0..length).map(|n| click(n).mint(ring).unwrap()).collect::<Vec<_>>().join(".")
}

fn redirects(c: &mut Criterion) {
    let ring = ring();
    let token =
        LinkToken { link_no: 40_000, listing_no: 12, has_path: false, expires_s: Some(1_900_000_000) };
    let token = token.mint(&ring).unwrap();
    let mut entropy = SeededEntropy::new(2);
    for (name, length) in [("redirect, new visitor", 0), ("redirect, visitor with 8 earlier clicks", 8)] {
        let trail = trail(&ring, length);
        let cookies = if length == 0 { String::new() } else { format!("sp={trail}; sp_x={trail}") };
        let line = format!(
            "{NOW}\n\n{token}\nDE\n203.0.113.9\n\n{BROWSER}\n{cookies}\nutm_source=newsletter&utm_campaign=autumn"
        );
        let secret = VisitorSecret::parse(&"A".repeat(43)).unwrap();
        let mut engine = RedirectEngine::new(ring.clone(), secret, snapshot());
        let mut redirect = |line: &str| {
            let line = RedirectLine::parse(line).unwrap();
            match engine.handle(&line, LinkPath::Unknown, false, &mut entropy) {
                RedirectDecision::Respond(response) => (response.visit.to_json(), response.location),
                decision => panic!("{decision:?}"),
            }
        };
        let (_, location) = redirect(&line);
        assert!(location.unwrap().starts_with("https://shop.example/app/12"));
        c.bench_function(name, |b| b.iter(|| redirect(black_box(&line))));
    }
}

/// A user agent that the engine has not cached yet.
fn agents(c: &mut Criterion) {
    c.bench_function("classify a user agent", |b| b.iter(|| bot::parse(black_box(BROWSER))));
}

criterion_group!(benches, redirects, agents);
criterion_main!(benches);
