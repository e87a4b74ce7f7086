//! Partners, who refer customers.

use crate::{
    money::Currency,
    programme::origin::Origin,
    values::{
        id::PartnerId,
        string_enum::{Metadata, string_enum},
        time::Timestamp,
    },
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// The kind of partner. It has no effect on the terms unless a plan names it.
    PartnerKind {
        /// Shares links with followers.
        Influencer = "influencer";
        /// Publishes tutorials, reviews and similar content.
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
    /// The status of a partner.
    PartnerStatus {
        /// Links lead to listings, and clicks earn.
        Active = "active";
        /// Links lead to the landing page; earlier clicks still earn.
        Paused = "paused";
        /// Like paused; conversions after the date of termination also earn nothing.
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
    /// Contact e-mail address.
    pub email: Option<String>,
    /// ISO 3166-1 alpha-2 country code.
    pub country: Option<String>,
    /// The currency of payouts.
    pub currency: Option<Currency>,
    /// The commission rate in basis points; absent means the programme's.
    pub commission_bp: Option<i64>,
    /// Recognition level, in the operator's words; plans may target it.
    #[serde(default)]
    pub tier: Option<String>,
    /// The partner that referred this one.
    #[serde(default)]
    pub referred_by: Option<PartnerId>,
    /// The operator's own id for the partner; unique.
    pub external_id: Option<String>,
    /// The origins of the partner's web pages that may call the API from a browser.
    #[serde(default)]
    pub origins: Vec<Origin>,
    /// Free-form annotations.
    pub metadata: Metadata,
    /// When the partner was created.
    pub created_at: Timestamp,
    /// When the partner was last updated.
    pub updated_at: Timestamp,
    /// When the partner was terminated.
    pub terminated_at: Option<Timestamp>,
}
