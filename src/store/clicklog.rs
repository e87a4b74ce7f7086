//! One shard of the click log: takes visits in once, sorts out duplicates, and passes on counts (to the Ledger) and
//! segments of the log (to KV). Whatever is passed on is fixed in a row first and can be passed on again.

mod count;
mod page;
mod row;
mod segment;
mod work;

pub use count::Counts;
pub use page::PageQuery;
pub use row::StoredClick;
pub use segment::{SEGMENT_AGE_MS, SEGMENT_CLICKS, Segment};
pub use work::{KEEP_MS, SWEEP_ROWS, Work};

use super::{
    Sql, SqlError, Value,
    migrate::{MigrateError, Step, migrate},
    transaction,
};
use crate::domain::{
    bucket::Bucket,
    click::Country,
    time::{HOUR_MS, Timestamp},
    visit::Visit,
    visitor::Visitor,
};
use std::collections::{HashMap, HashSet};

/// Schema steps; see [`migrate`].
const STEPS: &[Step] = &[Step { version: 1, script: include_str!("schema/clicklog_0001.sql") }];

/// A click counts as a duplicate if its visitor's last counted click on the link is less than this away.
pub const DUPLICATE_WITHIN_MS: i64 = HOUR_MS;

/// One shard of the click log.
#[derive(Clone, Copy)]
pub struct ClickLog<'a> {
    sql: &'a dyn Sql,
    shard: u8,
}

impl std::fmt::Debug for ClickLog<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClickLog").field("shard", &self.shard).finish_non_exhaustive()
    }
}

/// A visit with what the shard found out about it.
struct Sorted<'a> {
    visit: &'a Visit,
    bucket: Bucket,
    first_of_day: bool,
}

/// Times of the counted clicks of a visitor on a link. A visitor is one of a UTC day, so these are few: one an hour.
type Counted = HashMap<(Visitor, u32), Vec<Timestamp>>;

impl<'a> ClickLog<'a> {
    /// The shard in `sql`, with its schema brought up to date.
    pub fn open(sql: &'a dyn Sql, shard: u8) -> Result<Self, MigrateError> {
        migrate(sql, STEPS)?;
        Ok(Self::opened(sql, shard))
    }

    /// The shard in a database that [`ClickLog::open`] has seen already.
    #[must_use]
    pub fn opened(sql: &'a dyn Sql, shard: u8) -> Self {
        Self { sql, shard }
    }

    /// Takes a batch in: all or nothing, and each visit once, however often and in whatever batches it arrives. Four
    /// statements whatever the batch's size. Answers how many visits were new.
    ///
    /// Which of two clicks of one visitor counts depends on which arrives first; within a batch, the earlier. That one
    /// of them counts, and how many unique clicks there are, does not depend on it.
    pub fn append(&self, visits: &[Visit]) -> Result<usize, SqlError> {
        if visits.is_empty() {
            return Ok(0);
        }
        transaction(self.sql, || {
            let fresh = self.fresh(visits)?;
            if fresh.is_empty() {
                return Ok(0);
            }
            let mut counted = self.counted(&fresh)?;
            let sorted: Vec<_> = fresh.into_iter().map(|visit| sort(visit, &mut counted)).collect();
            self.insert(&sorted)?;
            self.count(&sorted)?;
            Ok(sorted.len())
        })
    }

    /// The visits that are not stored yet, each once, in the order of time.
    fn fresh<'v>(&self, visits: &'v [Visit]) -> Result<Vec<&'v Visit>, SqlError> {
        let ids: Vec<&str> = visits.iter().map(|visit| visit.id.as_str()).collect();
        let rows = self
            .sql
            .exec("SELECT id FROM click WHERE id IN (SELECT value FROM json_each(?1))", &[json(&ids)?])?;
        let mut seen: HashSet<&str> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let mut fresh: Vec<&Visit> = visits.iter().filter(|visit| seen.insert(&visit.id)).collect();
        fresh.sort_unstable_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(fresh)
    }

    /// The counted clicks that the rules for `visits` depend on.
    fn counted(&self, visits: &[&Visit]) -> Result<Counted, SqlError> {
        let pairs: HashSet<(Visitor, u32)> = visits
            .iter()
            .filter(|visit| visit.bucket == Bucket::Human)
            .filter_map(|visit| Some((visit.visitor?, visit.link_no)))
            .collect();
        let pairs: Vec<(String, u32)> =
            pairs.into_iter().map(|(v, link_no)| (v.to_string(), link_no)).collect();
        let rows = self.sql.exec(
            "SELECT c.visitor, c.link_no, c.at_ms FROM json_each(?1) AS pair JOIN click AS c
             ON c.visitor = pair.value ->> 0 AND c.link_no = pair.value ->> 1
             WHERE c.bucket = 0 AND c.visitor IS NOT NULL",
            &[json(&pairs)?],
        )?;
        let mut counted = Counted::new();
        for row in rows {
            let visitor =
                Visitor::parse(row.text(0)?).ok_or(SqlError::Shape { column: 0, expected: "a visitor" })?;
            let at = Timestamp::clamped(row.int(2)?);
            counted.entry((visitor, row.number(1)?)).or_default().push(at);
        }
        Ok(counted)
    }

    fn insert(&self, sorted: &[Sorted<'_>]) -> Result<(), SqlError> {
        let rows: Vec<_> = sorted
            .iter()
            .map(|Sorted { visit, bucket, first_of_day }| {
                (
                    &visit.id,
                    visit.at.ms(),
                    visit.link_no,
                    visit.visitor.map(|visitor| visitor.to_string()),
                    visit.country.as_ref().map_or("", Country::as_str),
                    visit.device.code(),
                    bucket.code(),
                    u8::from(*first_of_day),
                    &visit.trail,
                )
            })
            .collect();
        self.sql
            .exec(
                "INSERT INTO click (id, at_ms, link_no, visitor, country, device, bucket, first_of_day, trail)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                   value ->> 7, value ->> 8 FROM json_each(?1)",
                &[json(&rows)?],
            )
            .map(drop)
    }
}

/// The rules for duplicates and for unique clicks. A visit without a visitor is neither.
fn sort<'v>(visit: &'v Visit, counted: &mut Counted) -> Sorted<'v> {
    let plain = |bucket| Sorted { visit, bucket, first_of_day: false };
    let (Bucket::Human, Some(visitor)) = (visit.bucket, visit.visitor) else {
        return plain(visit.bucket);
    };
    let earlier = counted.entry((visitor, visit.link_no)).or_default();
    // Both ways: a click that arrives late may be older than one that was counted.
    if earlier.iter().any(|at| at.ms().abs_diff(visit.at.ms()) < DUPLICATE_WITHIN_MS.unsigned_abs()) {
        return plain(Bucket::Duplicate);
    }
    let first_of_day = earlier.iter().all(|at| at.utc_day() != visit.at.utc_day());
    earlier.push(visit.at);
    Sorted { visit, bucket: Bucket::Human, first_of_day }
}

/// A JSON argument for `json_each`.
fn json(value: &impl serde::Serialize) -> Result<Value, SqlError> {
    serde_json::to_string(value).map(Value::Text).map_err(|error| SqlError::Engine(error.to_string()))
}
