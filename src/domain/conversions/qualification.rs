//! Qualification: an operator's decision whether a lead is worth pursuing.

use crate::values::{string_enum::string_enum, time::Timestamp};

string_enum! {
    /// Whether a lead is worth pursuing.
    QualificationStatus {
        /// It is, and reports count it in `qualified_leads`.
        Qualified = "qualified";
        /// It is not.
        Unqualified = "unqualified";
    }
}

/// The decision on a lead. A later decision replaces it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Qualification {
    /// The decision.
    pub status: QualificationStatus,
    /// The reason in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was decided.
    pub at: Timestamp,
}

impl Qualification {
    /// Returns whether the lead counts as qualified.
    #[must_use]
    pub fn is_qualified(&self) -> bool {
        self.status == QualificationStatus::Qualified
    }
}
