//! Trails of visitors' earlier clicks, which are in the click store. The last-touch model never needs a trail.

use std::collections::BTreeMap;

/// Trails that were fetched, by click id: the visitor's earlier click ids, oldest first; `None` if the click store could
/// not say.
pub type Trails = BTreeMap<String, Option<Vec<String>>>;

/// The trail that an operation needs before it can run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrailRequest {
    /// The shard of the click store that has it.
    pub shard: u8,
    /// The click id.
    pub click_id: String,
}
