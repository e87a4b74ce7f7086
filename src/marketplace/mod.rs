//! Callbacks of marketplaces: a message comes in, is verified, and is read. Nothing here reads a clock, draws a random
//! number or touches a store.

pub mod adapter;
pub mod apple;
mod aws;
mod bigcommerce;
mod digitalocean;
pub mod event;
mod google;
mod google_cloud;
mod google_play;
mod google_workspace;
mod hubspot;
mod magento;
mod microsoft;
pub mod money;
pub mod oauth;
pub mod outgoing;
mod page;
pub mod proven;
pub mod public_host;
pub mod published;
pub mod registry;
mod salesforce;
mod shopify;
pub mod signature;
pub mod step;
mod woocommerce;
