//! Counts on their way to the Ledger: gathered per link, quarter hour, country, device and bucket, then packed into a
//! numbered row whose content never changes. The Ledger applies each number once, so a row may be sent again.

use super::{ClickLog, Sorted, json};
use crate::{
    domain::{click::Country, visit::Arrival},
    store::{Row, SqlError, Value},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts that one row carries at most: about 40 bytes of JSON each.
const COUNTS_A_ROW: i64 = 2000;

/// A numbered row of counts to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Grows by one from row to row of a shard.
    pub seq: i64,
    /// `{"shard","seq","through_ms","rows":[[link_no,quarter,country,device,bucket,count,unique_count],…]}`.
    pub body: String,
}

/// Link number, quarter hour, country, device, bucket, clicks, unique clicks.
type Delta<'a> = (i64, i64, &'a str, i64, i64, i64, i64);

#[derive(Serialize)]
struct Body<'a> {
    shard: u8,
    seq: i64,
    through_ms: i64,
    rows: Vec<Delta<'a>>,
}

/// Clicks, unique clicks, and the time of the newest.
#[derive(Default)]
struct Sum(u32, u32, i64);

impl ClickLog<'_> {
    /// Adds visits to the counts that no row carries yet.
    pub(super) fn count(&self, arrivals: &[Arrival<'_>], sorted: &[Sorted]) -> Result<(), SqlError> {
        let mut sums: BTreeMap<_, Sum> = BTreeMap::new();
        for (visit, Sorted { bucket, first_of_day }) in arrivals.iter().zip(sorted) {
            let country = visit.country.as_ref().map_or("", Country::as_str);
            let key = (visit.link_no, visit.at.quarter(), country, visit.device.code(), bucket.code());
            let Sum(clicks, uniques, newest) = sums.entry(key).or_default();
            *clicks = clicks.saturating_add(1);
            *uniques = uniques.saturating_add(u32::from(*first_of_day));
            *newest = visit.at.ms().max(*newest);
        }
        let rows: Vec<_> = sums
            .into_iter()
            .map(|((link_no, quarter, country, device, bucket), Sum(clicks, uniques, newest))| {
                (link_no, quarter, country, device, bucket, clicks, uniques, newest)
            })
            .collect();
        self.sql
            .exec(
                // `WHERE true` tells the parser that ON CONFLICT is no join's ON.
                "INSERT INTO pending (link_no, quarter, country, device, bucket, clicks, uniques, newest_ms)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                   value ->> 7 FROM json_each(?1) WHERE true
                 ON CONFLICT (link_no, quarter, country, device, bucket) DO UPDATE SET
                   clicks = clicks + excluded.clicks, uniques = uniques + excluded.uniques,
                   newest_ms = max(newest_ms, excluded.newest_ms)",
                &[json(&rows)?],
            )
            .map(drop)
    }

    /// The row to send: the one that was not acknowledged yet, or else a new one packed from the oldest counts.
    pub(super) fn counts_due(&self) -> Result<Option<Counts>, SqlError> {
        let rows = self.sql.exec("SELECT seq, body FROM outbox ORDER BY seq DESC LIMIT 1", &[])?;
        let newest = match rows.first() {
            Some(row) => (row.int(0)?, row.opt_text(1)?),
            None => (0, None),
        };
        match newest {
            (seq, Some(body)) => Ok(Some(Counts { seq, body: body.to_owned() })),
            (seq, None) => self.pack(seq.checked_add(1).ok_or(SqlError::Overflow("count rows"))?),
        }
    }

    fn pack(&self, seq: i64) -> Result<Option<Counts>, SqlError> {
        let rows = self.sql.exec(
            "SELECT link_no, quarter, country, device, bucket, clicks, uniques, newest_ms, place FROM pending
             ORDER BY place LIMIT ?1",
            &[Value::Int(COUNTS_A_ROW)],
        )?;
        let Some(last) = rows.last() else { return Ok(None) };
        let mut body = Body { shard: self.shard, seq, through_ms: 0, rows: Vec::with_capacity(rows.len()) };
        for row in &rows {
            body.through_ms = row.int(7)?.max(body.through_ms);
            body.rows.push(delta(row)?);
        }
        let body = serde_json::to_string(&body).map_err(|error| SqlError::Engine(error.to_string()))?;
        // Rows before the newest have been acknowledged: only the newest can be waiting.
        self.sql.exec("DELETE FROM outbox", &[])?;
        self.sql.exec(
            "INSERT INTO outbox (seq, body) VALUES (?1, ?2)",
            &[Value::Int(seq), Value::from(body.as_str())],
        )?;
        self.sql.exec("DELETE FROM pending WHERE place <= ?1", &[Value::Int(last.int(8)?)])?;
        Ok(Some(Counts { seq, body }))
    }

    /// Notes that the Ledger has the row of this number. Saying so twice, or of another row, changes nothing.
    pub fn counts_sent(&self, seq: i64) -> Result<(), SqlError> {
        self.sql.exec("UPDATE outbox SET body = NULL WHERE seq = ?1", &[Value::Int(seq)]).map(drop)
    }

    /// Whether counts are waiting for a row of their own.
    pub(super) fn has_pending_counts(&self) -> Result<bool, SqlError> {
        Ok(!self.sql.exec("SELECT 1 FROM pending LIMIT 1", &[])?.is_empty())
    }
}

fn delta(row: &Row) -> Result<Delta<'_>, SqlError> {
    Ok((row.int(0)?, row.int(1)?, row.text(2)?, row.int(3)?, row.int(4)?, row.int(5)?, row.int(6)?))
}
