//! Rows of verified callbacks that could not be read.

use crate::domain::{
    callback::CallbackStatus,
    programme::listing::ListingNo,
    values::{id::CallbackId, string_enum::Word, time::Timestamp},
};
use crate::store::{Page, Row, Sql, SqlError, Value};

/// A callback that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRow {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: CallbackId,
    /// The listing.
    pub listing_no: ListingNo,
    /// The name of its kind.
    pub kind: String,
    /// What became of it.
    pub status: CallbackStatus,
    /// Why it could not be read, or why it is refused.
    pub reason: String,
    /// What it is recognised by when it comes again.
    pub digest: String,
    /// The sealed message; absent once it is processed.
    pub sealed: Option<String>,
    /// How often it was read again.
    pub tries: i64,
    /// When it arrived first.
    pub received_at: Timestamp,
    /// When it was read again last.
    pub tried_at: Option<Timestamp>,
    /// When it is deleted.
    pub expires_at: Timestamp,
}

const COLUMNS: &str =
    "no, id, listing_no, kind, status, reason, digest, sealed, tries, received_at, tried_at, expires_at";

fn read(row: &Row) -> Result<KeptRow, SqlError> {
    Ok(KeptRow {
        no: row.int(0)?,
        id: row.parsed(1, "a callback id", CallbackId::parse)?,
        listing_no: u16::try_from(row.int(2)?)
            .map_err(|_| SqlError::Shape { column: 2, expected: "a listing number" })?,
        kind: row.text(3)?.to_owned(),
        status: row.parsed(4, "a status", CallbackStatus::parse)?,
        reason: row.text(5)?.to_owned(),
        digest: row.text(6)?.to_owned(),
        sealed: row.opt_string(7)?,
        tries: row.int(8)?,
        received_at: row.time(9)?,
        tried_at: row.opt_time(10)?,
        expires_at: row.time(11)?,
    })
}

/// Inserts a callback. Its number is assigned here; that of `row` is not used.
pub fn insert(sql: &dyn Sql, row: &KeptRow) -> Result<(), SqlError> {
    let args: [Value; 11] = [
        row.id.as_str().into(),
        row.listing_no.into(),
        row.kind.as_str().into(),
        Word::from(row.status).into(),
        row.reason.as_str().into(),
        row.digest.as_str().into(),
        row.sealed.clone().into(),
        row.tries.into(),
        row.received_at.into(),
        row.tried_at.into(),
        row.expires_at.into(),
    ];
    sql.exec(
        "INSERT INTO kept_callbacks (id, listing_no, kind, status, reason, digest, sealed, tries, received_at, tried_at, \
         expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &args,
    )
    .map(drop)
}

/// Updates what became of a callback.
pub fn update(sql: &dyn Sql, row: &KeptRow) -> Result<(), SqlError> {
    let args: [Value; 6] = [
        row.no.into(),
        Word::from(row.status).into(),
        row.reason.as_str().into(),
        row.sealed.clone().into(),
        row.tries.into(),
        row.tried_at.into(),
    ];
    sql.exec(
        "UPDATE kept_callbacks SET status = ?2, reason = ?3, sealed = ?4, tries = ?5, tried_at = ?6 WHERE no = ?1",
        &args,
    )
    .map(drop)
}

fn one(sql: &dyn Sql, condition: &str, arg: Value) -> Result<Option<KeptRow>, SqlError> {
    let rows = sql.exec(&format!("SELECT {COLUMNS} FROM kept_callbacks WHERE {condition} = ?1"), &[arg])?;
    rows.first().map(read).transpose()
}

/// Returns the callback with this id.
pub fn by_id(sql: &dyn Sql, id: &CallbackId) -> Result<Option<KeptRow>, SqlError> {
    one(sql, "id", id.as_str().into())
}

/// Returns the callback that is recognised by this digest.
pub fn by_digest(sql: &dyn Sql, digest: &str) -> Result<Option<KeptRow>, SqlError> {
    one(sql, "digest", digest.into())
}

/// Returns how many unprocessed messages of a listing are kept, and the characters that they take up.
pub fn size(sql: &dyn Sql, listing_no: ListingNo) -> Result<(i64, i64), SqlError> {
    let rows = sql.exec(
        "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM kept_callbacks \
         WHERE listing_no = ?1 AND status = 'unprocessed'",
        &[listing_no.into()],
    )?;
    rows.first().map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
}

/// Returns callbacks, newest first, of a listing, with a status, or all.
pub fn list(
    sql: &dyn Sql,
    listing_no: Option<ListingNo>,
    status: Option<CallbackStatus>,
    page: Page,
) -> Result<Vec<KeptRow>, SqlError> {
    let mut args: Vec<Value> = vec![page.below().into(), page.limit.into()];
    let mut conditions = String::new();
    let equals =
        [("listing_no", listing_no.map(Value::from)), ("status", status.map(Word::from).map(Value::from))];
    for (column, value) in equals {
        if let Some(value) = value {
            args.push(value);
            conditions.push_str(&format!("{column} = ?{} AND ", args.len()));
        }
    }
    let statement = format!(
        "SELECT {COLUMNS} FROM kept_callbacks WHERE {conditions}no < ?1 ORDER BY no DESC LIMIT CAST(?2 AS INTEGER)"
    );
    sql.exec(&statement, &args)?.iter().map(read).collect()
}

/// Deletes up to `limit` callbacks that expired before `now`.
pub fn expire(sql: &dyn Sql, now: Timestamp, limit: i64) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM kept_callbacks WHERE no IN (SELECT no FROM kept_callbacks WHERE expires_at < ?1 LIMIT CAST(?2 AS INTEGER))",
        &[now.into(), limit.into()],
    )
    .map(drop)
}

/// Returns when the next callback expires, in Unix milliseconds.
pub fn next_expiry(sql: &dyn Sql) -> Result<Option<i64>, SqlError> {
    let rows = sql.exec("SELECT min(expires_at) + 1 FROM kept_callbacks", &[])?;
    rows.first().map_or(Ok(None), |row| row.opt_int(0))
}
