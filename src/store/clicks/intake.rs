//! Clicks on their way through this object to the shards they belong to: taken in as they came, and passed on with what
//! came after them. A shard takes each click once, so passing on again does no harm.

use crate::store::clicks::ClickLog;
use crate::store::{Row, SqlError, Value};

/// Characters that are passed on at once, unless one batch alone is longer: well within what a value may hold.
const PASSED_ON: i64 = 1_000_000;

/// Clicks to pass on to their shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Their shard.
    pub shard: u8,
    /// A JSON array of records.
    pub records: String,
    /// With the shard, names the parcel in [`ClickLog::passed_on`].
    pub last: i64,
}

impl ClickLog<'_> {
    /// Takes clicks in that belong to several shards: a JSON object of arrays of records by shard.
    pub fn take(&self, by_shard: &str) -> Result<(), SqlError> {
        // Not looked into further: who takes it over as a shard's own does (`append`).
        self.sql
            .exec(
                "INSERT INTO intake (shard, records) SELECT CAST(key AS INTEGER), value FROM json_each(?1)",
                &[by_shard.into()],
            )
            .map(drop)
    }

    /// What is to be passed on: a parcel a shard, and whether there is more than is passed on at once.
    pub fn parcels(&self) -> Result<(Vec<Parcel>, bool), SqlError> {
        let rows = self.sql.exec(
            "SELECT max(place), max(place) < (SELECT max(place) FROM intake) FROM
               (SELECT place, sum(length(records)) OVER (ORDER BY place) AS length,
                  row_number() OVER (ORDER BY place) AS number FROM intake)
             WHERE length <= ?1 OR number = 1",
            &[Value::Int(PASSED_ON)],
        )?;
        let Some(row) = rows.first() else { return Ok((Vec::new(), false)) };
        let Some(last) = row.opt_int(0)? else { return Ok((Vec::new(), false)) };
        let more = row.opt_int(1)? == Some(1);
        let rows = self.sql.exec(
            "SELECT shard, '[' || group_concat(substr(records, 2, length(records) - 2)) || ']' FROM intake
             WHERE place <= ?1 GROUP BY shard ORDER BY shard",
            &[last.into()],
        )?;
        let parcel = |row: &Row| {
            let shard = u8::try_from(row.int(0)?);
            let shard = shard.map_err(|_| SqlError::Shape { column: 0, expected: "a shard" })?;
            Ok(Parcel { shard, records: row.text(1)?.to_owned(), last })
        };
        Ok((rows.iter().map(parcel).collect::<Result<_, SqlError>>()?, more))
    }

    /// Notes that the shard has these clicks. Saying so twice, or of another parcel, changes nothing.
    pub fn passed_on(&self, shard: u8, last: i64) -> Result<(), SqlError> {
        self.sql
            .exec(
                "DELETE FROM intake WHERE shard = ?1 AND place <= ?2",
                &[Value::Int(i64::from(shard)), last.into()],
            )
            .map(drop)
    }
}
