//! Clicks as `GET /v1/clicks` shows them.

use super::views::view;
use crate::domain::{
    bucket::Bucket,
    click::Device,
    id::{LinkId, ListingId, PartnerId},
    time::Timestamp,
};

view! {
    /// A visit to a link.
    pub struct ClickView {
        /// Click id; `null` for a visit that got none: expired, revoked, invalid.
        id: Option<String>,
        /// Its link; `null` if no link is known.
        link_id: Option<LinkId>,
        /// The link's partner.
        partner_id: Option<PartnerId>,
        /// The link's listing.
        listing_id: Option<ListingId>,
        /// When the redirect was answered.
        clicked_at: Timestamp,
        /// Where the visitor was, ISO 3166-1 alpha-2 (or `T1` for Tor); `null` if not known.
        country: Option<String>,
        /// What the visitor used.
        device: Device,
        /// Where the visit is counted; each visit is in exactly one bucket.
        bucket: Bucket,
        /// The visitor's first counted click on the link in the UTC day.
        unique: bool,
    }
}
