//! Links, the URLs that partners share.

use crate::{
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{
        id::LinkId,
        string_enum::{Metadata, string_enum},
        time::Timestamp,
    },
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// Where a link currently leads.
    LinkStatus {
        /// To its listing.
        Active = "active";
        /// To the landing page, because it has expired.
        Expired = "expired";
        /// To the landing page, because it was revoked.
        Revoked = "revoked";
        /// To the landing page, because the key that signed it was removed from `SIGNING_KEYS`.
        KeyRemoved = "key_removed";
    }
}

/// A link's number within the programme: 1, 2, …; 0 stands for "no link" in counts.
pub type LinkNo = u32;

/// A link as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Number within the programme.
    pub no: LinkNo,
    /// Public id.
    pub id: LinkId,
    /// The partner that owns it.
    pub partner_no: PartnerNo,
    /// The listing that it leads to.
    pub listing_no: ListingNo,
    /// The signed token.
    pub token: String,
    /// The campaign, for reports.
    pub campaign: Option<String>,
    /// The path that replaces the path of the listing's URL.
    pub path: Option<String>,
    /// The short name: `<base>/<slug>`.
    pub slug: Option<String>,
    /// The time from which it leads to the landing page, in whole seconds.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Free-form annotations.
    pub metadata: Metadata,
    /// When it was created.
    pub created_at: Timestamp,
}
