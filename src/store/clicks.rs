//! One shard of the click log: takes visits in once, sorts out duplicates, and passes on counts (to the Ledger) and
//! segments of the log (to KV). Whatever is passed on is fixed in a row first and can be passed on again. On the way it
//! also holds clicks of other shards that came in one batch with its own.

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
use json::Verbatim;
use std::{cell::RefCell, collections::HashSet, rc::Rc};

/// Schema steps; see [`migrate`].
const STEPS: &[Step] = &[
    Step { version: 1, script: script!("schema/clicklog_0001.sql") },
    Step { version: 2, script: script!("schema/clicklog_0002.sql") },
];

/// A click counts as a duplicate if its visitor's last counted click on the link is less than this away.
pub const DUPLICATE_WITHIN_MS: i64 = HOUR_MS;

/// One shard of the click log.
#[derive(Clone)]
pub struct ClickLog<'a> {
    sql: &'a dyn Sql,
    shard: u8,
    recent: Rc<RefCell<Recent>>,
}

/// Why a batch was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// It is no JSON array of records.
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

/// What the shard found out about a visit.
#[derive(Clone, Copy)]
struct Sorted {
    bucket: Bucket,
    first_of_day: bool,
}

impl Sorted {
    /// Both as one letter, for SQL to take apart: bucket and flag, from `a` on.
    fn letter(self) -> char {
        let code = self.bucket.code().saturating_mul(2).saturating_add(u8::from(self.first_of_day));
        char::from(b'a'.saturating_add(code))
    }
}

impl<'a> ClickLog<'a> {
    /// The shard in `sql`, with its schema brought up to date.
    pub fn open(sql: &'a dyn Sql, shard: u8) -> Result<Self, MigrateError> {
        migrate(sql, STEPS)?;
        Ok(Self::opened(sql, shard, Rc::default()))
    }

    /// The shard in a database that [`ClickLog::open`] has seen already; `recent` belongs to that database.
    #[must_use]
    pub fn opened(sql: &'a dyn Sql, shard: u8, recent: Rc<RefCell<Recent>>) -> Self {
        Self { sql, shard, recent }
    }

    /// Takes a batch in, a JSON array of what redirects record ([`Visit::to_json`]): all or nothing, and each visit
    /// once, however often and in whatever batches it arrives. Two statements whatever the batch's size. Answers how
    /// many visits were new.
    ///
    /// Which of two clicks of one visitor counts depends on which arrives first; within a batch, the earlier. That one
    /// of them counts, and how many unique clicks there are, does not depend on it.
    ///
    /// [`Visit::to_json`]: crate::domain::clicks::visit::Visit::to_json
    pub fn append(&self, records: &str) -> Result<usize, AppendError> {
        let arrivals = Arrival::parse_batch(records)?;
        // A record comes twice only if its batch was sent again after a failure. So all are taken to be new, and looked
        // at one by one if the table knows better: the failed insert left nothing behind.
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

    /// The records of a batch that are not stored yet, each once.
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
        let records = Verbatim::read_list(records).map_err(|_| VisitError)?;
        let (records, arrivals): (Vec<_>, Vec<_>) =
            records.into_iter().zip(arrivals).filter(|(_, arrival)| seen.insert(arrival.id)).unzip();
        Ok((crate::store::value::json_text(&records)?, arrivals))
    }

    fn insert(&self, records: &str, sorted: &[Sorted]) -> Result<(), SqlError> {
        let letters: String = sorted.iter().map(|sorted| sorted.letter()).collect();
        self.sql
            .exec(
                // The letters of `Sorted::letter`, taken apart. jsonb_each, since json_each would write each record out
                // as text, to be parsed again.
                "INSERT INTO click (id, at_ms, link_no, visitor, country, device, bucket, first_of_day, trail)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                   unicode(substr(?2, key + 1, 1)) - 97 >> 1, unicode(substr(?2, key + 1, 1)) - 97 & 1,
                   value ->> 7 FROM jsonb_each(?1)",
                &[records.into(), Value::Text(letters)],
            )
            .map(drop)
    }
}

/// The rules for duplicates and for unique clicks, in the order of time. A visit without a visitor is neither.
fn sort(arrivals: &[Arrival<'_>], mut counted: Counted) -> Vec<Sorted> {
    let mut order: Vec<usize> = (0..arrivals.len()).collect();
    order.sort_unstable_by_key(|index| arrivals.get(*index).map(|arrival| (arrival.at, arrival.id)));
    let mut sorted: Vec<_> =
        arrivals.iter().map(|arrival| Sorted { bucket: arrival.bucket, first_of_day: false }).collect();
    for index in order {
        let Some((arrival, sorted)) = arrivals.get(index).zip(sorted.get_mut(index)) else { continue };
        let (Bucket::Human, Some(visitor)) = (arrival.bucket, arrival.visitor) else { continue };
        let earlier = counted.entry((visitor, arrival.link_no)).or_default();
        // Both ways: a click that arrives late may be older than one that was counted.
        if earlier.iter().any(|at| at.ms().abs_diff(arrival.at.ms()) < DUPLICATE_WITHIN_MS.unsigned_abs()) {
            sorted.bucket = Bucket::Duplicate;
            continue;
        }
        sorted.first_of_day = earlier.iter().all(|at| at.utc_day() != arrival.at.utc_day());
        earlier.push(arrival.at);
    }
    sorted
}

/// A JSON argument for `json_each`.
fn json(value: &impl serde::Serialize) -> Result<Value, SqlError> {
    serde_json::to_string(value).map(Value::Text).map_err(|error| SqlError::Engine(error.to_string()))
}
