//! Links: what a partner shares.

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
    /// Where a link leads at the moment.
    LinkStatus {
        /// To its listing.
        Active = "active";
        /// To the landing page: its time is over.
        Expired = "expired";
        /// To the landing page: it was revoked.
        Revoked = "revoked";
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
    /// Whose link it is.
    pub partner_no: PartnerNo,
    /// Where it leads.
    pub listing_no: ListingNo,
    /// The signed token, as minted.
    pub token: String,
    /// Campaign, for reports.
    pub campaign: Option<String>,
    /// Replaces the path of the listing's URL.
    pub path: Option<String>,
    /// Short name: `<base>/<slug>`.
    pub slug: Option<String>,
    /// From when on it leads to the landing page; whole seconds.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Free annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
}
