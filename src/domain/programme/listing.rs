//! Listings: the product's page on one marketplace, or on the operator's own site.

use crate::{
    links::destination::Carry,
    values::{id::ListingId, string_enum::string_enum, time::Timestamp},
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// Where a listing stands.
    Marketplace {
        /// The operator's own site; no callbacks.
        Web = "web";
        /// Shopify App Store.
        Shopify = "shopify";
        /// BigCommerce.
        Bigcommerce = "bigcommerce";
        /// WooCommerce.
        Woocommerce = "woocommerce";
        /// Magento / Adobe Commerce.
        Magento = "magento";
        /// HubSpot App Marketplace.
        Hubspot = "hubspot";
        /// DigitalOcean Marketplace.
        Digitalocean = "digitalocean";
        /// Salesforce AppExchange.
        Salesforce = "salesforce";
        /// Microsoft AppSource and Azure Marketplace.
        Microsoft = "microsoft";
        /// Google Cloud Marketplace.
        GoogleCloud = "google-cloud";
        /// Google Workspace Marketplace.
        GoogleWorkspace = "google-workspace";
        /// AWS Marketplace.
        Aws = "aws";
        /// Apple App Store.
        Apple = "apple";
        /// Google Play.
        GooglePlay = "google-play";
    }
}

impl Marketplace {
    /// What brings the click id from a link to the product.
    #[must_use]
    pub fn carry(self) -> Carry {
        if self == Self::GooglePlay { Carry::Referrer } else { Carry::Parameter }
    }
}

/// A listing's number within the programme; 16 bits, because link tokens carry it.
pub type ListingNo = u16;

/// A listing as stored, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Number within the programme.
    pub no: ListingNo,
    /// Public id.
    pub id: ListingId,
    /// Display name.
    pub name: String,
    /// Where it stands.
    pub marketplace: Marketplace,
    /// Where its links lead.
    pub url: String,
    /// A short unique name.
    pub slug: Option<String>,
    /// Where a browser-borne install is forwarded to.
    pub forward_to: Option<String>,
    /// The marketplace's settings, a JSON object.
    pub settings: String,
    /// Names of the secrets that are set, sorted.
    pub secret_names: Vec<String>,
    /// Days from a click on its links to a conversion; absent = the programme's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<i64>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
