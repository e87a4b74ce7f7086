//! Rows of coupons.

use crate::domain::{
    programme::{
        coupon::{Coupon, code_key, is_same_code},
        partner::PartnerNo,
    },
    values::{id::CouponId, time::Timestamp},
};
use crate::store::{
    Page, Row, Sql, SqlError, Value,
    meta::{self, name},
    value::json_text,
};

const COLUMNS: &str = "no, id, code, partner_no, listing_no, effective_from, effective_until, metadata, created_at, \
                       revoked_at";

fn read(row: &Row) -> Result<Coupon, SqlError> {
    let listing =
        |no: i64| u16::try_from(no).map_err(|_| SqlError::Shape { column: 4, expected: "a listing" });
    Ok(Coupon {
        no: row.int(0)?,
        id: row.parsed(1, "a coupon id", CouponId::parse)?,
        code: row.text(2)?.to_owned(),
        partner_no: row.number(3)?,
        listing_no: row.opt_int(4)?.map(listing).transpose()?,
        effective_from: row.time(5)?,
        effective_until: row.opt_time(6)?,
        metadata: row.json(7)?,
        created_at: row.time(8)?,
        revoked_at: row.opt_time(9)?,
    })
}

/// Returns the number for the next coupon.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "coupons")
}

/// Inserts a coupon.
pub fn insert(sql: &dyn Sql, coupon: &Coupon) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO coupons ({COLUMNS}, code_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    );
    let args: [Value; 11] = [
        coupon.no.into(),
        coupon.id.as_str().into(),
        coupon.code.as_str().into(),
        coupon.partner_no.into(),
        coupon.listing_no.into(),
        coupon.effective_from.into(),
        coupon.effective_until.into(),
        json_text(&coupon.metadata)?.into(),
        coupon.created_at.into(),
        coupon.revoked_at.into(),
        code_key(&coupon.code).into(),
    ];
    sql.exec(&statement, &args).map(drop)
}

/// Revokes a coupon at `at` unless it is already revoked.
pub fn revoke(sql: &dyn Sql, no: i64, at: Timestamp) -> Result<(), SqlError> {
    let statement = "UPDATE coupons SET revoked_at = ?2 WHERE no = ?1 AND revoked_at IS NULL";
    sql.exec(statement, &[no.into(), at.into()]).map(drop)
}

/// Returns the coupon with this id.
pub fn by_id(sql: &dyn Sql, id: &CouponId) -> Result<Option<Coupon>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM coupons WHERE id = ?1");
    sql.exec(&statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// Returns all coupons that a customer who typed this code may mean: first those that ever had exactly this code, then those
/// whose code looks the same, each newest first. Coupons of older versions may look like each other, and each keeps working.
pub fn by_code(sql: &dyn Sql, code: &str) -> Result<Vec<Coupon>, SqlError> {
    let mut found = look_alikes(sql, code)?;
    found.sort_by_key(|coupon| !is_same_code(&coupon.code, code));
    Ok(found)
}

/// Sets the keys of coupons from before codes that look the same were one code. Call it whenever a Ledger opens; nothing happens
/// once it is done.
pub fn refold(sql: &dyn Sql) -> Result<(), SqlError> {
    if meta::get_int(sql, name::COUPON_KEYS)? == Some(KEYS_VERSION) {
        return Ok(());
    }
    let rows = sql.exec("SELECT no, code, code_key FROM coupons ORDER BY no", &[])?;
    for row in &rows {
        let key = code_key(row.text(1)?);
        if key != row.text(2)? {
            let statement = "UPDATE coupons SET code_key = ?2 WHERE no = ?1";
            sql.exec(statement, &[row.int(0)?.into(), key.into()])?;
        }
    }
    meta::set_int(sql, name::COUPON_KEYS, KEYS_VERSION)
}

/// The version of [`code_key`].
const KEYS_VERSION: i64 = 2;

/// Returns all coupons that ever had a code that looks like this one, newest first.
pub fn look_alikes(sql: &dyn Sql, code: &str) -> Result<Vec<Coupon>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM coupons WHERE code_key = ?1 ORDER BY no DESC");
    sql.exec(&statement, &[code_key(code).into()])?.iter().map(read).collect()
}

/// Returns coupons, newest first; `partner` limits them to one partner's.
pub fn list(sql: &dyn Sql, partner: Option<PartnerNo>, page: Page) -> Result<Vec<Coupon>, SqlError> {
    let (condition, partner) = match partner {
        Some(partner) => ("partner_no = ?3 AND", partner),
        None => ("?3 IS NOT NULL AND", 0),
    };
    let statement = format!(
        "SELECT {COLUMNS} FROM coupons WHERE {condition} no < ?1 ORDER BY no DESC LIMIT CAST(?2 AS INTEGER)"
    );
    sql.exec(&statement, &[page.below().into(), page.limit.into(), partner.into()])?
        .iter()
        .map(read)
        .collect()
}
