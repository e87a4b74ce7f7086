//! How events come into the queue: by pushes of the relay, and from the log when something may be missing.

use super::{Destination, config, event, seqs, start};
use signpost::{
    delivery::{
        intake::{self, LogPart, Push, Pushed, Reading},
        queue::CAPACITY,
    },
    domain::delivery::endpoint::EndpointStatus,
    store::delivery::{command::Command, config as stored, queue::Event},
};

fn push(it: &mut Destination, since: i64, through: i64, events: &[i64]) -> Pushed {
    let events = Some(events.iter().map(|seq| event(*seq, &seq.to_string())).collect());
    intake::push(&mut it.queue, &it.sql, &Push { since, through, events }, start()).unwrap()
}

fn reading(it: &Destination) -> Option<Reading> {
    intake::next_reading(&it.queue, &it.sql).unwrap()
}

/// The event after which the destination reads the log.
fn log_after(it: &Destination) -> Option<i64> {
    match reading(it)? {
        Reading::Log { after, .. } => Some(after),
        Reading::Replay(_) => None,
    }
}

fn read(it: &mut Destination, reading: Reading, events: &[i64], through: i64, is_last: bool) {
    let events: Vec<Event> = events.iter().map(|seq| event(*seq, &seq.to_string())).collect();
    intake::append_read(&mut it.queue, &it.sql, reading, &LogPart { events, through, is_last }, start())
        .unwrap();
}

fn execute(it: &mut Destination, command: &Command) {
    intake::execute(&mut it.queue, &it.sql, command, start()).unwrap();
}

#[test]
fn pushes_follow_each_other() {
    let mut it = Destination::new(10);
    assert_eq!(push(&mut it, 10, 12, &[11, 12]), Pushed::Accepted);
    assert_eq!(push(&mut it, 10, 12, &[11, 12]), Pushed::Accepted, "the same again changes nothing");
    assert_eq!(push(&mut it, 10, 20, &[12, 15]), Pushed::Accepted, "and neither does an event of it");
    assert_eq!(seqs(&it.take_all()), [11, 12, 15]);
    assert_eq!(stored::cursor(&it.sql).unwrap(), 20);
    assert_eq!(reading(&it), None);
}

#[test]
fn a_gap_is_read_from_the_log() {
    let mut it = Destination::new(10);
    assert_eq!(push(&mut it, 12, 14, &[13]), Pushed::Reading, "11 and 12 may be missing");
    let gap = reading(&it).unwrap();
    assert_eq!(log_after(&it), Some(10));
    assert_eq!(push(&mut it, 12, 15, &[15]), Pushed::Reading, "until the log is read");
    read(&mut it, gap, &[11], 12, false);
    assert_eq!(log_after(&it), Some(12));
    let next = reading(&it).unwrap();
    read(&mut it, next, &[13, 15], 15, true);
    assert_eq!(reading(&it), None);
    assert_eq!(push(&mut it, 15, 16, &[16]), Pushed::Accepted);
    assert_eq!(seqs(&it.take_all()), [11, 13, 15, 16]);
}

#[test]
fn a_part_of_the_log_that_was_read_twice_counts_once() {
    let mut it = Destination::new(10);
    push(&mut it, 12, 14, &[13]);
    let gap = reading(&it).unwrap();
    read(&mut it, gap, &[11, 13], 14, true);
    read(&mut it, gap, &[11, 13], 14, true);
    assert_eq!(seqs(&it.take_all()), [11, 13]);
}

#[test]
fn a_full_queue_reads_on_once_it_has_room() {
    let mut it = Destination::new(0);
    let events: Vec<Event> = (1..=i64::try_from(CAPACITY).unwrap()).map(|seq| event(seq, "a")).collect();
    let through = events.last().unwrap().seq.unwrap();
    let first = Push { since: 0, through, events: Some(events) };
    assert_eq!(intake::push(&mut it.queue, &it.sql, &first, start()).unwrap(), Pushed::Accepted);
    assert_eq!(push(&mut it, through, through + 1, &[through + 1]), Pushed::Full);
    assert_eq!(reading(&it), None, "there is no room");
    let taken = it.take().unwrap();
    it.finish(&taken, 200);
    assert_eq!(log_after(&it), Some(through));
    let probe = Push { since: through, through: through + 2, events: None };
    assert_eq!(intake::push(&mut it.queue, &it.sql, &probe, start()).unwrap(), Pushed::Reading);
}

