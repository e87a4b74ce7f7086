//! A text or a list of texts.

use serde::Deserialize;

/// A text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub enum OneOrMany {
    /// The text.
    One(String),
    /// The list.
    Many(Vec<String>),
}
