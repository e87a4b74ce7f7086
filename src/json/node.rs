//! A part of a tree, and how its refusal is put.

use super::{Step, Trace, Tree, refusal::Refusal};
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

#[cold]
pub(super) fn failed_at(trace: &Trace, index: usize) {
    trace.borrow_mut().push(Step::Index(index));
}

#[cold]
pub(super) fn failed_below(trace: &Trace, key: &str) {
    trace.borrow_mut().push(Step::Key(key.to_owned()));
}
