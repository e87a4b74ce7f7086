//! Partners: who refers.

use crate::{
    money::Currency,
    values::{
        id::PartnerId,
        string_enum::{Metadata, string_enum},
        time::Timestamp,
    },
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// What sort of partner this is; terms are set by number, never by kind.
    PartnerKind {
        /// Shares links with followers.
        Influencer = "influencer";
        /// Makes tutorials, reviews and the like.
        Creator = "creator";
        /// A blog, podcast, channel or newsletter.
        Media = "media";
        /// An independent consultant.
        Consultant = "consultant";
        /// An agency.
        Agency = "agency";
        /// A system integrator.
        Integrator = "integrator";
        /// A regional distributor.
        Distributor = "distributor";
        /// A marketplace that lists the product.
        Marketplace = "marketplace";
        /// Affiliate media.
        Affiliate = "affiliate";
    }
}

string_enum! {
    /// Where a partner stands.
    PartnerStatus {
        /// Links lead to listings, clicks earn.
        Active = "active";
        /// Links lead to the landing page; earlier clicks still earn.
        Paused = "paused";
        /// As paused; conversions after the date of termination earn nothing.
        Terminated = "terminated";
    }
}

/// A partner's number within the programme: 1, 2, …; 0 stands for "no partner" in counts.
pub type PartnerNo = u32;

/// A partner as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// Number within the programme.
    pub no: PartnerNo,
    /// Public id.
    pub id: PartnerId,
    /// Display name.
    pub name: String,
    /// Kind.
    pub kind: PartnerKind,
    /// Status.
    pub status: PartnerStatus,
    /// Contact address.
    pub email: Option<String>,
    /// ISO 3166-1 alpha-2 country.
    pub country: Option<String>,
    /// Currency for payouts.
    pub currency: Option<Currency>,
    /// Commission in basis points of the amount; the programme's if absent.
    pub commission_bp: Option<i64>,
    /// Recognition level, in the operator's words; plans may be for one.
    #[serde(default)]
    pub tier: Option<String>,
    /// The partner that brought this one.
    #[serde(default)]
    pub referred_by: Option<PartnerId>,
    /// The operator's own id of this partner; unique.
    pub external_id: Option<String>,
    /// Free annotations.
    pub metadata: Metadata,
    /// When the partner was added.
    pub created_at: Timestamp,
    /// When the partner last changed.
    pub updated_at: Timestamp,
    /// When the partner was terminated.
    pub terminated_at: Option<Timestamp>,
}
