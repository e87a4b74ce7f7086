//! Counters of the terms while one conversion is worked out: what stands in the rows, and what is added.

use crate::store::{
    Sql, SqlError,
    commissions::usage_counters::{self, Use},
};

/// Counters, read as they are asked for, with what this conversion adds to them.
pub struct Tally<'a> {
    sql: &'a dyn Sql,
    /// What is to be written.
    pub added: Vec<Use>,
}

impl<'a> Tally<'a> {
    pub fn new(sql: &'a dyn Sql) -> Self {
        Self { sql, added: Vec::new() }
    }

    /// How far a counter is.
    pub fn used(&self, key: &str) -> Result<i64, SqlError> {
        let mut used = usage_counters::used(self.sql, key)?;
        for more in self.added.iter().filter(|more| more.key == key) {
            used = used.checked_add(more.added).ok_or(SqlError::Overflow("a counter of the terms"))?;
        }
        Ok(used)
    }

    /// Adds to a counter, and answers how far it is then.
    pub fn add(&mut self, key: String, added: i64) -> Result<i64, SqlError> {
        let used = self.used(&key)?.checked_add(added).ok_or(SqlError::Overflow("a counter of the terms"))?;
        if added != 0 {
            self.added.push(Use { key, added });
        }
        Ok(used)
    }

    /// Takes up to `amount` of what a counter has left of `limit`, and answers how much it got.
    pub fn take(&mut self, key: String, limit: i64, amount: i64) -> Result<i64, SqlError> {
        let taken = limit.saturating_sub(self.used(&key)?).clamp(0, amount);
        self.add(key, taken)?;
        Ok(taken)
    }
}
