//! JSON that is passed on as it came.

use super::{Trace, Tree, grow::parse};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// A JSON value that is written as it was read: every member in its place, and blanks between them left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Verbatim<'de>(Tree<'de>);

impl<'de> Verbatim<'de> {
    /// Reads a whole text.
    pub fn read(text: &'de str) -> Result<Self, serde_json::Error> {
        parse(text, &Trace::default()).map(Self)
    }

    /// Reads a whole text that is a list; nothing, if it is none.
    pub fn read_list(text: &'de str) -> Result<Vec<Self>, serde_json::Error> {
        Ok(match parse(text, &Trace::default())? {
            Tree::List(items) => items.into_iter().map(Self).collect(),
            _ => Vec::new(),
        })
    }

    /// The same with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> Verbatim<'static> {
        Verbatim(owned(self.0))
    }
}

fn owned(tree: Tree<'_>) -> Tree<'static> {
    match tree {
        Tree::Null => Tree::Null,
        Tree::Bool(value) => Tree::Bool(value),
        Tree::Unsigned(value) => Tree::Unsigned(value),
        Tree::Signed(value) => Tree::Signed(value),
        Tree::Float(value) => Tree::Float(value),
        Tree::Text(text) => Tree::Text(text.into_owned().into()),
        Tree::List(items) => Tree::List(items.into_iter().map(owned).collect()),
        Tree::Object(entries) => {
            let entry = |(key, value): (Cow<'_, str>, _)| (key.into_owned().into(), owned(value));
            Tree::Object(entries.into_iter().map(entry).collect())
        }
    }
}

impl Serialize for Verbatim<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (key, value))),
        }
    }
}
