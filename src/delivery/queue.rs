//! The queue of a destination. Events with the same ordering key are delivered one after the other; a later one waits until the
//! earlier one is delivered or given up. Rows are the truth; the order of what is due is kept in memory, so that an event costs no
//! index entries.

use crate::{
    domain::{
        delivery::{
            endpoint::{PauseReason, Receiver},
            retry::{DISABLED_AFTER_MS, next_attempt, next_mail_attempt},
        },
        values::{entropy::Entropy, time::Timestamp},
    },
    store::{
        Sql, SqlError,
        delivery::{
            attempts::{self, Attempt, AttemptStatus},
            config, mails,
            queue::{self, Event, Place, Queued},
        },
        transaction,
    },
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    rc::Rc,
};

/// The maximum number of events in the queue. More wait in the log of events, and are read from there once there is room.
pub const CAPACITY: usize = 10_000;
/// How long attempts are kept.
const KEPT_MS: i64 = 30 * 86_400_000;
/// The maximum number of attempts deleted at once.
const PRUNED_AT_ONCE: i64 = 500;

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// Whether nothing is left to do for the event.
    pub is_delivered: bool,
    /// The HTTP status; absent without a response.
    pub http_status: Option<u16>,
    /// Why there was no response.
    pub error: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The beginning of the response's body.
    pub response_excerpt: String,
    /// How long the receiver asked to wait, in milliseconds.
    pub retry_after_ms: Option<i64>,
}

/// A row in memory.
#[derive(Debug)]
struct Waiting {
    key: Rc<str>,
    next_at: i64,
}

/// The queue of a destination.
#[derive(Debug, Default)]
pub struct DeliveryQueue {
    rows: HashMap<i64, Waiting>,
    /// The rows of each key in their order.
    keys: HashMap<Rc<str>, VecDeque<i64>>,
    /// The first row of each key that is not being delivered, by when it is due.
    due: BTreeSet<(i64, i64)>,
    /// How often something happened after which the log must be read. A read that began before does not count as the last one.
    declined: u64,
}

impl DeliveryQueue {
    /// Reads the queue from its rows.
    pub fn load(sql: &dyn Sql) -> Result<Self, SqlError> {
        let mut queue = Self::default();
        for place in queue::places(sql)? {
            queue.insert(place);
        }
        Ok(queue)
    }

    fn insert(&mut self, place: Place) {
        let next_at = place.next_at.ms();
        let key: Rc<str> = match self.keys.get_key_value(place.key.as_str()) {
            Some((key, _)) => Rc::clone(key),
            None => place.key.into(),
        };
        let rows = self.keys.entry(Rc::clone(&key)).or_default();
        if rows.is_empty() {
            self.due.insert((next_at, place.no));
        }
        rows.push_back(place.no);
        self.rows.insert(place.no, Waiting { key, next_at });
    }

    /// The number of events in the queue.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the queue is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether an event is in the queue.
    #[must_use]
    pub fn contains(&self, queued: &Queued) -> bool {
        self.rows.contains_key(&queued.no)
    }

    /// Whether more events can be appended.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.len() < CAPACITY
    }

    /// Appends events. `record` writes what belongs to them, in the same transaction.
    pub fn append(
        &mut self,
        sql: &dyn Sql,
        events: &[Event],
        is_replay: bool,
        now: Timestamp,
        record: impl FnOnce() -> Result<(), SqlError>,
    ) -> Result<(), SqlError> {
        let places = transaction(sql, || {
            let mut places = Vec::with_capacity(events.len());
            for event in events {
                let no = queue::append(sql, event, is_replay, now)?;
                places.push(Place { no, key: event.key.clone(), next_at: now });
            }
            record()?;
            Ok::<_, SqlError>(places)
        })?;
        places.into_iter().for_each(|place| self.insert(place));
        Ok(())
    }

    /// Notes that the log must be read again, also if it is being read now.
    pub fn decline(&mut self) {
        self.declined = self.declined.saturating_add(1);
    }

    /// How often [`DeliveryQueue::decline`] was called.
    #[must_use]
    pub fn declined(&self) -> u64 {
        self.declined
    }

    /// Returns when the next event is due, of those that are not being delivered.
    #[must_use]
    pub fn next_at(&self) -> Option<i64> {
        self.due.first().map(|(next_at, _)| *next_at)
    }

    /// Takes the next event that is due. Its key has no other one until [`DeliveryQueue::finish`].
    pub fn take(&mut self, sql: &dyn Sql, now: Timestamp) -> Result<Option<Queued>, SqlError> {
        while let Some(&(next_at, no)) = self.due.first().filter(|(next_at, _)| *next_at <= now.ms()) {
            self.due.remove(&(next_at, no));
            match queue::get(sql, no)? {
                Some(queued) => return Ok(Some(queued)),
                None => self.remove(no),
            }
        }
        Ok(None)
    }

    fn remove(&mut self, no: i64) {
        let Some(Waiting { key, next_at }) = self.rows.remove(&no) else { return };
        self.due.remove(&(next_at, no));
        let Some(rows) = self.keys.get_mut(&key) else { return };
        let was_first = rows.front() == Some(&no);
        rows.retain(|row| *row != no);
        match rows.front() {
            Some(first) if was_first => {
                if let Some(row) = self.rows.get(first) {
                    self.due.insert((row.next_at, *first));
                }
            }
            Some(_) => {}
            None => drop(self.keys.remove(&key)),
        }
    }

    /// Records an attempt to deliver an event that was taken. Returns why the destination is disabled, if it is.
    pub fn finish(
        &mut self,
        sql: &dyn Sql,
        queued: &Queued,
        result: &AttemptResult,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<PauseReason>, SqlError> {
        let (next_at, disabled) = transaction(sql, || record(sql, queued, result, entropy))?;
        match next_at {
            None => self.remove(queued.no),
            Some(next_at) => {
                if let Some(row) = self.rows.get_mut(&queued.no) {
                    row.next_at = next_at.ms();
                    self.due.insert((next_at.ms(), queued.no));
                }
            }
        }
        Ok(disabled)
    }
}

