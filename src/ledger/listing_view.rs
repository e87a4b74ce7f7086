//! Listings as responses and events show them.

use super::view::view;
use crate::{
    domain::{
        programme::listing::{Listing, Marketplace},
        values::{id::ListingId, time::Timestamp},
    },
    store::SqlError,
};
use serde_json::value::RawValue;

view! {
    /// A listing.
    pub struct ListingView {
        /// Id.
        id: ListingId,
        /// Display name.
        name: String,
        /// The marketplace that it is on.
        marketplace: Marketplace,
        /// Where its links lead.
        url: String,
        /// A short unique name.
        slug: Option<String>,
        /// Where a browser is forwarded to after an install.
        forward_to: Option<String>,
        /// The marketplace's settings.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "serde_json::Map<String, serde_json::Value>"))]
        settings: Box<RawValue>,
        /// Names of the secrets that are set; their values are never shown.
        secrets: Vec<String>,
        /// Whether the secrets were sealed under a key that `DATA_KEY` no longer contains, so that callbacks cannot be
        /// verified. Setting one drops the others: set all of them.
        secrets_lost: bool,
        /// Days from a click on its links to a conversion; `null` = the programme's.
        window_days: Option<i64>,
        /// When it was added.
        created_at: Timestamp,
        /// When it last changed.
        updated_at: Timestamp,
    }
}

/// Returns a listing's view.
pub fn view(listing: &Listing, secrets_lost: bool) -> Result<ListingView, SqlError> {
    let settings = RawValue::from_string(listing.settings.clone());
    Ok(ListingView {
        id: listing.id.clone(),
        name: listing.name.clone(),
        marketplace: listing.marketplace,
        url: listing.url.clone(),
        slug: listing.slug.clone(),
        forward_to: listing.forward_to.clone(),
        settings: settings.map_err(|error| SqlError::Engine(error.to_string()))?,
        secrets: listing.secret_names.clone(),
        secrets_lost,
        window_days: listing.window_days,
        created_at: listing.created_at,
        updated_at: listing.updated_at,
    })
}
