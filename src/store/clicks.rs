//! One shard of the click log. It stores each visit once, detects duplicates, and forwards counts to the Ledger and
//! segments of the log to KV. Everything that is forwarded is recorded in a row first, so that it can be sent again
//! unchanged. A shard also relays clicks of other shards that arrived in one batch with its own.

mod count;
mod counted;
mod intake;
mod page;
mod row;
mod segment;
mod work;

pub use count::{CLICKS_A_ROW, Counts};
pub use counted::{GATHERED, Recent};
pub use intake::Parcel;
pub use page::PageQuery;
pub use row::{PackedClick, StoredClick};
pub use segment::{SEGMENT_AGE_MS, SEGMENT_CLICKS, Segment};
pub use work::{KEEP_MS, SWEEP_ROWS, Work};

use crate::domain::{
    clicks::{
        bucket::Bucket,
        visit::{Arrival, VisitError},
    },
    values::time::HOUR_MS,
};
use crate::store::{
    Sql, SqlError, Value,
    schema::{MigrateError, Step, migrate, script},
    transaction,
};
use counted::Counted;
use serde_json::value::RawValue;
use std::{cell::RefCell, collections::HashSet, rc::Rc};

/// The schema steps; see [`migrate`].
const STEPS: &[Step] = &[
    Step { version: 1, script: script!("schema/clicklog_0001.sql") },
    Step { version: 2, script: script!("schema/clicklog_0002.sql") },
];

/// A click is a duplicate if a counted click by the same visitor on the same link is less than this far away.
pub const DUPLICATE_WITHIN_MS: i64 = HOUR_MS;

/// One shard of the click log.
#[derive(Clone)]
pub struct ClickLog<'a> {
    sql: &'a dyn Sql,
    shard: u8,
    recent: Rc<RefCell<Recent>>,
}

/// The reason that a batch was rejected.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The batch is not a JSON array of click records.
    #[error(transparent)]
    Records(#[from] VisitError),
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl std::fmt::Debug for ClickLog<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClickLog").field("shard", &self.shard).finish_non_exhaustive()
    }
}

/// The bucket and uniqueness that the shard determined for a visit.
#[derive(Clone, Copy)]
struct Sorted {
    bucket: Bucket,
    first_of_day: bool,
}

impl Sorted {
    /// Encodes both as one letter, starting at `a`, for SQL to decode.
    fn letter(self) -> char {
        let code = self.bucket.code().saturating_mul(2).saturating_add(u8::from(self.first_of_day));
        char::from(b'a'.saturating_add(code))
    }
}

impl<'a> ClickLog<'a> {
    /// Opens the shard in `sql` and migrates its schema.
    pub fn open(sql: &'a dyn Sql, shard: u8) -> Result<Self, MigrateError> {
        migrate(sql, STEPS)?;
        Ok(Self::opened(sql, shard, Rc::default()))
    }

    /// Returns the shard in a database that [`ClickLog::open`] has opened before. `recent` must belong to that
    /// database.
    #[must_use]
    pub fn opened(sql: &'a dyn Sql, shard: u8, recent: Rc<RefCell<Recent>>) -> Self {
        Self { sql, shard, recent }
    }

    /// Stores a batch: a JSON array of the records that redirects write ([`Visit::to_json`]). The batch is stored
    /// completely or not at all, and each visit once, even if it arrives again in other batches. This takes two
    /// statements regardless of the size of the batch. Returns the number of new visits.
    ///
    /// Which of two clicks of one visitor counts depends on which arrives first; within a batch, the earlier one
    /// counts. The total number of counted and of unique clicks does not depend on the order of arrival.
    ///
    /// [`Visit::to_json`]: crate::domain::clicks::visit::Visit::to_json
    pub fn append(&self, records: &str) -> Result<usize, AppendError> {
        let arrivals = Arrival::parse_batch(records)?;
        // A record arrives twice only if its batch was resent after a failure. Therefore the insert first assumes that
        // all records are new. If it fails, it leaves nothing behind, and the stored records are filtered out for a
        // second attempt.
        if let Ok(sorted) = transaction(self.sql, || self.take_in(records, &arrivals)) {
            self.gather_counted(&arrivals, &sorted);
            return Ok(arrivals.len());
        }
        let (records, arrivals) = self.fresh(records, arrivals)?;
        let sorted = transaction(self.sql, || self.take_in(&records, &arrivals))?;
        self.gather_counted(&arrivals, &sorted);
        Ok(arrivals.len())
    }

