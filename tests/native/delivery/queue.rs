//! The queue of a destination: order, retries, and what a restart leaves.

use super::{Destination, answer, config, event, event_id, seqs, start};
use signpost::{
    domain::delivery::endpoint::{EndpointStatus, Receiver},
    store::{
        Page,
        delivery::{
            attempts::{self, AttemptStatus},
            config::{Config, configure},
        },
    },
};

/// What the list of attempts says: event, attempt, status, HTTP status, whether a retry is due.
fn attempts(
    destination: &Destination,
    status: Option<AttemptStatus>,
) -> Vec<(i64, u32, &'static str, Option<u16>, bool)> {
    let found = attempts::list(&destination.sql, status, Page::first(100)).unwrap();
    let place = |id| (1..1_000).find(|seq| event_id(*seq) == id).unwrap();
    found
        .into_iter()
        .map(|attempt| {
            let is_due = attempt.next_attempt_at.is_some();
            (place(attempt.event_id), attempt.attempt, attempt.status.as_str(), attempt.http_status, is_due)
        })
        .collect()
}

#[test]
fn events_of_one_key_are_taken_one_after_the_other() {
    let mut it = Destination::new(0);
    it.append(&[event(1, "a"), event(2, "b"), event(3, "a"), event(4, "c"), event(5, "a")]);
    let taken = it.take_all();
    assert_eq!(seqs(&taken), [1, 2, 4]);
    it.finish(&taken[1], 200);
    assert_eq!(seqs(&it.take_all()), [0i64; 0], "b has no other event");
    it.finish(&taken[0], 204);
    let next = it.take_all();
    assert_eq!(seqs(&next), [3]);
    it.finish(&next[0], 299);
    assert_eq!(seqs(&it.take_all()), [5]);
}

#[test]
fn a_failed_event_holds_its_key_back_until_it_is_given_up() {
    let mut it = Destination::new(0);
    it.append(&[event(1, "a"), event(2, "a"), event(3, "b")]);
    for attempt in 1..=8 {
        let taken = it.take_all();
        let expected: &[i64] = if attempt == 1 { &[1, 3] } else { &[1] };
        assert_eq!(seqs(&taken), expected, "attempt {attempt}");
        it.finish(&taken[0], 500);
        if let Some(other) = taken.get(1) {
            it.finish(other, 200);
        }
        // The longest pause is 12 hours.
        it.wait(43_200_000 + 1);
    }
    let last = it.take_all();
    assert_eq!(seqs(&last), [2], "the next event of the key, once the first is given up");
    it.finish(&last[0], 200);
    assert!(it.queue.is_empty());
    let failed: Vec<_> = attempts(&it, Some(AttemptStatus::Failed));
    let expected: Vec<_> = (1..=8).rev().map(|attempt| (1, attempt, "failed", Some(500), false)).collect();
    assert_eq!(failed, expected);
    assert_eq!(attempts(&it, Some(AttemptStatus::Pending)), []);
    assert_eq!(
        attempts(&it, Some(AttemptStatus::Delivered)),
        [(2, 1, "delivered", Some(200), false), (3, 1, "delivered", Some(200), false)]
    );
}

#[test]
fn an_attempt_is_pending_until_its_retry() {
    let mut it = Destination::new(0);
    it.append(&[event(1, "a")]);
    let taken = it.take().unwrap();
    let result = answer(it.now, None);
    it.finish_with(&taken, &result);
    assert_eq!(attempts(&it, None), [(1, 1, "pending", None, true)]);
    let next_at = it.queue.next_at().unwrap() - it.now.ms();
    assert!((4_040..=6_040).contains(&next_at), "5 seconds after the answer, ± 20 %: {next_at}");
    assert!(it.take().is_none(), "before it is due");
    it.wait(6_040);
    let again = it.take().unwrap();
    assert_eq!((again.id.clone(), again.attempts), (event_id(1), 1));
    it.finish(&again, 200);
    assert_eq!(attempts(&it, None), [(1, 2, "delivered", Some(200), false), (1, 1, "failed", None, false)]);
}

#[test]
fn a_restart_loses_nothing_and_repeats_only_what_was_not_recorded() {
    let mut it = Destination::new(0);
    it.append(&[event(1, "a"), event(2, "a"), event(3, "b"), event(4, "c")]);
    let taken = it.take_all();
    assert_eq!(seqs(&taken), [1, 3, 4]);
    it.finish(&taken[0], 200);
    it.finish(&taken[1], 500);
    it.restart();
    assert_eq!(seqs(&it.take_all()), [2, 4], "4 was being delivered, and 3 waits for its retry");
    it.wait(6_040);
    assert_eq!(seqs(&it.take_all()), [3]);
}

#[test]
fn gone_disables_at_once_and_failures_after_five_days() {
    let mut it = Destination::new(0);
    it.append(&[event(1, "a"), event(2, "b"), event(3, "c"), event(4, "d")]);
    let taken = it.take_all();
    assert_eq!(it.finish(&taken[0], 500), None);
    it.wait(5 * 86_400_000 - 1);
    assert_eq!(it.finish(&taken[1], 503), None, "a moment before five days");
    it.wait(1);
    assert_eq!(it.finish(&taken[2], 200), None, "a success ends the failures");
    assert_eq!(it.finish(&taken[3], 500), None);
    it.wait(5 * 86_400_000);
    let retry = it.take().unwrap();
    assert_eq!(it.finish(&retry, 500), Some("failing"));
    let mut other = Destination::new(0);
    other.append(&[event(1, "a")]);
    let taken = other.take().unwrap();
    assert_eq!(other.finish(&taken, 410), Some("gone"));
}

#[test]
fn mail_is_neither_disabled_nor_given_up_before_two_weeks() {
    let mut it = Destination::new(0);
    let mail = Config { receiver: Receiver::Mail, ..config(EndpointStatus::Active, 0) };
    configure(&it.sql, &mail).unwrap();
    it.append(&[event(1, "a")]);
    let mut attempts = 0;
    while it.now < start().plus_ms(14 * 86_400_000) {
        it.wait(43_200_000);
        let taken = it.take().unwrap();
        attempts += 1;
        assert_eq!(it.finish(&taken, 503), None, "{attempts}");
    }
    assert_eq!(attempts, 28);
    it.wait(43_200_000);
    assert!(it.take().is_none() && it.queue.is_empty());
}

#[test]
fn attempts_are_kept_for_thirty_days() {
    let mut it = Destination::new(0);
    it.append(&[event(1, "a"), event(2, "b")]);
    let taken = it.take_all();
    it.finish(&taken[0], 200);
    it.wait(30 * 86_400_000 + 41);
    it.finish(&taken[1], 200);
    assert_eq!(attempts(&it, None), [(2, 1, "delivered", Some(200), false)]);
}
