//! Parts of the edge that name nothing of the platform. The layer itself compiles for wasm only.

#[path = "../../../src/edge/expiring_cache.rs"]
mod expiring_cache;

#[path = "../../../src/edge/rate_limiter.rs"]
mod rate_limiter;

#[path = "../../../src/edge/refused_callbacks.rs"]
mod refused_callbacks;

#[path = "../../../src/edge/turns.rs"]
mod turns;

use expiring_cache::{ACCEPTED_KEYS, ExpiringCache, LINKS, LISTINGS, ORIGINS, VENDOR_RESPONSES};
use rate_limiter::RateLimiter;
use refused_callbacks::RefusedCallbacks;
use turns::{Turn, Turns};

#[test]
fn one_simulation_runs_at_a_time_and_the_others_wait_for_a_bounded_time() {
    let mut turns = Turns::default();
    assert_eq!(turns.ask(1_000, 1_000), Turn::Now);
    assert_eq!(turns.ask(2_000, 2_000), Turn::Later);
    assert_eq!(turns.ask(2_000, 31_999), Turn::Later);
    assert_eq!(turns.ask(2_000, 32_000), Turn::Never(5));
    // Only the simulation that has the turn ends it.
    turns.end(2_000);
    assert_eq!(turns.ask(31_000, 32_000), Turn::Later);
    turns.end(1_000);
    assert_eq!(turns.ask(31_000, 32_000), Turn::Now);
    // A turn that was lost ends by itself, and its late end does not end the next one.
    assert_eq!(turns.ask(331_999, 331_999), Turn::Later);
    assert_eq!(turns.ask(331_999, 332_000), Turn::Now);
    turns.end(32_000);
    assert_eq!(turns.ask(332_001, 332_001), Turn::Later);
}

#[test]
fn events_of_two_seconds_at_once_do_not_exceed_the_rate() {
    let mut limiter = RateLimiter::per_second(2);
    let allowed = |limiter: &mut RateLimiter, times: &[i64]| -> Vec<bool> {
        times.iter().map(|at| limiter.allows(*at)).collect()
    };
    assert_eq!(allowed(&mut limiter, &[10_999, 10_999, 10_999]), [true, true, false]);
    // A request that began before the second changed counts towards the new second.
    assert_eq!(allowed(&mut limiter, &[11_000, 10_999, 11_000, 10_999]), [true, true, false, false]);
    assert_eq!(limiter.take(12_000), (true, 2));
    // A clock that was set back by more than a minute begins anew.
    assert_eq!(allowed(&mut limiter, &[-48_000, -48_000]), [true, false]);
    assert_eq!(allowed(&mut limiter, &[-49_000, -49_000, -49_000]), [true, true, false]);
}

#[test]
fn refused_callbacks_are_reported_at_most_once_a_minute() {
    let mut refused = RefusedCallbacks::default();
    assert_eq!(refused.take_due(0), []);
    refused.count(1, "stale".to_owned());
    assert_eq!(refused.take_due(1_000), [(1, "stale".to_owned(), 1)]);
    for (listing_no, reason) in [(1, "stale"), (2, "stale"), (1, "forged"), (1, "stale")] {
        refused.count(listing_no, reason.to_owned());
        assert_eq!(refused.take_due(60_999), []);
    }
    let due = [(1, "stale".to_owned(), 2), (2, "stale".to_owned(), 1), (1, "forged".to_owned(), 1)];
    assert_eq!(refused.take_due(61_000), due);
    assert_eq!(refused.take_due(200_000), [], "nothing is reported twice");
}

#[test]
fn a_flood_of_refused_callbacks_takes_a_bounded_space() {
    let mut refused = RefusedCallbacks::default();
    for n in 0..1_000 {
        refused.count(n % 250, "forged".to_owned());
    }
    let due = refused.take_due(0);
    assert_eq!(
        (due.len(), due[0].clone(), due[99].clone()),
        (100, (0, "forged".to_owned(), 4), (99, "forged".to_owned(), 4))
    );
}

const FOREVER: i64 = i64::MAX;

/// How many of the keys `0..count` a cache knows.
fn known<const MOST: usize>(cache: &ExpiringCache<usize, usize, MOST>, count: usize) -> usize {
    (0..count).filter(|key| cache.get(key, 0).is_some_and(|value| value == key)).count()
}

/// Fills a cache with four times as many values as it may hold.
fn fill<const MOST: usize>() {
    let mut cache = ExpiringCache::<usize, usize, MOST>::default();
    for key in 0..MOST {
        cache.insert(key, key, FOREVER);
    }
    assert_eq!(known(&cache, MOST), MOST, "a cache keeps as many as it may hold");
    for key in MOST..4 * MOST {
        cache.insert(key, key, FOREVER);
        assert_eq!(cache.get(&key, 0), Some(&key), "the newest value is kept");
        if key % MOST < 2 {
            assert_eq!(known(&cache, 4 * MOST), key % MOST + 1, "a full cache is emptied");
        }
    }
    assert_eq!(known(&cache, 4 * MOST), MOST);
}

#[test]
fn an_expired_value_is_still_known_as_such() {
    let mut cache = ExpiringCache::<&str, i32, 2>::default();
    cache.insert("a", 1, 10);
    assert_eq!((cache.get("a", 10), cache.stale("a"), cache.stale("b")), (None, Some(&1), None));
}

#[test]
fn no_cache_grows_beyond_its_bound() {
    assert_eq!(
        [LISTINGS, ACCEPTED_KEYS, ORIGINS, LINKS, VENDOR_RESPONSES],
        [1_000, 1_000, 1_000, 5_000, 100]
    );
    fill::<LISTINGS>();
    fill::<LINKS>();
    fill::<VENDOR_RESPONSES>();
}

#[test]
fn a_value_that_is_renewed_in_a_full_cache_empties_nothing() {
    let mut cache = ExpiringCache::<usize, usize, 3>::default();
    for key in [0, 1, 2, 1] {
        cache.insert(key, key, FOREVER);
    }
    assert_eq!(known(&cache, 3), 3);
}

#[test]
fn a_value_holds_until_its_time_and_can_be_renewed() {
    let mut cache = ExpiringCache::<String, &str, 3>::default();
    cache.insert("slug".to_owned(), "old", 1_000);
    assert_eq!(cache.get("slug", 999), Some(&"old"));
    assert_eq!(cache.get("slug", 1_000), None);
    cache.insert("slug".to_owned(), "new", 2_000);
    assert_eq!(cache.get("slug", 1_000), Some(&"new"));
    assert_eq!(cache.remove("slug"), Some("new"));
    assert_eq!(cache.get("slug", 1_000), None);
    cache.insert("slug".to_owned(), "newest", 2_000);
    cache.clear();
    assert_eq!(cache.get("slug", 0), None);
}
