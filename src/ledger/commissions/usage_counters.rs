//! Counters of the terms while one conversion is computed: the stored counts, and what the conversion adds to them.

use crate::store::{
    Sql, SqlError,
    commissions::usage_counters::{self, Usage},
};

/// Counters that are read on demand, with what this conversion adds to them.
pub struct UsageCounters<'a> {
    sql: &'a dyn Sql,
    /// What is to be written.
    pub added: Vec<Usage>,
}

impl<'a> UsageCounters<'a> {
    pub fn new(sql: &'a dyn Sql) -> Self {
        Self { sql, added: Vec::new() }
    }

    /// The count so far, this conversion included.
    pub fn used(&self, key: &str) -> Result<i64, SqlError> {
        let mut used = usage_counters::value(self.sql, key)?;
        for more in self.added.iter().filter(|more| more.key == key) {
            used = used.checked_add(more.added).ok_or(SqlError::Overflow("a counter of the terms"))?;
        }
        Ok(used)
    }

    /// Adds to a counter, and returns the new count.
    pub fn add(&mut self, key: String, added: i64) -> Result<i64, SqlError> {
        let used = self.used(&key)?.checked_add(added).ok_or(SqlError::Overflow("a counter of the terms"))?;
        if added != 0 {
            self.added.push(Usage { key, added });
        }
        Ok(used)
    }

    /// Takes up to `amount` of what `limit` leaves of a counter, and returns how much it took.
    pub fn take(&mut self, key: String, limit: i64, amount: i64) -> Result<i64, SqlError> {
        let taken = limit.saturating_sub(self.used(&key)?).clamp(0, amount.max(0));
        self.add(key, taken)?;
        Ok(taken)
    }
}
