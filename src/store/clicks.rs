//! One shard of the click log. It stores each visit once, detects duplicates, and forwards counts to the Ledger and
//! segments of the log to KV. Everything that is forwarded is recorded in a row first, so that it can be sent again
//! unchanged. A shard also relays clicks of other shards that arrived in one batch with its own.

mod append;
mod count;
mod counted;
mod forwarding;
mod invalid;
mod page;
mod recent;
mod restore;
mod row;
mod segment;
mod shard;
mod watermark;
mod work;

pub use append::{AppendError, DUPLICATE_WITHIN_MS};
pub use count::{CLICKS_A_ROW, Counts};
pub use forwarding::ForwardBatch;
pub use page::PageQuery;
pub use recent::{RECENT_CLICKS, Recent};
pub use row::{LoggedClick, PackedClick, StoredClick};
pub use segment::{SEGMENT_AGE_MS, SEGMENT_CLICKS, Segment};
pub use shard::ClickLog;
pub use watermark::IN_FLIGHT_MS;
pub use work::{DELETED_ROWS, KEEP_MS, Work};
