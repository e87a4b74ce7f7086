//! The watermark of a shard: the time up to which no further click can change the Ledger's counts.
//!
//! A click reaches its shard some time after its redirect: it waits in a batch, and is sent again if an object does not
//! respond. [`IN_FLIGHT_MS`] is longer than that takes at most (`edge/clicks.rs` gives a click up earlier). What a shard has
//! stored but the Ledger has not confirmed holds its watermark back, and so do clicks that it still has to forward.

use crate::store::clicks::shard::ClickLog;
use crate::{
    domain::values::time::{QUARTER_MS, Timestamp},
    store::{SqlError, Value},
};

/// The longest time from a redirect to the storing of its click, with allowance for clocks that differ.
pub const IN_FLIGHT_MS: i64 = 60_000;

impl ClickLog<'_> {
    /// Returns the time before which the Ledger has every click of this shard, and every click of other shards that came
    /// through this one.
    pub fn watermark(&self, now: Timestamp) -> Result<Timestamp, SqlError> {
        let rows = self.sql.exec(
            // The oldest click that no row counts yet, the oldest quarter hour of the row that is on its way, and the oldest
            // click that is to be forwarded. The plus keeps SQLite from searching the index over times from its beginning.
            "SELECT
               (SELECT min(+at_ms) FROM click WHERE seq > (SELECT coalesce(max(through), 0) FROM outbox)),
               (SELECT min(value ->> 1) * ?1 FROM outbox, json_each(body, '$.rows') WHERE body IS NOT NULL),
               (SELECT min(value ->> 1) FROM intake, json_each(records))",
            &[Value::Int(QUARTER_MS)],
        )?;
        let mut watermark = now.plus_ms(IN_FLIGHT_MS.saturating_neg());
        if let Some(row) = rows.first() {
            for column in 0..3 {
                watermark = row.opt_time(column)?.map_or(watermark, |oldest| oldest.min(watermark));
            }
        }
        Ok(watermark)
    }
}
