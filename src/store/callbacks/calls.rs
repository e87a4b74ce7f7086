//! Rows of listings whose marketplaces have called.

use crate::domain::{
    programme::{listing::ListingNo, listing_calls::ListingCalls},
    values::time::Timestamp,
};
use crate::store::{Row, Sql, SqlError, Value, value::json_text};

/// Updates all columns but those that other statements find a listing by. So an accepted callback writes one row and no index.
pub const TOUCH: &str = "UPDATE listing_calls SET last_accepted_at = ?2, burst_at = ?3, bursts = ?4, interval_s = ?5, hours = ?6 \
                         WHERE listing_no = ?1";

const COLUMNS: &str =
    "listing_no, last_accepted_at, burst_at, bursts, interval_s, hours, silent_since, check_at";

fn read(row: &Row) -> Result<(ListingNo, ListingCalls), SqlError> {
    let listing_no = u16::try_from(row.int(0)?)
        .map_err(|_| SqlError::Shape { column: 0, expected: "a listing number" })?;
    let calls = ListingCalls {
        last_accepted_at: row.time(1)?,
        burst_at: row.time(2)?,
        bursts: row.int(3)?,
        interval_s: row.int(4)?,
        hours: row.json(5)?,
        silent_since: row.opt_time(6)?,
        check_at: row.opt_time(7)?,
    };
    Ok((listing_no, calls))
}

/// Returns the calls of a listing; `None` if it was never called.
pub fn by_listing(sql: &dyn Sql, listing_no: ListingNo) -> Result<Option<ListingCalls>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM listing_calls WHERE listing_no = ?1");
    let rows = sql.exec(&statement, &[listing_no.into()])?;
    rows.first().map(|row| Ok(read(row)?.1)).transpose()
}

fn touched(listing_no: ListingNo, calls: &ListingCalls) -> Result<Vec<Value>, SqlError> {
    Ok(vec![
        listing_no.into(),
        calls.last_accepted_at.into(),
        calls.burst_at.into(),
        calls.bursts.into(),
        calls.interval_s.into(),
        json_text(&calls.hours)?.into(),
    ])
}

/// Writes the calls of a listing after a callback that changed neither whether it is silent nor when it is checked.
pub fn touch(sql: &dyn Sql, listing_no: ListingNo, calls: &ListingCalls) -> Result<(), SqlError> {
    sql.exec(TOUCH, &touched(listing_no, calls)?).map(drop)
}

/// Writes the calls of a listing.
pub fn put(sql: &dyn Sql, listing_no: ListingNo, calls: &ListingCalls) -> Result<(), SqlError> {
    let mut args = touched(listing_no, calls)?;
    args.extend([calls.silent_since.into(), calls.check_at.into()]);
    let statement =
        format!("INSERT OR REPLACE INTO listing_calls ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    sql.exec(&statement, &args).map(drop)
}

/// Returns the listings whose check is due, the most overdue first.
pub fn due(sql: &dyn Sql, now: Timestamp, limit: i64) -> Result<Vec<(ListingNo, ListingCalls)>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM listing_calls INDEXED BY listing_calls_due WHERE check_at <= ?1 ORDER BY check_at \
         LIMIT CAST(?2 AS INTEGER)"
    );
    sql.exec(&statement, &[now.into(), limit.into()])?.iter().map(read).collect()
}

/// Puts the checks that are due off.
pub fn put_off(sql: &dyn Sql, now: Timestamp, until: Timestamp) -> Result<(), SqlError> {
    let statement = "UPDATE listing_calls SET check_at = ?2 WHERE check_at <= ?1";
    sql.exec(statement, &[now.into(), until.into()]).map(drop)
}
