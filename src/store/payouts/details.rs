//! Rows of payout details. The secret fields are sealed and not part of any event.

use crate::domain::{
    payouts::payer::PayoutMethod,
    programme::partner::PartnerNo,
    values::{string_enum::Word, time::Timestamp},
};
use crate::store::{Row, Sql, SqlError, Value, value::json_text};
use serde::{Deserialize, Serialize};

/// A version of a partner's payout details without the secret fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailsSet {
    /// Number of the version.
    pub no: i64,
    /// The partner.
    pub partner_no: PartnerNo,
    /// The payout method.
    pub method: PayoutMethod,
    /// The names of the fields that are set.
    pub fields: Vec<String>,
    /// Whether the partner set them itself, and not the programme.
    #[serde(default)]
    pub by_partner: bool,
}

/// A version of payout details as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDetails {
    /// The part that is not secret.
    pub set: DetailsSet,
    /// The sealed secret fields; absent in a Ledger rebuilt from its log.
    pub sealed: Option<String>,
    /// When it was set.
    pub set_at: Timestamp,
}

const COLUMNS: &str = "no, partner_no, method, fields, sealed, set_at, by_partner";

fn read(row: &Row) -> Result<StoredDetails, SqlError> {
    Ok(StoredDetails {
        set: DetailsSet {
            no: row.int(0)?,
            partner_no: row.number(1)?,
            method: row.parsed(2, "a method", PayoutMethod::parse)?,
            fields: row.json(3)?,
            by_partner: row.int(6)? != 0,
        },
        sealed: row.opt_string(4)?,
        set_at: row.time(5)?,
    })
}

/// Returns the number for the next version.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "payout_details")
}

/// Inserts a version.
pub fn insert(sql: &dyn Sql, set: &DetailsSet, at: Timestamp) -> Result<(), SqlError> {
    let statement = "INSERT INTO payout_details (no, partner_no, method, fields, set_at, by_partner) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let args: [Value; 6] = [
        set.no.into(),
        set.partner_no.into(),
        Word::from(set.method).into(),
        json_text(&set.fields)?.into(),
        at.into(),
        i64::from(set.by_partner).into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Stores the sealed secret fields of a version.
pub fn seal(sql: &dyn Sql, no: i64, sealed: String) -> Result<(), SqlError> {
    sql.exec("UPDATE payout_details SET sealed = ?2 WHERE no = ?1", &[no.into(), sealed.into()]).map(drop)
}

/// Returns a partner's current version.
pub fn newest(sql: &dyn Sql, partner_no: PartnerNo) -> Result<Option<StoredDetails>, SqlError> {
    let statement =
        format!("SELECT {COLUMNS} FROM payout_details WHERE partner_no = ?1 ORDER BY no DESC LIMIT 1");
    sql.exec(&statement, &[partner_no.into()])?.first().map(read).transpose()
}

/// Returns the version with this number.
pub fn by_no(sql: &dyn Sql, no: i64) -> Result<Option<StoredDetails>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM payout_details WHERE no = ?1");
    sql.exec(&statement, &[no.into()])?.first().map(read).transpose()
}

/// Returns versions with numbers above `after` that have secret fields: their numbers, the ids of their partners, and the
/// sealed fields.
pub fn sealed_after(sql: &dyn Sql, after: i64, limit: i64) -> Result<Vec<(i64, String, String)>, SqlError> {
    let statement = "SELECT d.no, p.id, d.sealed FROM payout_details d JOIN partners p ON p.no = d.partner_no \
                     WHERE d.no > ?1 AND d.sealed IS NOT NULL ORDER BY d.no LIMIT CAST(?2 AS INTEGER)";
    let rows = sql.exec(statement, &[after.into(), limit.into()])?;
    rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned()))).collect()
}

/// Returns the current versions whose secret fields are lost, because this Ledger was rebuilt from its log.
pub fn lost(sql: &dyn Sql) -> Result<Vec<DetailsSet>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM payout_details d WHERE sealed IS NULL \
         AND no = (SELECT max(n.no) FROM payout_details n WHERE n.partner_no = d.partner_no) ORDER BY no"
    );
    sql.exec(&statement, &[])?.iter().map(|row| read(row).map(|stored| stored.set)).collect()
}
