//! The outcome of vectors, and their summary.

use crate::{platform, shared_secret, token, vector::Vector};
use signpost::marketplace::signature::Refusal;
use std::{collections::BTreeMap, fmt};

/// A family of schemes: runs a vector, or returns `None` if the vector's scheme belongs to another family.
type Family = fn(&Vector) -> Option<Outcome>;

/// All families. A new scheme needs no entry: its family finds it by its name.
const FAMILIES: &[Family] = &[shared_secret::run, token::run, platform::run];

/// The outcome of a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The verifier returned a proof.
    Accepted,
    /// The verifier refused the request for this reason.
    Refused(String),
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.to_string())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accept"),
            Self::Refused(reason) => write!(f, "refuse ({reason})"),
        }
    }
}

/// Runs a vector; `None` if its scheme is unknown.
pub fn run(vector: &Vector) -> Option<Outcome> {
    FAMILIES.iter().find_map(|family| family(vector))
}

/// Counts of outcomes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    passed: usize,
    failed: usize,
    ambiguous: usize,
    unknown: BTreeMap<String, usize>,
}

impl Summary {
    /// Runs and counts a vector. Returns the line to print, or `None` if its scheme is unknown.
    pub fn add(&mut self, vector: &Vector) -> Option<String> {
        let Some(outcome) = run(vector) else {
            *self.unknown.entry(vector.scheme.clone()).or_default() += 1;
            return None;
        };
        let Vector { id, scheme, valid, ambiguous, .. } = vector;
        let expected = if *valid { "accept" } else { "refuse" };
        if *ambiguous {
            self.ambiguous += 1;
            Some(format!("ambiguous {scheme} {id} expected {expected}, got {outcome}"))
        } else if *valid == (outcome == Outcome::Accepted) {
            self.passed += 1;
            Some(format!("ok {scheme} {id}"))
        } else {
            self.failed += 1;
            Some(format!("FAIL {scheme} {id} expected {expected}, got {outcome}"))
        }
    }

    /// The number of failed vectors.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// A line for each unknown scheme.
    pub fn unknown(&self) -> impl Iterator<Item = String> {
        self.unknown.iter().map(|(name, count)| format!("unknown scheme {name}: {count} vectors not run"))
    }
}

/// The summary.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ambiguous > 0 {
            write!(f, ", {} ambiguous", self.ambiguous)?;
        }
        match self.unknown.values().sum() {
            0usize => Ok(()),
            unknown => write!(f, ", {unknown} unknown"),
        }
    }
}
