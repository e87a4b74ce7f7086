//! Pages of a list, newest first.

/// Which rows of a list: those numbered below `before`, at most `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows with a smaller number only; all if absent.
    pub before: Option<i64>,
    /// At most so many rows.
    pub limit: i64,
}

impl Page {
    /// `before` as a bound for `no < ?`.
    #[must_use]
    pub fn below(self) -> i64 {
        self.before.unwrap_or(super::value::MAX_SAFE_INTEGER)
    }
}