/// Deletes attempts that are no longer kept, and returns when the next ones are.
pub fn prune(sql: &dyn Sql, now: Timestamp) -> Result<Option<Timestamp>, SqlError> {
    attempts::prune(sql, now.plus_ms(-KEPT_MS), PRUNED_AT_ONCE)?;
    mails::prune(sql, now.plus_ms(-KEPT_MS), PRUNED_AT_ONCE)?;
    Ok(attempts::oldest(sql)?.map(|oldest| oldest.plus_ms(KEPT_MS).max(now)))
}

/// Writes an attempt. Returns when the event is attempted again, and why the destination is disabled.
fn record(
    sql: &dyn Sql,
    queued: &Queued,
    result: &AttemptResult,
    entropy: &mut dyn Entropy,
) -> Result<(Option<Timestamp>, Option<PauseReason>), SqlError> {
    let now = result.ended_at;
    if let Some(no) = queued.pending_attempt {
        attempts::retried(sql, no, &queued.id)?;
    }
    let attempt = queued.attempts.saturating_add(1);
    let receiver =
        if result.is_delivered { None } else { config::config(sql)?.map(|config| config.receiver) };
    let (status, next_at) = if result.is_delivered {
        (AttemptStatus::Delivered, None)
    } else {
        let next_at = match receiver {
            Some(Receiver::Mail) => {
                let waited_ms = now.ms().saturating_sub(queued.at.ms());
                next_mail_attempt(attempt, waited_ms, now, result.retry_after_ms, entropy)
            }
            Some(Receiver::Https) | None => next_attempt(attempt, now, result.retry_after_ms, entropy),
        };
        match next_at {
            Some(next_at) => (AttemptStatus::Pending, Some(next_at)),
            None => (AttemptStatus::Failed, None),
        }
    };
    let row = Attempt {
        no: 0,
        event_id: queued.id.clone(),
        kind: queued.kind,
        is_replay: queued.is_replay,
        attempt,
        status,
        http_status: result.http_status,
        error: result.error.clone(),
        latency_ms: now.ms().saturating_sub(result.began_at.ms()).max(0),
        response_excerpt: result.response_excerpt.clone(),
        attempted_at: result.began_at,
        next_attempt_at: next_at,
    };
    let no = attempts::append(sql, &row)?;
    match next_at {
        Some(next_at) => queue::retry_at(sql, queued, no, next_at)?,
        None => queue::delete(sql, queued)?,
    }
    attempts::prune(sql, now.plus_ms(-KEPT_MS), PRUNED_AT_ONCE)?;
    if result.is_delivered {
        config::set_working(sql)?;
        return Ok((next_at, None));
    }
    let failing_ms = now.ms().saturating_sub(config::set_failing(sql, now)?.ms());
    let disabled = match result.http_status {
        Some(410) => Some(PauseReason::Gone),
        _ if failing_ms >= DISABLED_AFTER_MS => Some(PauseReason::Failing),
        _ => None,
    };
    // There is no other way to tell people.
    let disabled = disabled.filter(|_| receiver != Some(Receiver::Mail));
    if let Some(reason) = disabled {
        config::disable(sql, reason)?;
    }
    Ok((next_at, disabled))
}
