//! What imports created, by the caller's own ids; and imported clicks on their way to their ClickLogs.

use crate::domain::{import::ImportedObject, values::time::Timestamp};
use crate::store::{Row, Sql, SqlError, Value};
use serde::{Deserialize, Serialize};

/// The most clicks that are sent to the ClickLogs at once.
const CLICKS_A_STEP: i64 = 1_000;

/// A line of an import that created something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedRow {
    /// What the line describes.
    pub object: ImportedObject,
    /// The caller's own id of it.
    pub external_id: String,
    /// The id that it has here.
    pub id: String,
    /// Identifies the content of the line.
    pub digest: String,
    /// The earlier click ids of a click's visitor, oldest first, joined by `.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<String>,
    /// When a link was created, if its line says so. Clicks cannot be older then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_at: Option<Timestamp>,
}

/// Inserts rows.
pub fn insert(sql: &dyn Sql, rows: &[ImportedRow]) -> Result<(), SqlError> {
    for row in rows {
        // A link has no trail: the column holds what its line says about its time.
        let trail = row.trail.clone().or(row.stated_at.map(|at| at.to_string()));
        let args: [Value; 5] = [
            row.object.as_str().into(),
            row.external_id.as_str().into(),
            row.id.as_str().into(),
            row.digest.as_str().into(),
            trail.into(),
        ];
        sql.exec(
            "INSERT INTO imported (object, external_id, id, digest, trail) VALUES (?1, ?2, ?3, ?4, ?5)",
            &args,
        )?;
    }
    Ok(())
}

/// Returns what an import created under the caller's own id.
pub fn by_external_id(
    sql: &dyn Sql,
    object: ImportedObject,
    external_id: &str,
) -> Result<Option<ImportedRow>, SqlError> {
    let rows = sql.exec(
        "SELECT id, digest, trail FROM imported WHERE object = ?1 AND external_id = ?2",
        &[object.as_str().into(), external_id.into()],
    )?;
    let is_link = object == ImportedObject::Link;
    let read = |row: &Row| {
        Ok(ImportedRow {
            object,
            external_id: external_id.to_owned(),
            id: row.text(0)?.to_owned(),
            digest: row.text(1)?.to_owned(),
            trail: row.opt_string(2)?.filter(|_| !is_link),
            stated_at: if is_link { row.opt_parsed(2, "a time", Timestamp::parse)? } else { None },
        })
    };
    rows.first().map(read).transpose()
}

/// Returns the earlier click ids of the visitor who made an imported click, joined by `.`; `None` if it was not imported.
pub fn trail_of(sql: &dyn Sql, click_id: &str) -> Result<Option<String>, SqlError> {
    let rows =
        sql.exec("SELECT trail FROM imported WHERE id = ?1 AND object = 'click'", &[click_id.into()])?;
    rows.first().map_or(Ok(None), |row| Ok(Some(row.opt_string(0)?.unwrap_or_default())))
}

/// Queues the record of a click for its ClickLog.
pub fn queue_click(sql: &dyn Sql, shard: u8, record: &str) -> Result<(), SqlError> {
    sql.exec("INSERT INTO click_outbox (shard, record) VALUES (?1, ?2)", &[shard.into(), record.into()])
        .map(drop)
}

/// Queues a packed visit of an export for the ClickLog of its shard.
pub fn queue_restored(sql: &dyn Sql, shard: u8, packed: &str) -> Result<(), SqlError> {
    let statement = "INSERT INTO click_outbox (shard, record, restored) VALUES (?1, ?2, 1)";
    sql.exec(statement, &[shard.into(), packed.into()]).map(drop)
}

/// Clicks for one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedClicks {
    /// The shard.
    pub shard: u8,
    /// A JSON array of records, or of packed visits if they are restored.
    pub records: String,
    /// Whether they come from an export.
    pub is_restored: bool,
    /// Together with the shard, identifies the clicks in [`clicks_sent`].
    pub last: i64,
}

/// Returns the oldest queued clicks, grouped by shard.
pub fn queued_clicks(sql: &dyn Sql) -> Result<Vec<QueuedClicks>, SqlError> {
    let rows = sql.exec(
        "SELECT shard, '[' || group_concat(record) || ']', max(place), restored FROM
           (SELECT place, shard, record, restored FROM click_outbox ORDER BY place LIMIT CAST(?1 AS INTEGER))
         GROUP BY restored, shard ORDER BY restored, shard",
        &[CLICKS_A_STEP.into()],
    )?;
    let read = |row: &Row| {
        let shard = u8::try_from(row.int(0)?);
        let shard = shard.map_err(|_| SqlError::Shape { column: 0, expected: "a shard" })?;
        let (records, is_restored) = (row.text(1)?.to_owned(), row.int(3)? == 1);
        Ok(QueuedClicks { shard, records, is_restored, last: row.int(2)? })
    };
    rows.iter().map(read).collect()
}

/// Returns whether clicks are queued.
pub fn has_queued_clicks(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(!sql.exec("SELECT 1 FROM click_outbox LIMIT 1", &[])?.is_empty())
}

/// Records that a shard has stored its queued clicks.
pub fn clicks_sent(sql: &dyn Sql, queued: &QueuedClicks) -> Result<(), SqlError> {
    let statement = "DELETE FROM click_outbox WHERE shard = ?1 AND place <= ?2 AND restored = ?3";
    let args = [queued.shard.into(), queued.last.into(), i64::from(queued.is_restored).into()];
    sql.exec(statement, &args).map(drop)
}
