//! The marketplaces with callbacks. A new one needs a file in this folder, a folder of fixtures, and a line here.

use super::adapter::Adapter;
use crate::domain::programme::listing::Marketplace;

/// All of them.
pub const ADAPTERS: &[&dyn Adapter] = &[
    &super::apple::APPLE,
    &super::aws::Aws,
    &super::bigcommerce::Bigcommerce,
    &super::digitalocean::Digitalocean,
    &super::google_cloud::GoogleCloud,
    &super::google_play::GooglePlay,
    &super::google_workspace::GoogleWorkspace,
    &super::hubspot::Hubspot,
    &super::magento::Magento,
    &super::microsoft::Microsoft,
    &super::salesforce::Salesforce,
    &super::shopify::Shopify,
    &super::woocommerce::Woocommerce,
];

/// The adapter of a marketplace.
#[must_use]
pub fn find(marketplace: Marketplace) -> Option<&'static dyn Adapter> {
    ADAPTERS.iter().copied().find(|adapter| adapter.marketplace() == marketplace)
}
