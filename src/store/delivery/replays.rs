//! Parts of the log that a destination is to receive again.

use crate::store::{Sql, SqlError};

/// A part of the log: the events after `after` up to `through`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// The number of its row.
    pub no: i64,
    /// The last event that is in the queue again.
    pub after: i64,
    /// The last event of the part.
    pub through: i64,
}

/// Adds a part.
pub fn add(sql: &dyn Sql, after: i64, through: i64) -> Result<(), SqlError> {
    sql.exec("INSERT INTO replays (after, through) VALUES (?1, ?2)", &[after.into(), through.into()])
        .map(drop)
}

/// Returns the first part that is not finished.
pub fn first(sql: &dyn Sql) -> Result<Option<Replay>, SqlError> {
    let rows = sql.exec("SELECT no, after, through FROM replays ORDER BY no LIMIT 1", &[])?;
    rows.first()
        .map(|row| Ok(Replay { no: row.int(0)?, after: row.int(1)?, through: row.int(2)? }))
        .transpose()
}

/// Records that a part is in the queue up to `after`.
pub fn advance(sql: &dyn Sql, replay: Replay, after: i64) -> Result<(), SqlError> {
    if after >= replay.through {
        return sql.exec("DELETE FROM replays WHERE no = ?1", &[replay.no.into()]).map(drop);
    }
    sql.exec("UPDATE replays SET after = ?2 WHERE no = ?1", &[replay.no.into(), after.into()]).map(drop)
}
