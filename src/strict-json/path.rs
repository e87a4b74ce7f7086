//! The path from the root of a text to a value in it, and what may still be scanned on the way.

use std::cell::{Cell, RefCell};

/// One step from a JSON value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// How often a text may be scanned on average. Each level of nesting scans what is inside it once more, so a text that is nested
/// deeply around most of its length would otherwise cost as many scans as it has levels.
const MAX_SCANS: usize = 16;
/// What may be scanned in any case, in bytes: a short text may be nested as deeply as it likes.
const MIN_SCANNED: usize = 64 * 1024;

/// The path to an error, innermost step first: each level adds its own step while the error passes through it. It
/// therefore costs nothing as long as there is no error.
#[derive(Debug)]
pub(crate) struct Path {
    steps: RefCell<Vec<Step>>,
    /// How many more bytes may be scanned.
    budget: Cell<usize>,
}

impl Path {
    /// The path to the root of a text.
    pub(crate) fn new(text: &str) -> Self {
        let budget = text.len().saturating_mul(MAX_SCANS).saturating_add(MIN_SCANNED);
        Self { steps: RefCell::default(), budget: Cell::new(budget) }
    }

    pub(crate) fn push(&self, step: Step) {
        self.steps.borrow_mut().push(step);
    }

    /// Counts the scan of a part. Returns whether it is allowed.
    pub(crate) fn may_scan(&self, part: &str) -> bool {
        let left = self.budget.get().checked_sub(part.len());
        self.budget.set(left.unwrap_or(0));
        left.is_some()
    }

    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps.into_inner()
    }
}
