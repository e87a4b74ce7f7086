//! Answers of vendors' token endpoints, sealed, until the app has fetched them.

use crate::{
    api::{call::Call, problem::Problem},
    domain::programme::listing::Listing,
    marketplace::receive::{StoredTokenResponse, TOKEN_HANDOFF_MS},
    store::{SqlError, callbacks},
};

/// A sealed answer opens for the listing and the code alone.
fn kept_for(listing: &Listing, code_hash: &str) -> String {
    format!("{} {code_hash}", listing.id)
}

/// Keeps an answer.
pub fn keep(call: &Call<'_>, listing: &Listing, kept: &StoredTokenResponse) -> Result<(), Problem> {
    let owner = kept_for(listing, &kept.code_hash);
    let sealed = call.config.sealer.seal(&kept.body, &owner, &mut **call.entropy.borrow_mut());
    let sealed = sealed.map_err(|error| SqlError::Engine(error.to_string()))?;
    let until = call.now.plus_ms(TOKEN_HANDOFF_MS);
    Ok(callbacks::keep(call.sql, listing.no, &kept.code_hash, &sealed, until)?)
}

/// What is kept under a code.
pub fn hand_over(call: &Call<'_>, listing: &Listing, code_hash: &str) -> Result<Option<String>, Problem> {
    let Some(sealed) = callbacks::kept(call.sql, listing.no, code_hash, call.now)? else { return Ok(None) };
    let opened = call.config.sealer.open(&sealed, &kept_for(listing, code_hash));
    Ok(Some(opened.map_err(|error| SqlError::Engine(error.to_string()))?))
}
