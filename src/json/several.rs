//! A text, or several in its place.

/// A text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneOrSeveral {
    /// The text.
    One(String),
    /// The list.
    Several(Vec<String>),
}
