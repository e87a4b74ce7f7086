//! What callbacks of marketplaces leave behind: used-up tokens, browsers on their way, accounts, and refunds that wait for
//! their charge.

use super::{Sql, SqlError, Value};
use crate::domain::{programme::listing::ListingNo, values::time::Timestamp};
use serde::{Deserialize, Serialize};

/// Rows that are forgotten with each write at most.
const FORGOTTEN: i64 = 10;

/// Uses a token up; false if it was before.
pub fn use_up(sql: &dyn Sql, key: &str, keep_until: Timestamp, now: Timestamp) -> Result<bool, SqlError> {
    sql.exec(
        "DELETE FROM single_use WHERE key IN (SELECT key FROM single_use WHERE keep_until < ?1 LIMIT ?2)",
        &[now.into(), FORGOTTEN.into()],
    )?;
    let rows = sql.exec(
        "INSERT INTO single_use (key, keep_until) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING RETURNING 1",
        &[key.into(), keep_until.into()],
    )?;
    Ok(!rows.is_empty())
}

/// Whether a token is used up and still remembered.
pub fn is_used_up(sql: &dyn Sql, key: &str) -> Result<bool, SqlError> {
    let rows = sql.exec("SELECT 1 FROM single_use WHERE key = ?1", &[key.into()])?;
    Ok(!rows.is_empty())
}

/// A browser that has been sent to the page where our cookies are visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserHandoff {
    /// The listing.
    pub listing_no: ListingNo,
    /// The customer's account.
    pub account: String,
    /// Where the browser goes after that page.
    pub location: String,
}

/// Stores a browser handoff until `expires_at`.
pub fn put_browser_handoff(
    sql: &dyn Sql,
    id_hash: &str,
    handoff: &BrowserHandoff,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM relays WHERE id_hash IN (SELECT id_hash FROM relays WHERE expires_at < ?1 LIMIT ?2)",
        &[now.into(), FORGOTTEN.into()],
    )?;
    let args: [Value; 5] = [
        id_hash.into(),
        handoff.listing_no.into(),
        handoff.account.as_str().into(),
        handoff.location.as_str().into(),
        expires_at.into(),
    ];
    sql.exec(
        "INSERT INTO relays (id_hash, listing_no, account, location, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id_hash) DO NOTHING",
        &args,
    )
    .map(drop)
}

/// Takes a browser handoff. Each can be taken once.
pub fn take_browser_handoff(
    sql: &dyn Sql,
    id_hash: &str,
    now: Timestamp,
) -> Result<Option<BrowserHandoff>, SqlError> {
    let rows = sql.exec(
        "DELETE FROM relays WHERE id_hash = ?1 RETURNING listing_no, account, location, expires_at",
        &[id_hash.into()],
    )?;
    let Some(row) = rows.first() else { return Ok(None) };
    let listing_no = u16::try_from(row.int(0)?)
        .map_err(|_| SqlError::Shape { column: 0, expected: "a listing number" })?;
    let handoff =
        BrowserHandoff { listing_no, account: row.text(1)?.to_owned(), location: row.text(2)?.to_owned() };
    Ok((row.time(3)? >= now).then_some(handoff))
}

/// Keeps a sealed answer of a vendor's for the app until `expires_at`.
pub fn keep(
    sql: &dyn Sql,
    listing_no: ListingNo,
    code_hash: &str,
    sealed: &str,
    expires_at: Timestamp,
) -> Result<(), SqlError> {
    let args: [Value; 4] = [listing_no.into(), code_hash.into(), sealed.into(), expires_at.into()];
    sql.exec(
        "INSERT INTO kept_answers (listing_no, code_hash, sealed, expires_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (listing_no, code_hash) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at",
        &args,
    )
    .map(drop)
}

/// What is kept under a code. It stays until its time is over: an app whose connection broke asks again.
pub fn kept(
    sql: &dyn Sql,
    listing_no: ListingNo,
    code_hash: &str,
    now: Timestamp,
) -> Result<Option<String>, SqlError> {
    let rows = sql.exec(
        "SELECT sealed FROM kept_answers WHERE listing_no = ?1 AND code_hash = ?2 AND expires_at >= ?3",
        &[listing_no.into(), code_hash.into(), now.into()],
    )?;
    rows.first().map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

/// Deletes answers whose time is over; when the next one's is.
pub fn forget_kept(sql: &dyn Sql, now: Timestamp) -> Result<Option<i64>, SqlError> {
    sql.exec("DELETE FROM kept_answers WHERE expires_at < ?1", &[now.into()])?;
    let rows = sql.exec("SELECT min(expires_at) + 1 FROM kept_answers", &[])?;
    rows.first().map_or(Ok(None), |row| row.opt_int(0))
}

/// A customer's account on a marketplace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The listing.
    pub listing_no: ListingNo,
    /// The marketplace's id of it.
    pub account: String,
    /// What the newest callback told: a word of the kinds of events.
    pub status: String,
    /// The plan, in the vendor's word.
    pub plan: Option<String>,
    /// When the status was told of, by the vendor's clock.
    pub changed_at: Timestamp,
    /// When the plan was; nothing if none was told.
    pub plan_at: Option<Timestamp>,
}

/// Sets an account.
pub fn put_account(sql: &dyn Sql, account: &Account) -> Result<(), SqlError> {
    let args: [Value; 6] = [
        account.listing_no.into(),
        account.account.as_str().into(),
        account.status.as_str().into(),
        account.plan.clone().into(),
        account.changed_at.into(),
        account.plan_at.map(Timestamp::ms).into(),
    ];
    sql.exec(
        "INSERT OR REPLACE INTO marketplace_accounts (listing_no, account, status, plan, changed_at, plan_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &args,
    )?;
    match account.plan.as_ref().zip(account.plan_at) {
        Some((plan, at)) => put_plan(sql, account.listing_no, &account.account, plan, at),
        None => Ok(()),
    }
}

