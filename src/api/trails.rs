//! The trail of a click stands in the store of clicks, which the Ledger cannot ask in the middle of a transaction. So a
//! request that needs it ends with the wish for it, and nothing written; whoever carries the request asks, and hands the
//! request in again with what was answered. Under last touch nobody needs it.

use super::{
    call::Call,
    problem::{Code, Problem},
};
use crate::domain::clicks::click::ClickId;
use std::collections::BTreeMap;

/// What was answered, by click id: the visitor's earlier click ids, oldest first; nothing if it could not be told.
pub type Trails = BTreeMap<String, Option<Vec<String>>>;

/// Nothing was asked.
pub static NO_TRAILS: Trails = Trails::new();

/// The wish, `<shard> <click id>`, in the answer to a request that is to be handed in again; never leaves the Ledger.
pub const TRAIL_HEADER: &str = "x-signpost-trail";

/// A click whose trail is wished for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrailWish {
    /// The shard that has it.
    pub shard: u8,
    /// The click id.
    pub click_id: String,
}

impl Call<'_> {
    /// The trail of a click that verifies; `None` if it could not be told. An error ends the request with the wish for it.
    pub fn trail(&self, click_id: &str, click: &ClickId) -> Result<Option<&[String]>, Problem> {
        if let Some(answered) = self.trails.get(click_id) {
            return Ok(answered.as_deref());
        }
        self.trail_wish.replace(Some(TrailWish { shard: click.shard, click_id: click_id.to_owned() }));
        Err(Problem::new(Code::Unavailable, "The visitor's earlier clicks are being looked for; try again."))
    }
}
