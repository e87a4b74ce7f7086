//! Listings: the product's page on a marketplace or on the operator's own site.

use crate::{
    links::destination::ClickIdTransport,
    values::{id::ListingId, string_enum::string_enum, time::Timestamp},
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// The marketplace of a listing.
    Marketplace {
        /// The operator's own site, which sends no callbacks.
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
    /// Returns how the click id is passed from a link to the product. `setting` is the listing's setting
    /// [`CLICK_ID_IN`], which stores that define the transport themselves override.
    #[must_use]
    pub fn click_id_transport(self, setting: Option<&str>) -> ClickIdTransport {
        match (self, setting) {
            (Self::GooglePlay, _) => ClickIdTransport::Referrer,
            (_, Some("fragment")) => ClickIdTransport::Fragment,
            _ => ClickIdTransport::Parameter,
        }
    }
}

/// The setting of a listing that says where in its URL the click id goes: `query` (the default) or `fragment`.
pub const CLICK_ID_IN: &str = "click_id_in";

/// A listing's number within the programme. It has 16 bits because link tokens contain it.
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
    /// The marketplace.
    pub marketplace: Marketplace,
    /// The URL that its links lead to.
    pub url: String,
    /// A short unique name.
    pub slug: Option<String>,
    /// The URL to which installs that arrive through the browser are forwarded.
    pub forward_to: Option<String>,
    /// The settings for the marketplace, as a JSON object.
    pub settings: String,
    /// The names of the secrets that are set, sorted.
    pub secret_names: Vec<String>,
    /// The number of days from a click on the listing's links to a conversion; absent means the programme's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<i64>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Timestamp,
}
