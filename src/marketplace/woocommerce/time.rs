//! Times in WooCommerce's messages.

use super::super::adapter::{Unreadable, unreadable};
use crate::domain::values::time::Timestamp;

/// A time in UTC, without a time zone.
pub fn time(text: Option<&str>) -> Result<Option<Timestamp>, Unreadable> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => {
            let at = Timestamp::parse(&format!("{}Z", text.trim_end_matches('Z')));
            at.map(Some).ok_or_else(|| unreadable("a time is not of the form 2026-11-01T00:00:08"))
        }
        None => Ok(None),
    }
}
