//! Clicks on their way through this object to their own shards: stored as received, and forwarded together with later
//! ones. A shard stores each click once, so forwarding again is harmless.

use crate::store::clicks::shard::ClickLog;
use crate::store::{Row, SqlError, Value};

/// The maximum number of characters forwarded at once, unless a single batch is longer. It is well below the size limit
/// of a value.
const FORWARDED_CHARACTERS: i64 = 1_000_000;

/// Clicks to forward to their shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardBatch {
    /// The shard.
    pub shard: u8,
    /// The clicks as a JSON array of records.
    pub records: String,
    /// Together with the shard, identifies the batch in [`ClickLog::forwarded`].
    pub last: i64,
}

impl ClickLog<'_> {
    /// Stores clicks of several shards: a JSON object that maps shards to arrays of records.
    pub fn store_for_forwarding(&self, by_shard: &str) -> Result<(), SqlError> {
        // The records are not checked here; the receiving shard checks them as it does its own (`append`).
        self.sql
            .exec(
                "INSERT INTO intake (shard, records) SELECT CAST(key AS INTEGER), value FROM json_each(?1)",
                &[by_shard.into()],
            )
            .map(drop)
    }

    /// Returns the batches to forward, one per shard, and whether more remain.
    pub fn batches_to_forward(&self) -> Result<(Vec<ForwardBatch>, bool), SqlError> {
        let rows = self.sql.exec(
            "SELECT max(place), max(place) < (SELECT max(place) FROM intake) FROM
               (SELECT place, sum(length(records)) OVER (ORDER BY place) AS length,
                  row_number() OVER (ORDER BY place) AS number FROM intake)
             WHERE length <= ?1 OR number = 1",
            &[Value::Int(FORWARDED_CHARACTERS)],
        )?;
        let Some(row) = rows.first() else { return Ok((Vec::new(), false)) };
        let Some(last) = row.opt_int(0)? else { return Ok((Vec::new(), false)) };
        let more = row.opt_int(1)? == Some(1);
        let rows = self.sql.exec(
            "SELECT shard, '[' || group_concat(substr(records, 2, length(records) - 2)) || ']' FROM intake
             WHERE place <= ?1 GROUP BY shard ORDER BY shard",
            &[last.into()],
        )?;
        let batch = |row: &Row| {
            let shard = u8::try_from(row.int(0)?);
            let shard = shard.map_err(|_| SqlError::Shape { column: 0, expected: "a shard" })?;
            Ok(ForwardBatch { shard, records: row.text(1)?.to_owned(), last })
        };
        Ok((rows.iter().map(batch).collect::<Result<_, SqlError>>()?, more))
    }

    /// Records that the shard has stored a batch. Repeating it, or passing another batch, has no effect.
    pub fn forwarded(&self, shard: u8, last: i64) -> Result<(), SqlError> {
        self.sql
            .exec(
                "DELETE FROM intake WHERE shard = ?1 AND place <= ?2",
                &[Value::Int(i64::from(shard)), last.into()],
            )
            .map(drop)
    }
}
