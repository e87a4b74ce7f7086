//! Tokens for browsers: short-lived, for one partner, and readable by the Ledger alone. A token is not stored: it is sealed, so
//! that only the Ledger can have made it.

use super::tx::Tx;
use crate::{
    domain::{
        programme::{origin::Origin, partner::PartnerNo},
        values::time::Timestamp,
    },
    ledger::config::Config,
    store::{Sql, SqlError, programme::keys, value::json_text},
};
use serde::{Deserialize, Serialize};

/// What precedes the sealed part, so that a token is recognised.
const PREFIX: &str = "bt_";
/// What the tokens are sealed for.
const OWNER: &str = "browser token";
/// The name of the operator's key among makers.
pub const OPERATOR: &str = "operator";

/// What a token allows: to read what is one partner's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserToken {
    /// The key that made it; the token ends with the key.
    pub maker: String,
    /// The partner.
    pub partner_no: PartnerNo,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The only origin of pages that may use it.
    pub origin: Option<Origin>,
    /// The only path that it opens, in the query of an address.
    pub path: Option<String>,
}

/// Makes the text of a token.
pub fn make(tx: &Tx<'_>, token: &BrowserToken) -> Result<String, SqlError> {
    Ok(format!("{PREFIX}{}", tx.seal(&json_text(token)?, OWNER)?))
}

/// Returns whether a text has the form of a token, whoever made it.
#[must_use]
pub fn is_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Opens a token; `None` if it is not ours, has ended, or the key that made it was revoked.
pub fn open(
    sql: &dyn Sql,
    config: &Config,
    text: &str,
    now: Timestamp,
) -> Result<Option<BrowserToken>, SqlError> {
    let opened = text.strip_prefix(PREFIX).and_then(|sealed| config.sealer.open(sealed, OWNER).ok());
    let token: Option<BrowserToken> = opened.and_then(|json| strict_json::from_str(&json).ok());
    let Some(token) = token.filter(|token| now < token.expires_at) else { return Ok(None) };
    let is_in_force = token.maker == OPERATOR || keys::is_in_force(sql, &token.maker)?;
    Ok(is_in_force.then_some(token))
}
