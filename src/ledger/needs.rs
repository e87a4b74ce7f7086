//! What an operation needs from other stores: trails of clicks, and segments of the log of events. The Ledger cannot query them inside
//! a transaction. An operation that needs one aborts without writing and names it; its runner fetches it and runs the operation again.

use super::trails::{TrailRequest, Trails};
use crate::store::log::archive::Segments;

/// What was fetched for an operation.
#[derive(Debug)]
pub struct Fetched {
    /// Visitors' trails.
    pub trails: Trails,
    /// Segments of the log of events.
    pub segments: Segments,
}

/// Nothing was fetched.
pub static NOTHING_FETCHED: Fetched = Fetched::nothing();

impl Fetched {
    /// The beginning: nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { trails: Trails::new(), segments: Segments::new() }
    }
}

/// What an operation needs before it can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A trail.
    Trail(TrailRequest),
    /// The segment of the log of events that begins with this event.
    Segment(i64),
}
