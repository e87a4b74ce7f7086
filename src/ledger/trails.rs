//! Trails of visitors' earlier clicks. They are in the click store, which the Ledger cannot query inside a transaction. An
//! operation that needs a trail aborts without writing and names the trail; its runner fetches it and runs the operation
//! again. The last-touch model never needs a trail.

use std::collections::BTreeMap;

/// Trails that were fetched, by click id: the visitor's earlier click ids, oldest first; `None` if the click store could
/// not say.
pub type Trails = BTreeMap<String, Option<Vec<String>>>;

/// No trail was fetched.
pub static NO_TRAILS: Trails = Trails::new();

/// The trail that an operation needs before it can run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrailRequest {
    /// The shard of the click store that has it.
    pub shard: u8,
    /// The click id.
    pub click_id: String,
}
