//! The shard of the click log in one database.

use crate::store::{
    Sql,
    clicks::recent::Recent,
    schema::{MigrateError, Step, migrate, script},
};
use std::{cell::RefCell, rc::Rc};

/// The schema steps; see [`migrate`].
const STEPS: &[Step] = &[
    Step { version: 1, script: script!("../schema/clicklog_0001.sql") },
    Step { version: 2, script: script!("../schema/clicklog_0002.sql") },
    Step { version: 3, script: script!("../schema/clicklog_0003.sql") },
    Step { version: 4, script: script!("../schema/clicklog_0004.sql") },
];

/// One shard of the click log.
#[derive(Clone)]
pub struct ClickLog<'a> {
    pub(super) sql: &'a dyn Sql,
    pub(super) shard: u8,
    pub(super) recent: Rc<RefCell<Recent>>,
}

impl std::fmt::Debug for ClickLog<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClickLog").field("shard", &self.shard).finish_non_exhaustive()
    }
}

impl<'a> ClickLog<'a> {
    /// Opens the shard in `sql` and migrates its schema.
    pub fn open(sql: &'a dyn Sql, shard: u8) -> Result<Self, MigrateError> {
        migrate(sql, STEPS)?;
        Ok(Self::opened(sql, shard, Rc::default()))
    }

    /// Returns the shard in a database that [`ClickLog::open`] has opened before. `recent` must belong to that
    /// database.
    #[must_use]
    pub fn opened(sql: &'a dyn Sql, shard: u8, recent: Rc<RefCell<Recent>>) -> Self {
        Self { sql, shard, recent }
    }
}