/// Notes which plan an account has from `at` on.
pub fn put_plan(
    sql: &dyn Sql,
    listing_no: ListingNo,
    account: &str,
    plan: &str,
    at: Timestamp,
) -> Result<(), SqlError> {
    let args: [Value; 4] = [listing_no.into(), account.into(), at.into(), plan.into()];
    sql.exec(
        "INSERT OR REPLACE INTO account_plans (listing_no, account, told_at, plan) VALUES (?1, ?2, ?3, ?4)",
        &args,
    )
    .map(drop)
}

/// The plan that an account had at a time, as far as is known now, and from when on.
pub fn plan_at(
    sql: &dyn Sql,
    listing_no: ListingNo,
    account: &str,
    at: Timestamp,
) -> Result<Option<(String, Timestamp)>, SqlError> {
    let rows = sql.exec(
        "SELECT plan, told_at FROM account_plans WHERE listing_no = ?1 AND account = ?2 AND told_at <= ?3
         ORDER BY told_at DESC LIMIT 1",
        &[listing_no.into(), account.into(), at.into()],
    )?;
    rows.first().map(|row| Ok((row.text(0)?.to_owned(), row.time(1)?))).transpose()
}

/// The account, if a callback told of it.
pub fn account(sql: &dyn Sql, listing_no: ListingNo, account: &str) -> Result<Option<Account>, SqlError> {
    let rows = sql.exec(
        "SELECT status, plan, changed_at, plan_at FROM marketplace_accounts WHERE listing_no = ?1 AND account = ?2",
        &[listing_no.into(), account.into()],
    )?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Account {
        listing_no,
        account: account.to_owned(),
        status: row.text(0)?.to_owned(),
        plan: row.opt_string(1)?,
        changed_at: row.time(2)?,
        plan_at: row.opt_int(3)?.map(Timestamp::clamped),
    }))
}

/// Another name of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The listing.
    pub listing_no: ListingNo,
    /// The other name.
    pub alias: String,
    /// The name that it is known by.
    pub account: String,
}

/// Remembers another name; the first account that it was told of keeps it.
pub fn put_alias(sql: &dyn Sql, alias: &Alias) -> Result<(), SqlError> {
    let args: [Value; 3] =
        [alias.listing_no.into(), alias.alias.as_str().into(), alias.account.as_str().into()];
    sql.exec(
        "INSERT INTO account_aliases (listing_no, alias, account) VALUES (?1, ?2, ?3)
         ON CONFLICT (listing_no, alias) DO NOTHING",
        &args,
    )
    .map(drop)
}

/// The account that has this other name.
pub fn account_of(sql: &dyn Sql, listing_no: ListingNo, alias: &str) -> Result<Option<String>, SqlError> {
    let rows = sql.exec(
        "SELECT account FROM account_aliases WHERE listing_no = ?1 AND alias = ?2",
        &[listing_no.into(), alias.into()],
    )?;
    rows.first().map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

/// Records that an account has completed its handoff out of the vendor's frame.
pub fn complete_handoff(sql: &dyn Sql, listing_no: ListingNo, account: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO led_out (listing_no, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &[listing_no.into(), account.into()],
    )
    .map(drop)
}

/// Whether an account has completed its handoff out of the vendor's frame.
pub fn is_handoff_completed(sql: &dyn Sql, listing_no: ListingNo, account: &str) -> Result<bool, SqlError> {
    let rows = sql.exec(
        "SELECT 1 FROM led_out WHERE listing_no = ?1 AND account = ?2",
        &[listing_no.into(), account.into()],
    )?;
    Ok(!rows.is_empty())
}

/// A refund whose charge has not arrived yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRefund {
    /// External id of the charge.
    pub charge: String,
    /// External id of the refund.
    pub external_id: String,
    /// Minor units; nothing = all that is left.
    pub amount: Option<i64>,
}

/// Keeps a refund until its charge arrives.
pub fn put_waiting(sql: &dyn Sql, refund: &WaitingRefund) -> Result<(), SqlError> {
    let args: [Value; 3] =
        [refund.charge.as_str().into(), refund.external_id.as_str().into(), refund.amount.into()];
    sql.exec(
        "INSERT INTO waiting_refunds (charge, external_id, amount) VALUES (?1, ?2, ?3)
         ON CONFLICT (charge, external_id) DO NOTHING",
        &args,
    )
    .map(drop)
}

/// The refunds that wait for a charge.
pub fn waiting(sql: &dyn Sql, charge: &str) -> Result<Vec<WaitingRefund>, SqlError> {
    let rows = sql.exec(
        "SELECT external_id, amount FROM waiting_refunds WHERE charge = ?1 ORDER BY external_id",
        &[charge.into()],
    )?;
    rows.iter()
        .map(|row| {
            let external_id = row.text(0)?.to_owned();
            Ok(WaitingRefund { charge: charge.to_owned(), external_id, amount: row.opt_int(1)? })
        })
        .collect()
}

/// Forgets a refund that waited: it is booked.
pub fn arrived(sql: &dyn Sql, conversion_no: i64, external_id: &str) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM waiting_refunds WHERE external_id = ?2
         AND charge = (SELECT external_id FROM conversions WHERE no = ?1)",
        &[conversion_no.into(), external_id.into()],
    )
    .map(drop)
}
