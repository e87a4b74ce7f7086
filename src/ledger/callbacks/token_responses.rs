//! Responses of vendors' token endpoints, kept sealed until the operator's app fetches them.

use super::super::tx::Tx;
use crate::{
    domain::programme::listing::Listing,
    marketplace::receive::{StoredTokenResponse, TOKEN_HANDOFF_MS},
    store::{SqlError, callbacks},
};

/// A sealed response opens only for its listing and code.
fn owner(listing: &Listing, code_hash: &str) -> String {
    format!("{} {code_hash}", listing.id)
}

/// Keeps a response.
pub fn keep(tx: &Tx<'_>, listing: &Listing, kept: &StoredTokenResponse) -> Result<(), SqlError> {
    let sealed = tx.seal(&kept.body, &owner(listing, &kept.code_hash))?;
    let until = tx.now.plus_ms(TOKEN_HANDOFF_MS);
    callbacks::put_token_response(tx.sql, listing.no, &kept.code_hash, &sealed, until)
}

/// The response that is kept under a code.
pub fn fetch(tx: &Tx<'_>, listing: &Listing, code_hash: &str) -> Result<Option<String>, SqlError> {
    let Some(sealed) = callbacks::token_response(tx.sql, listing.no, code_hash, tx.now)? else {
        return Ok(None);
    };
    tx.open_sealed(&sealed, &owner(listing, code_hash)).map(Some)
}
