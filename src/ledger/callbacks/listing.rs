//! A listing as the callback handler needs it, with its secrets opened.

use super::super::{
    listing_secrets::{Secret, open_secrets},
    tx::Tx,
};
use crate::{
    domain::{programme::listing::Listing, values::id::ListingId},
    store::{SqlError, programme::listings, value::json_text},
};
use serde::Serialize;

/// A listing as `marketplace/adapter.rs` parses it.
#[derive(Serialize)]
struct OpenedListing<'a> {
    id: &'a ListingId,
    no: u16,
    marketplace: &'static str,
    settings: serde_json::Value,
    secrets: serde_json::Map<String, serde_json::Value>,
    forward_to: Option<&'a str>,
}

/// The listing with this id as JSON; `None` if there is none.
pub fn opened(tx: &Tx<'_>, id: &str) -> Result<Option<String>, SqlError> {
    let found = ListingId::parse(id).map(|id| listings::by_id(tx.sql, &id)).transpose()?.flatten();
    let Some(listing) = found else { return Ok(None) };
    let opened = OpenedListing {
        id: &listing.id,
        no: listing.no,
        marketplace: listing.marketplace.as_str(),
        settings: strict_json::from_str(&listing.settings)
            .map_err(|error| SqlError::Engine(error.to_string()))?,
        secrets: secret_values(tx, &listing)?,
        forward_to: listing.forward_to.as_deref(),
    };
    Ok(Some(json_text(&opened)?))
}

/// All accepted values of each secret.
fn secret_values(
    tx: &Tx<'_>,
    listing: &Listing,
) -> Result<serde_json::Map<String, serde_json::Value>, SqlError> {
    let mut opened = serde_json::Map::new();
    for (name, secret) in open_secrets(tx, listing)? {
        let values = match secret {
            Some(Secret::One(value)) => vec![value.into()],
            Some(Secret::Several(values)) => values.into_iter().map(Into::into).collect(),
            None => continue,
        };
        opened.insert(name, serde_json::Value::Array(values));
    }
    Ok(opened)
}
