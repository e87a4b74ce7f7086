//! The newest counted clicks, kept in memory.

use crate::domain::{clicks::visitor::Visitor, values::time::Timestamp};
use std::collections::HashMap;

/// The number of counted clicks that are collected in memory before they are written: about 60 bytes each, and a few
/// milliseconds to write.
pub const RECENT_CLICKS: usize = 4_096;

/// The times of a visitor's counted clicks on a link. There is at most one per hour, and a visitor hash lasts one day.
pub(super) type Counted = HashMap<(Visitor, u32), Vec<Timestamp>>;

/// The counted clicks that are newer than the last one written to the table.
#[derive(Debug, Default)]
pub struct Recent {
    /// `None` until it is first needed.
    pub(super) counted: Option<Counted>,
    pub(super) clicks: usize,
}

impl Recent {
    pub(super) fn add(&mut self, visitor: Visitor, link_no: u32, at: Timestamp) {
        self.counted.get_or_insert_default().entry((visitor, link_no)).or_default().push(at);
        self.clicks = self.clicks.saturating_add(1);
    }
}
