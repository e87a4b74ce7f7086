//! How many callbacks of each listing were refused, by hour and reason. The Worker refuses them without the Ledger and reports only
//! their numbers.

use crate::domain::{
    programme::{
        listing::ListingNo,
        listing_calls::{HOURS_COUNTED, hour_of},
    },
    values::time::Timestamp,
};
use crate::store::{Sql, SqlError, Value};

/// Adds numbers of refused callbacks by listing and reason, and deletes old ones of these listings.
pub fn add(sql: &dyn Sql, counts: &[(ListingNo, String, u32)], now: Timestamp) -> Result<(), SqlError> {
    let hour = hour_of(now);
    for (listing_no, reason, count) in counts {
        let oldest = hour.saturating_sub(HOURS_COUNTED);
        let args = [(*listing_no).into(), oldest.into()];
        sql.exec("DELETE FROM listing_refusals WHERE listing_no = ?1 AND hour <= ?2", &args)?;
        let statement = "INSERT INTO listing_refusals (listing_no, hour, reason, count) VALUES (?1, ?2, ?3, ?4) \
                         ON CONFLICT (listing_no, hour, reason) DO UPDATE SET count = count + excluded.count";
        let args: [Value; 4] = [(*listing_no).into(), hour.into(), reason.as_str().into(), (*count).into()];
        sql.exec(statement, &args)?;
    }
    Ok(())
}

/// Returns how many callbacks were refused in this hour and the 24 before it, by reason, the most frequent first.
pub fn list(sql: &dyn Sql, listing_no: ListingNo, now: Timestamp) -> Result<Vec<(String, i64)>, SqlError> {
    let rows = sql.exec(
        "SELECT reason, sum(count) FROM listing_refusals WHERE listing_no = ?1 AND hour > ?2 \
         GROUP BY reason ORDER BY 2 DESC, 1",
        &[listing_no.into(), hour_of(now).saturating_sub(HOURS_COUNTED).into()],
    )?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}
