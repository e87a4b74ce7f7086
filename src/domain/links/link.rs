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
    /// The query that is added to that of the listing's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// How often its destination, slug or expiry was changed.
    #[serde(default, skip_serializing_if = "is_original")]
    pub revision: u32,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_original(revision: &u32) -> bool {
    *revision == 0
}

impl Link {
    /// Returns whether the link has a path or query of its own, which its token says.
    #[must_use]
    pub fn has_own_destination(&self) -> bool {
        self.path.is_some() || self.query.is_some()
    }

    /// Returns its own path and query as stores keep them: `<path>`, `<path>?<query>` or `?<query>`.
    #[must_use]
    pub fn own_destination(&self) -> String {
        let path = self.path.as_deref().unwrap_or_default();
        match &self.query {
            Some(query) => format!("{path}?{query}"),
            // A value of a store is never empty.
            None if path.is_empty() => "?".to_owned(),
            None => path.to_owned(),
        }
    }
}
