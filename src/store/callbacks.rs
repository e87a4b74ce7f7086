//! Rows written for marketplace callbacks: single-use tokens, browser handoffs, accounts, and refunds that are waiting
//! for their charge.

pub mod calls;
pub mod kept;
pub mod refusals;

use super::{Row, Sql, SqlError, Value};
use crate::domain::{programme::listing::ListingNo, values::time::Timestamp};
use serde::{Deserialize, Serialize};

/// The maximum number of expired rows that each write deletes.
const DELETED_PER_WRITE: i64 = 10;

/// Marks a single-use token as used. Returns `false` if it was already used.
pub fn use_token(sql: &dyn Sql, key: &str, keep_until: Timestamp, now: Timestamp) -> Result<bool, SqlError> {
    sql.exec(
        "DELETE FROM single_use WHERE key IN (SELECT key FROM single_use WHERE keep_until < ?1 LIMIT CAST(?2 AS INTEGER))",
        &[now.into(), DELETED_PER_WRITE.into()],
    )?;
    let rows = sql.exec(
        "INSERT INTO single_use (key, keep_until) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING RETURNING 1",
        &[key.into(), keep_until.into()],
    )?;
    Ok(!rows.is_empty())
}

/// Returns whether a token has been used and is still recorded.
pub fn is_token_used(sql: &dyn Sql, key: &str) -> Result<bool, SqlError> {
    let rows = sql.exec("SELECT 1 FROM single_use WHERE key = ?1", &[key.into()])?;
    Ok(!rows.is_empty())
}

/// A pending handoff of the browser from a callback to a top-level page of Signpost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserHandoff {
    /// The listing.
    pub listing_no: ListingNo,
    /// The customer's account on the marketplace.
    pub account: String,
    /// The URL that the browser is redirected to next.
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
        "DELETE FROM relays WHERE id_hash IN (SELECT id_hash FROM relays WHERE expires_at < ?1 LIMIT CAST(?2 AS INTEGER))",
        &[now.into(), DELETED_PER_WRITE.into()],
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

/// Removes a browser handoff and returns it if it has not expired. It can be taken only once.
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

/// Stores a vendor's sealed token response for the app until `expires_at`.
pub fn put_token_response(
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

/// Returns the sealed response stored under a code. It stays until it expires, so that an app whose connection broke
/// can retry.
pub fn token_response(
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

/// Deletes expired responses. Returns when the next one expires, in Unix milliseconds.
pub fn delete_expired_responses(sql: &dyn Sql, now: Timestamp) -> Result<Option<i64>, SqlError> {
    sql.exec("DELETE FROM kept_answers WHERE expires_at < ?1", &[now.into()])?;
    let rows = sql.exec("SELECT min(expires_at) + 1 FROM kept_answers", &[])?;
    rows.first().map_or(Ok(None), |row| row.opt_int(0))
}

/// A customer's account on a marketplace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketplaceAccount {
    /// The listing.
    pub listing_no: ListingNo,
    /// The marketplace's id of the account.
    pub account: String,
    /// The status reported by the newest callback: an event kind.
    pub status: String,
    /// The plan, as named by the vendor.
    pub plan: Option<String>,
    /// The time of the status, by the vendor's clock.
    pub changed_at: Timestamp,
    /// The time of the plan; absent if no plan was reported.
    pub plan_at: Option<Timestamp>,
}

/// Inserts or replaces an account.
pub fn put_account(sql: &dyn Sql, account: &MarketplaceAccount) -> Result<(), SqlError> {
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

/// Records that an account has a plan from `at` on.
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

/// Returns the plan that an account had at `at`, as far as is known now, and when the plan started.
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

/// Returns an account if a callback has reported it.
pub fn account(
    sql: &dyn Sql,
    listing_no: ListingNo,
    account: &str,
) -> Result<Option<MarketplaceAccount>, SqlError> {
    let rows = sql.exec(
        "SELECT status, plan, changed_at, plan_at FROM marketplace_accounts WHERE listing_no = ?1 AND account = ?2",
        &[listing_no.into(), account.into()],
    )?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(MarketplaceAccount {
        listing_no,
        account: account.to_owned(),
        status: row.text(0)?.to_owned(),
        plan: row.opt_string(1)?,
        changed_at: row.time(2)?,
        plan_at: row.opt_int(3)?.map(Timestamp::clamped),
    }))
}

/// Moves what is known of an account under its alias to its account: its plans. The caller has merged the rest.
pub fn join_account(sql: &dyn Sql, joined: &AccountAlias) -> Result<(), SqlError> {
    let args: [Value; 3] =
        [joined.listing_no.into(), joined.alias.as_str().into(), joined.account.as_str().into()];
    sql.exec(
        "INSERT OR IGNORE INTO account_plans (listing_no, account, told_at, plan)
         SELECT listing_no, ?3, told_at, plan FROM account_plans WHERE listing_no = ?1 AND account = ?2",
        &args,
    )?;
    for table in ["account_plans", "marketplace_accounts"] {
        let statement = format!("DELETE FROM {table} WHERE listing_no = ?1 AND account = ?2");
        sql.exec(&statement, &[joined.listing_no.into(), joined.alias.as_str().into()])?;
    }
    Ok(())
}

/// Another identifier of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountAlias {
    /// The listing.
    pub listing_no: ListingNo,
    /// The alias.
    pub alias: String,
    /// The identifier under which the account is stored.
    pub account: String,
}