    fn take_in(&self, records: &str, arrivals: &[Arrival<'_>]) -> Result<Vec<Sorted>, SqlError> {
        if arrivals.is_empty() {
            return Ok(Vec::new());
        }
        let sorted = sort(arrivals, self.counted(arrivals)?);
        self.insert(records, &sorted)?;
        Ok(sorted)
    }

    fn gather_counted(&self, arrivals: &[Arrival<'_>], sorted: &[Sorted]) {
        let counted = arrivals.iter().zip(sorted).filter(|(_, sorted)| sorted.bucket == Bucket::Human);
        self.gather(counted.filter_map(|(arrival, _)| Some((arrival.visitor?, arrival.link_no, arrival.at))));
    }

    /// Returns the records of a batch that are not stored yet, each once.
    fn fresh<'r>(
        &self,
        records: &'r str,
        arrivals: Vec<Arrival<'r>>,
    ) -> Result<(String, Vec<Arrival<'r>>), AppendError> {
        let ids: Vec<&str> = arrivals.iter().map(|arrival| arrival.id).collect();
        let rows = self
            .sql
            .exec("SELECT id FROM click WHERE id IN (SELECT value FROM json_each(?1))", &[json(&ids)?])?;
        let mut seen: HashSet<&str> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let records: Vec<&RawValue> = serde_json::from_str(records).map_err(|_| VisitError)?;
        let (records, arrivals): (Vec<_>, Vec<_>) =
            records.into_iter().zip(arrivals).filter(|(_, arrival)| seen.insert(arrival.id)).unzip();
        Ok((crate::store::value::json_text(&records)?, arrivals))
    }

    fn insert(&self, records: &str, sorted: &[Sorted]) -> Result<(), SqlError> {
        let letters: String = sorted.iter().map(|sorted| sorted.letter()).collect();
        self.sql
            .exec(
                // This decodes the letters of `encode`. It uses jsonb_each because json_each would serialise each
                // record to text that would have to be parsed again.
                "INSERT INTO click (id, at_ms, link_no, visitor, country, device, bucket, first_of_day, trail)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                   unicode(substr(?2, key + 1, 1)) - 97 >> 1, unicode(substr(?2, key + 1, 1)) - 97 & 1,
                   value ->> 7 FROM jsonb_each(?1)",
                &[records.into(), Value::Text(letters)],
            )
            .map(drop)
    }
}

/// Applies the rules for duplicates and unique clicks in order of time. A visit without a visitor is neither.
fn sort(arrivals: &[Arrival<'_>], mut counted: Counted) -> Vec<Sorted> {
    let mut sorted: Vec<_> =
        arrivals.iter().map(|arrival| Sorted { bucket: arrival.bucket, first_of_day: false }).collect();
    let mut oldest_first: Vec<_> = arrivals.iter().zip(&mut sorted).collect();
    oldest_first.sort_unstable_by_key(|(arrival, _)| (arrival.at, arrival.id));
    for (arrival, sorted) in oldest_first {
        let (Bucket::Human, Some(visitor)) = (arrival.bucket, arrival.visitor) else { continue };
        let earlier = counted.entry((visitor, arrival.link_no)).or_default();
        // The distance is absolute because a late click may be older than one that was already counted.
        if earlier.iter().any(|at| at.ms().abs_diff(arrival.at.ms()) < DUPLICATE_WITHIN_MS.unsigned_abs()) {
            sorted.bucket = Bucket::Duplicate;
            continue;
        }
        sorted.first_of_day = earlier.iter().all(|at| at.utc_day() != arrival.at.utc_day());
        earlier.push(arrival.at);
    }
    sorted
}

/// Serialises an argument for `json_each`.
fn json(value: &impl serde::Serialize) -> Result<Value, SqlError> {
    serde_json::to_string(value).map(Value::Text).map_err(|error| SqlError::Engine(error.to_string()))
}
