//! The path from the root of a text to a value in it.

use std::cell::RefCell;

/// One step from a JSON value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// The path to an error, innermost step first: each level adds its own step while the error passes through it. It
/// therefore costs nothing as long as there is no error.
pub(crate) type Path = RefCell<Vec<Step>>;
