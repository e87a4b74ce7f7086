//! Errors of the store.

/// The reason that a statement failed. All cases but [`SqlError::KeyGone`] are faults of Signpost; callers' mistakes are
/// detected before SQL runs.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The engine rejected the statement.
    #[error("the database refused a statement: {0}")]
    Engine(String),
    /// A row does not have the expected shape.
    #[error("column {column} of a row is not {expected}")]
    Shape {
        /// The zero-based column.
        column: usize,
        /// The expected type.
        expected: &'static str,
    },
    /// An integer beyond ±(2^53 − 1), which workerd's SQLite binding would round.
    #[error("the integer {0} is outside ±(2^53 − 1) and would be rounded")]
    UnsafeInteger(i64),
    /// A stored text was sealed under a key that the Worker no longer has. Only the operator can mend this.
    #[error("DATA_KEY lacks the key that a stored text was sealed under")]
    KeyGone,
    /// A sum or counter overflowed.
    #[error("arithmetic overflow in {0}")]
    Overflow(&'static str),
}
