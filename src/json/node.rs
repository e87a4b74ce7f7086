//! A part of a tree, and how its refusal is put.

use super::{FromJson, Object, Step, Trace, Tree, refusal::Refusal};
use serde::de::{Error as _, Unexpected};

/// A part of a tree, and where its errors are noted.
#[derive(Clone, Copy)]
pub struct Node<'de, 't> {
    pub(super) tree: &'t Tree<'de>,
    pub(super) trace: &'t Trace,
}

impl<'t> Node<'_, 't> {
    /// What it is, in serde's words.
    pub(super) fn found(self) -> Unexpected<'t> {
        match self.tree {
            Tree::Null => Unexpected::Unit,
            Tree::Bool(value) => Unexpected::Bool(*value),
            Tree::Unsigned(value) => Unexpected::Unsigned(*value),
            Tree::Signed(value) => Unexpected::Signed(*value),
            Tree::Float(value) => Unexpected::Float(*value),
            Tree::Text(value) => Unexpected::Str(value),
            Tree::List(_) => Unexpected::Seq,
            Tree::Object(_) => Unexpected::Map,
        }
    }

    /// The refusal of a value of a kind that its type has no use for.
    #[cold]
    #[must_use]
    pub fn unexpected(self, expected: &str) -> Refusal {
        Refusal::invalid_type(self.found(), &expected)
    }
}

/// A number as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Numeral {
    /// An integer.
    Integer(i64),
    /// An integer above all that there are.
    TooLarge,
    /// With a point or an exponent, or with too many digits for 64 bits.
    Float(f64),
}

impl<'de, 't> Node<'de, 't> {
    /// The object that it is.
    pub fn object(self) -> Result<Object<'de, 't>, Refusal> {
        match self.tree {
            Tree::Object(entries) => Ok(Object::new(entries, self)),
            _ => Err(self.unexpected("a JSON object")),
        }
    }

    pub(super) fn map(self) -> Result<Object<'de, 't>, Refusal> {
        match self.tree {
            Tree::Object(entries) => Ok(Object::new(entries, self)),
            _ => Err(self.unexpected("a map")),
        }
    }

    pub(super) fn list(self) -> Result<&'t [Tree<'de>], Refusal> {
        match self.tree {
            Tree::List(items) => Ok(items),
            _ => Err(self.unexpected("a sequence")),
        }
    }

    /// The items of a list of so many.
    pub(super) fn tuple(self, length: usize) -> Result<&'t [Tree<'de>], Refusal> {
        let expected = || format!("a tuple of size {length}");
        match self.tree {
            Tree::List(items) if items.len() == length => Ok(items),
            Tree::List(items) if items.len() < length => {
                Err(Refusal::invalid_length(items.len(), &expected().as_str()))
            }
            Tree::List(items) => Err(Refusal::invalid_length(items.len(), &"fewer items")),
            _ => Err(self.unexpected(&expected())),
        }
    }

    /// What stands at a place of a list.
    pub(super) fn item<T: FromJson<'de>>(self, index: usize, tree: &'t Tree<'de>) -> Result<T, Refusal> {
        let read = T::from_json(Node { tree, trace: self.trace });
        if read.is_err() {
            failed_at(self.trace, index);
        }
        read
    }

    /// The text that it is.
    pub fn text(self) -> Result<&'t str, Refusal> {
        match self.tree {
            Tree::Text(text) => Ok(text),
            _ => Err(self.unexpected("a string")),
        }
    }

    /// Which of `words` it is.
    pub fn word(self, words: &'static [&'static str]) -> Result<usize, Refusal> {
        let Tree::Text(text) = self.tree else { return Err(self.unexpected("a text")) };
        words.iter().position(|word| word == text).ok_or_else(|| Refusal::unknown_variant(text, words))
    }

    /// The number that it is.
    #[must_use]
    pub fn number(self) -> Option<Numeral> {
        match self.tree {
            Tree::Unsigned(number) => {
                Some(i64::try_from(*number).map_or(Numeral::TooLarge, Numeral::Integer))
            }
            Tree::Signed(number) => Some(Numeral::Integer(*number)),
            Tree::Float(number) => Some(Numeral::Float(*number)),
            _ => None,
        }
    }

    pub(super) fn unsigned(self, most: u64, name: &str) -> Result<u64, Refusal> {
        match self.tree {
            Tree::Unsigned(number) if *number <= most => Ok(*number),
            _ => Err(self.no_number(name)),
        }
    }

    /// The refusal of what is no number that its type can hold.
    #[cold]
    pub(super) fn no_number(self, name: &str) -> Refusal {
        match self.tree {
            Tree::Unsigned(_) | Tree::Signed(_) => Refusal::invalid_value(self.found(), &name),
            _ => self.unexpected(name),
        }
    }
}

#[cold]
pub(super) fn failed_at(trace: &Trace, index: usize) {
    trace.borrow_mut().push(Step::Index(index));
}

#[cold]
pub(super) fn failed_below(trace: &Trace, key: &str) {
    trace.borrow_mut().push(Step::Key(key.to_owned()));
}