#[test]
fn a_paused_destination_takes_nothing_and_reads_the_log_when_it_is_active_again() {
    let mut it = Destination::new(10);
    push(&mut it, 10, 11, &[11]);
    execute(&mut it, &Command::Configure(config(EndpointStatus::Paused, 10)));
    assert_eq!(push(&mut it, 10, 12, &[12]), Pushed::Full);
    assert!(!stored::is_active(&it.sql).unwrap());
    execute(&mut it, &Command::Configure(config(EndpointStatus::Active, 10)));
    assert!(stored::is_active(&it.sql).unwrap());
    assert_eq!(log_after(&it), Some(11), "what it has is not read again");
    assert_eq!(push(&mut it, 12, 13, &[13]), Pushed::Reading);
    let next = reading(&it).unwrap();
    read(&mut it, next, &[12, 13], 13, true);
    assert_eq!(seqs(&it.take_all()), [11, 12, 13]);
}

#[test]
fn before_its_first_command_a_destination_writes_nothing() {
    let sql = signpost::store::native::NativeSql::in_memory().unwrap();
    signpost::store::schema::migrate(&sql, signpost::store::schema::DESTINATION).unwrap();
    let mut queue = signpost::delivery::queue::DeliveryQueue::default();
    assert_eq!(intake::push(&mut queue, &sql, &Push::READ_THE_LOG, start()).unwrap(), Pushed::Full);
    assert!(!stored::is_behind(&sql).unwrap());
}

#[test]
fn a_replay_follows_what_waits_and_moves_no_cursor() {
    let mut it = Destination::new(10);
    push(&mut it, 10, 11, &[11]);
    execute(&mut it, &Command::Replay { after: 2, through: 9 });
    execute(&mut it, &Command::Deliver(vec![event(5, "x")]));
    let replay = reading(&it).unwrap();
    assert!(matches!(replay, Reading::Replay(part) if (part.after, part.through) == (2, 9)));
    read(&mut it, replay, &[3, 4], 6, false);
    let rest = reading(&it).unwrap();
    assert!(matches!(rest, Reading::Replay(part) if (part.after, part.through) == (6, 9)));
    read(&mut it, rest, &[], 9, true);
    assert_eq!(reading(&it), None);
    let taken = it.take_all();
    assert_eq!(seqs(&taken), [11, 5, 3, 4]);
    let replays: Vec<bool> = taken.iter().map(|queued| queued.is_replay).collect();
    assert_eq!(replays, [false, true, true, true]);
    assert_eq!(stored::cursor(&it.sql).unwrap(), 11);
}

#[test]
fn a_destination_that_was_told_to_read_the_log_does_so() {
    let mut it = Destination::new(10);
    assert_eq!(intake::push(&mut it.queue, &it.sql, &Push::READ_THE_LOG, start()).unwrap(), Pushed::Reading);
    assert_eq!(log_after(&it), Some(10));
}

#[test]
fn events_that_are_declined_while_the_log_is_read_are_read_next() {
    let mut it = Destination::new(10);
    push(&mut it, 12, 14, &[13]);
    let begun = reading(&it).unwrap();
    assert_eq!(push(&mut it, 14, 15, &[15]), Pushed::Reading);
    read(&mut it, begun, &[13], 14, true);
    assert_eq!(log_after(&it), Some(14), "15 was declined, and nobody sends it again");
    let next = reading(&it).unwrap();
    read(&mut it, next, &[15], 15, true);
    assert_eq!(reading(&it), None);
    assert_eq!(seqs(&it.take_all()), [13, 15]);
}
