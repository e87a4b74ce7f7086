//! Pages of a list, newest first.

/// The rows of a page: at most `limit` rows with numbers below `before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only rows with a smaller number; absent means all.
    pub before: Option<i64>,
    /// The maximum number of rows.
    pub limit: i64,
}

impl Page {
    /// Returns `before` as the bound for `no < ?`.
    #[must_use]
    pub fn below(self) -> i64 {
        self.before.unwrap_or(super::value::MAX_SAFE_INTEGER)
    }
}
