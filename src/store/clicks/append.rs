//! Storing visits: each once, with duplicates and unique clicks detected.

use crate::domain::{
    clicks::{
        bucket::Bucket,
        visit::{ClickRecord, MalformedClickRecord},
    },
    values::time::HOUR_MS,
};
use crate::store::{
    SqlError, Value,
    clicks::{
        invalid::{Counted, split},
        recent,
        shard::ClickLog,
    },
    transaction,
    value::json_text,
};
use serde_json::value::RawValue;
use std::collections::HashSet;

/// A click is a duplicate if a counted click by the same visitor on the same link is less than this far away.
pub const DUPLICATE_WITHIN_MS: i64 = HOUR_MS;

/// The reason that a batch was rejected.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The batch is not a JSON array of click records.
    #[error(transparent)]
    Records(#[from] MalformedClickRecord),
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The bucket and uniqueness that the shard determined for a visit.
#[derive(Clone, Copy)]
struct Classified {
    bucket: Bucket,
    first_of_day: bool,
}

impl Classified {
    /// Encodes both as one letter, starting at `a`, for SQL to decode.
    fn encode(self) -> char {
        let code = self.bucket.code().saturating_mul(2).saturating_add(u8::from(self.first_of_day));
        char::from(b'a'.saturating_add(code))
    }
}

impl ClickLog<'_> {
    /// Stores a batch: a JSON array of the records that redirects write ([`Visit::to_json`]). The batch is stored
    /// completely or not at all, and each visit once, even if it arrives again in other batches. This takes two
    /// statements regardless of the size of the batch. Returns the number of new visits.
    ///
    /// Which of two clicks of one visitor counts depends on which arrives first; within a batch, the earlier one
    /// counts. The total number of counted and of unique clicks does not depend on the order of arrival.
    ///
    /// Invalid visits are only counted, so a batch that contains nothing else is counted again when it is resent.
    ///
    /// [`Visit::to_json`]: crate::domain::clicks::visit::Visit::to_json
    pub fn append(&self, records: &str) -> Result<usize, AppendError> {
        let split = split(records, ClickRecord::parse_batch(records)?)?;
        let (records, clicks, invalid) = (&*split.records, split.clicks, &split.invalid);
        // A record arrives twice only if its batch was resent after a failure. Therefore the insert first assumes that
        // all records are new. If it fails, it leaves nothing behind, and the stored records are filtered out for a
        // second attempt.
        if let Ok(classified) = transaction(self.sql, || self.store(records, &clicks, invalid)) {
            self.remember_counted(&clicks, &classified);
            return Ok(clicks.len());
        }
        let (records, clicks) = self.new_records(records, clicks)?;
        // A batch is stored completely or not at all, so its invalid visits were counted with the others.
        let invalid = if clicks.is_empty() { &Vec::new() } else { invalid };
        let classified = transaction(self.sql, || self.store(&records, &clicks, invalid))?;
        self.remember_counted(&clicks, &classified);
        Ok(clicks.len())
    }

    fn store(
        &self,
        records: &str,
        clicks: &[ClickRecord<'_>],
        invalid: &[Counted],
    ) -> Result<Vec<Classified>, SqlError> {
        self.count_invalid(invalid)?;
        if clicks.is_empty() {
            return Ok(Vec::new());
        }
        let classified = classify(clicks, self.counted(clicks)?);
        self.insert(records, &classified)?;
        Ok(classified)
    }

    fn remember_counted(&self, clicks: &[ClickRecord<'_>], classified: &[Classified]) {
        let counted =
            clicks.iter().zip(classified).filter(|(_, classified)| classified.bucket == Bucket::Human);
        self.add_recent(counted.filter_map(|(click, _)| Some((click.visitor?, click.link_no?, click.at))));
    }

    /// Returns the records of a batch that are not stored yet, each once.
    fn new_records<'r>(
        &self,
        records: &'r str,
        clicks: Vec<ClickRecord<'r>>,
    ) -> Result<(String, Vec<ClickRecord<'r>>), AppendError> {
        let ids: Vec<&str> = clicks.iter().map(|click| click.id).collect();
        let rows = self.sql.exec(
            "SELECT id FROM click WHERE id IN (SELECT value FROM json_each(?1))",
            &[json_text(&ids)?.into()],
        )?;
        let mut seen: HashSet<&str> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let records: Vec<&RawValue> = serde_json::from_str(records).map_err(|_| MalformedClickRecord)?;
        let (records, clicks): (Vec<_>, Vec<_>) =
            records.into_iter().zip(clicks).filter(|(_, click)| seen.insert(click.id)).unzip();
        Ok((json_text(&records)?, clicks))
    }

    fn insert(&self, records: &str, classified: &[Classified]) -> Result<(), SqlError> {
        let letters: String = classified.iter().map(|classified| classified.encode()).collect();
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
fn classify(clicks: &[ClickRecord<'_>], mut counted: recent::Counted) -> Vec<Classified> {
    let mut classified: Vec<_> =
        clicks.iter().map(|click| Classified { bucket: click.bucket, first_of_day: false }).collect();
    let mut oldest_first: Vec<_> = clicks.iter().zip(&mut classified).collect();
    oldest_first.sort_unstable_by_key(|(click, _)| (click.at, click.id));
    for (click, classified) in oldest_first {
        let (Bucket::Human, Some(visitor), Some(link_no)) = (click.bucket, click.visitor, click.link_no)
        else {
            continue;
        };
        let earlier = counted.entry((visitor, link_no)).or_default();
        // The distance is absolute because a late click may be older than one that was already counted.
        if earlier.iter().any(|at| at.ms().abs_diff(click.at.ms()) < DUPLICATE_WITHIN_MS.unsigned_abs()) {
            classified.bucket = Bucket::Duplicate;
            continue;
        }
        classified.first_of_day = earlier.iter().all(|at| at.utc_day() != click.at.utc_day());
        earlier.push(click.at);
    }
    classified
}
