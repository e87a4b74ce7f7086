//! A text, or several in its place.

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use std::fmt;

/// A text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneOrSeveral {
    /// The text.
    One(String),
    /// The list.
    Several(Vec<String>),
}

// By hand: serde's way to read either keeps a copy of the value in a tree of its own, and code for all that can be in it.
impl<'de> Deserialize<'de> for OneOrSeveral {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = OneOrSeveral;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<OneOrSeveral, E> {
        Ok(OneOrSeveral::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrSeveral, A::Error> {
        let mut texts = Vec::new();
        // Whatever it is first, so that a wrong one is an error of the whole and not of its place.
        while let Some(value) = list.next_element()? {
            let serde_json::Value::String(text) = value else {
                return Err(Error::custom("expected a text or a list of texts"));
            };
            texts.push(text);
        }
        Ok(OneOrSeveral::Several(texts))
    }
}
