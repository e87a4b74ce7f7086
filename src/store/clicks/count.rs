//! Counts for the Ledger: the clicks after the last counted position, summed per link, quarter hour, country, device
//! and bucket into a numbered row whose content never changes. The Ledger applies each number once, so a row may be
//! sent again.

use crate::domain::clicks::bucket::Bucket;
use crate::store::clicks::shard::ClickLog;
use crate::store::{Row, SqlError, Value};
use serde::Serialize;

/// The maximum number of clicks summed in one row, which also bounds its counts at about 40 bytes of JSON each.
pub const CLICKS_A_ROW: i64 = 2000;

/// A numbered row of counts to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// The number, which increases by one from row to row of a shard.
    pub seq: i64,
    /// `{"shard","seq","through","through_ms","rows":[[link_no,quarter,country,device,bucket,count,unique_count],…]}`.
    pub body: String,
}

/// Link number, quarter hour, country, device, bucket, clicks and unique clicks.
type Delta<'a> = (i64, i64, &'a str, i64, i64, i64, i64);

#[derive(Serialize)]
struct Body<'a> {
    shard: u8,
    seq: i64,
    /// The position of the last click that this row or an earlier one includes.
    through: i64,
    through_ms: i64,
    rows: Vec<Delta<'a>>,
}

impl ClickLog<'_> {
    /// Returns the row to send: the one that has not been acknowledged yet, otherwise a new one for the clicks after
    /// it.
    pub(super) fn counts_due(&self) -> Result<Option<Counts>, SqlError> {
        let rows = self.sql.exec("SELECT seq, body, through FROM outbox ORDER BY seq DESC LIMIT 1", &[])?;
        let Some(newest) = rows.first() else { return self.pack(1, 0) };
        let seq = newest.int(0)?;
        match newest.opt_text(1)? {
            Some(body) => Ok(Some(Counts { seq, body: body.to_owned() })),
            None => self.pack(seq.checked_add(1).ok_or(SqlError::Overflow("count rows"))?, newest.int(2)?),
        }
    }

    fn pack(&self, seq: i64, after: i64) -> Result<Option<Counts>, SqlError> {
        let rows = self.sql.exec(
            // 900000 is a quarter hour in milliseconds (`Timestamp::quarter`).
            "SELECT link_no, at_ms / 900000 AS quarter, country, device, bucket, count(*), sum(first_of_day),
               max(at_ms), max(seq)
             FROM click WHERE seq > ?1 AND seq <= ?1 + ?2
             GROUP BY link_no, quarter, country, device, bucket ORDER BY link_no, quarter, country, device, bucket",
            &[after.into(), Value::Int(CLICKS_A_ROW)],
        )?;
        let invalid = self.take_invalid()?;
        if rows.is_empty() && invalid.is_empty() {
            return Ok(None);
        }
        let mut body = Body {
            shard: self.shard,
            seq,
            through: after,
            through_ms: 0,
            rows: Vec::with_capacity(rows.len()),
        };
        for row in &rows {
            body.rows.push(delta(row)?);
            body.through_ms = row.int(7)?.max(body.through_ms);
            body.through = row.int(8)?.max(body.through);
        }
        for (quarter, country, device, visits, newest) in &invalid {
            let bucket = i64::from(Bucket::Invalid.code());
            body.rows.push((0, *quarter, country, i64::from(*device), bucket, *visits, 0));
            body.through_ms = body.through_ms.max(*newest);
        }
        let through = body.through;
        let body = serde_json::to_string(&body).map_err(|error| SqlError::Engine(error.to_string()))?;
        // All rows before the newest have been acknowledged, so only the newest can be pending.
        self.sql.exec("DELETE FROM outbox", &[])?;
        self.sql.exec(
            "INSERT INTO outbox (seq, body, through) VALUES (?1, ?2, ?3)",
            &[seq.into(), body.as_str().into(), through.into()],
        )?;
        Ok(Some(Counts { seq, body }))
    }

    /// Records that the Ledger has applied the row with this number. Repeating it, or passing another number, has no
    /// effect.
    pub fn counts_sent(&self, seq: i64) -> Result<(), SqlError> {
        self.sql.exec("UPDATE outbox SET body = NULL WHERE seq = ?1", &[Value::Int(seq)]).map(drop)
    }

    /// Returns whether there are clicks that no row counts yet.
    pub(super) fn has_uncounted(&self) -> Result<bool, SqlError> {
        let rows = self.sql.exec(
            "SELECT coalesce((SELECT max(seq) FROM click), 0) > coalesce((SELECT max(through) FROM outbox), 0)",
            &[],
        )?;
        Ok(rows.first().map_or(Ok(0), |row| row.int(0))? == 1 || self.has_invalid()?)
    }
}

fn delta(row: &Row) -> Result<Delta<'_>, SqlError> {
    Ok((row.int(0)?, row.int(1)?, row.text(2)?, row.int(3)?, row.int(4)?, row.int(5)?, row.int(6)?))
}
