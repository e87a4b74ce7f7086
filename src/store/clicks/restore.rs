//! Restoring clicks from an export: they are stored as they were classified, and once however often they arrive.

use crate::store::SqlError;
use crate::store::clicks::{append::AppendError, row::PackedClick, shard::ClickLog};

impl ClickLog<'_> {
    /// Stores packed visits: a JSON array of what [`LoggedClick::pack`] makes. They get positions of their own, in their
    /// order. The positions of the original are not kept, because this shard may have recorded visits already.
    ///
    /// [`LoggedClick::pack`]: crate::store::clicks::row::LoggedClick::pack
    pub fn restore(&self, packed: &str) -> Result<(), AppendError> {
        // Each visit is checked, because rows are written to the log without escaping.
        PackedClick::parse_all(packed)?;
        let statement =
            "INSERT INTO click (id, at_ms, link_no, visitor, country, device, bucket, first_of_day, trail)
             SELECT value ->> '$[2][0]', value ->> '$[2][1]', value ->> '$[2][2]', value ->> '$[2][3]',
               value ->> '$[2][4]', value ->> '$[2][5]', value ->> '$[2][6]', value ->> 1, value ->> '$[2][7]'
             FROM json_each(?1) WHERE true ORDER BY key ON CONFLICT (id) DO NOTHING";
        self.sql.exec(statement, &[packed.into()]).map(drop).map_err(|error: SqlError| error.into())
    }
}
