//! Callbacks of marketplaces: they are received, verified and parsed here. This code does not read a clock, draw random
//! numbers, open a connection or touch a store: [`vendor_api::VendorApi`] and the arguments provide all of that.

pub mod adapter;
pub mod apple;
mod aws;
mod bigcommerce;
mod digitalocean;
pub mod event;
mod fields;
mod google;
mod google_cloud;
mod google_play;
mod google_workspace;
mod hubspot;
pub mod kept;
mod magento;
mod microsoft;
pub mod money;
pub mod oauth;
mod page;
pub mod payload;
pub mod public_host;
pub mod published_keys;
pub mod receive;
pub mod registry;
mod salesforce;
mod shopify;
pub mod signature;
pub mod vendor_api;
mod woocommerce;
