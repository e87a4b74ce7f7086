//! Rows of API keys. Only the SHA-256 of a key is stored.

use crate::domain::{
    programme::{key::Scope, origin::Origin, partner::PartnerNo},
    values::{id::KeyId, time::Timestamp},
};
use crate::store::{Page, Row, Sql, SqlError, Value, programme::origins, value::json_text};

/// An API key as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The number, for paging.
    pub no: i64,
    /// Public id.
    pub id: KeyId,
    /// Display name.
    pub name: String,
    /// The SHA-256 of the key in lower-case hexadecimal.
    pub hash: String,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// The partner whose data it is limited to, if any.
    pub partner_no: Option<PartnerNo>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The key that made it, or `operator`; unknown of keys that were made before this was recorded.
    pub created_by: Option<String>,
    /// The origins of the pages that may use it, if it is publishable.
    pub origins: Option<Vec<Origin>>,
}

const COLUMNS: &str = "no, id, name, hash, scopes, partner_no, created_at, revoked_at, created_by, origins";

fn read(row: &Row) -> Result<ApiKey, SqlError> {
    Ok(ApiKey {
        no: row.int(0)?,
        id: row.parsed(1, "a key id", KeyId::parse)?,
        name: row.text(2)?.to_owned(),
        hash: row.text(3)?.to_owned(),
        scopes: row.json(4)?,
        partner_no: row.opt_int(5)?.and_then(|no| u32::try_from(no).ok()),
        created_at: row.time(6)?,
        revoked_at: row.opt_time(7)?,
        created_by: row.opt_string(8)?,
        origins: row.opt_text(9)?.map(|_| row.json(9)).transpose()?,
    })
}

/// Returns the number for the next key.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "api_keys")
}

/// Inserts a key.
pub fn insert(sql: &dyn Sql, key: &ApiKey) -> Result<(), SqlError> {
    let statement =
        format!("INSERT INTO api_keys ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    let args: [Value; 10] = [
        key.no.into(),
        key.id.as_str().into(),
        key.name.as_str().into(),
        key.hash.as_str().into(),
        json_text(&key.scopes)?.into(),
        key.partner_no.into(),
        key.created_at.into(),
        key.revoked_at.into(),
        key.created_by.as_deref().into(),
        key.origins.as_ref().map(json_text).transpose()?.into(),
    ];
    sql.exec(&statement, &args)?;
    origins::set(sql, key.id.as_str(), key.origins.as_deref().unwrap_or_default())
}

/// Records that a key was revoked.
pub fn revoke(sql: &dyn Sql, id: &KeyId, at: Timestamp) -> Result<(), SqlError> {
    sql.exec("UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1", &[id.as_str().into(), at.into()])?;
    origins::set(sql, id.as_str(), &[])
}

/// Returns the unrevoked key with this hash. The lookup compares hashes of secrets, so its timing reveals nothing about
/// a secret.
pub fn by_hash(sql: &dyn Sql, hash: &str) -> Result<Option<ApiKey>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM api_keys WHERE hash = ?1 AND revoked_at IS NULL");
    sql.exec(&statement, &[hash.into()])?.first().map(read).transpose()
}

/// Returns the unrevoked key with this id.
pub fn by_id(sql: &dyn Sql, id: &KeyId) -> Result<Option<ApiKey>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM api_keys WHERE id = ?1 AND revoked_at IS NULL");
    sql.exec(&statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// Returns whether a key exists and is not revoked.
pub fn is_in_force(sql: &dyn Sql, id: &str) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM api_keys WHERE id = ?1 AND revoked_at IS NULL";
    Ok(!sql.exec(statement, &[id.into()])?.is_empty())
}

/// Returns the key that made a key, if it is known. It is remembered of revoked keys too.
pub fn maker_of(sql: &dyn Sql, id: &str) -> Result<Option<String>, SqlError> {
    let rows = sql.exec("SELECT created_by FROM api_keys WHERE id = ?1", &[id.into()])?;
    rows.first().map_or(Ok(None), |row| row.opt_string(0))
}

/// Returns unrevoked keys, newest first.
pub fn list(sql: &dyn Sql, page: Page) -> Result<Vec<ApiKey>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM api_keys WHERE revoked_at IS NULL AND no < ?1 ORDER BY no DESC LIMIT CAST(?2 AS INTEGER)"
    );
    sql.exec(&statement, &[page.below().into(), page.limit.into()])?.iter().map(read).collect()
}