/// Stores an alias. If the alias exists, it keeps its first account.
pub fn put_alias(sql: &dyn Sql, alias: &AccountAlias) -> Result<(), SqlError> {
    let args: [Value; 3] =
        [alias.listing_no.into(), alias.alias.as_str().into(), alias.account.as_str().into()];
    sql.exec(
        "INSERT INTO account_aliases (listing_no, alias, account) VALUES (?1, ?2, ?3)
         ON CONFLICT (listing_no, alias) DO NOTHING",
        &args,
    )
    .map(drop)
}

/// Returns the account of an alias.
pub fn account_of_alias(
    sql: &dyn Sql,
    listing_no: ListingNo,
    alias: &str,
) -> Result<Option<String>, SqlError> {
    let rows = sql.exec(
        "SELECT account FROM account_aliases WHERE listing_no = ?1 AND alias = ?2",
        &[listing_no.into(), alias.into()],
    )?;
    rows.first().map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

/// Records that the account has completed the top-level handoff out of the vendor's frame.
pub fn complete_handoff(sql: &dyn Sql, listing_no: ListingNo, account: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO led_out (listing_no, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &[listing_no.into(), account.into()],
    )
    .map(drop)
}

/// Returns whether the account has completed the top-level handoff out of the vendor's frame.
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
    /// Minor units; absent means the full remaining amount.
    pub amount: Option<i64>,
}

/// Stores a refund until its charge arrives.
pub fn put_waiting_refund(sql: &dyn Sql, refund: &WaitingRefund) -> Result<(), SqlError> {
    let args: [Value; 3] =
        [refund.charge.as_str().into(), refund.external_id.as_str().into(), refund.amount.into()];
    sql.exec(
        "INSERT INTO waiting_refunds (charge, external_id, amount) VALUES (?1, ?2, ?3)
         ON CONFLICT (charge, external_id) DO NOTHING",
        &args,
    )
    .map(drop)
}

/// Returns the refunds that are waiting for a charge; those of all that is left come last.
pub fn waiting_refunds(sql: &dyn Sql, charge: &str) -> Result<Vec<WaitingRefund>, SqlError> {
    let rows = sql.exec(
        "SELECT external_id, amount FROM waiting_refunds WHERE charge = ?1 ORDER BY external_id",
        &[charge.into()],
    )?;
    let read = |row: &Row| {
        let external_id = row.text(0)?.to_owned();
        Ok(WaitingRefund { charge: charge.to_owned(), external_id, amount: row.opt_int(1)? })
    };
    let mut waiting: Vec<_> = rows.iter().map(read).collect::<Result<_, SqlError>>()?;
    waiting.sort_by_key(|refund| refund.amount.is_none());
    Ok(waiting)
}

/// Deletes a waiting refund that has been booked.
pub fn delete_waiting_refund(sql: &dyn Sql, conversion_no: i64, external_id: &str) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM waiting_refunds WHERE external_id = ?2
         AND charge = (SELECT external_id FROM conversions WHERE no = ?1)",
        &[conversion_no.into(), external_id.into()],
    )
    .map(drop)
}
