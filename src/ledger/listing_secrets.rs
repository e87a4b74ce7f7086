//! The secrets of a listing, stored sealed.

use super::tx::Tx;
use crate::{
    domain::programme::listing::Listing,
    store::{SqlError, programme::listings, value::json_text},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A secret: one value, or several while it is being rotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum Secret {
    /// The value.
    One(String),
    /// All values that are accepted, newest first.
    Several(Vec<String>),
}

/// A listing's secrets by name; `null` removes one.
pub type Secrets = BTreeMap<String, Option<Secret>>;

/// A listing's secrets, opened.
pub fn open_secrets(tx: &Tx<'_>, listing: &Listing) -> Result<Secrets, SqlError> {
    let Some(sealed) = listings::sealed_secrets(tx.sql, listing.no)? else { return Ok(Secrets::new()) };
    let opened = tx.open_sealed(&sealed, listing.id.as_str())?;
    strict_json::from_str(&opened).map_err(|error| SqlError::Engine(error.to_string()))
}

/// Whether a listing's secrets were sealed under a key that is gone.
pub fn are_lost(tx: &Tx<'_>, listing: &Listing) -> Result<bool, SqlError> {
    match open_secrets(tx, listing) {
        Ok(_) => Ok(false),
        Err(SqlError::KeyGone) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Seals secrets for their listing; `None` if there are none.
pub fn seal_secrets(tx: &Tx<'_>, listing: &Listing, secrets: &Secrets) -> Result<Option<String>, SqlError> {
    if secrets.is_empty() {
        return Ok(None);
    }
    tx.seal(&json_text(secrets)?, listing.id.as_str()).map(Some)
}
