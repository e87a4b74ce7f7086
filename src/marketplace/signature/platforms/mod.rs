//! Schemes of platforms that sign with their own keys and publish the public keys: Amazon Web Services, Adobe, Apple.
//! This module also signs requests to AWS ([`sigv4`]), verifies the answers ([`aws_answers`]), and answers Adobe's
//! challenge ([`challenge`]).
//!
//! Nothing is fetched here. [`PlatformVerifier::addresses`] returns the addresses of the documents that a callback
//! needs. An address comes from an unverified message, so the whole address must match what the vendor documents
//! before it is fetched. [`PlatformVerifier::verify`] takes the fetched documents.
//!
//! The order of checks is: format; allow-lists of key addresses, key ids and algorithms; the signature; the clock; the
//! configured recipient or sender. The payload of the proof contains only what was signed.

mod adattributionkit;
mod adobe_commerce;
mod adobe_io_events;
mod allowed;
mod aws_answer;
mod certificate;
pub mod challenge;
mod eventbridge;
mod fetched;
pub mod sigv4;
mod skadnetwork;
mod sns;
mod sns_address;

pub use adattributionkit::{AdAttributionKit, DEVELOPMENT_KEYS, PRODUCTION_KEY};
pub use adobe_commerce::AdobeCommerce;
pub use adobe_io_events::AdobeIoEvents;
pub use allowed::Allowed;
pub use aws_answer::aws_answers;
pub use eventbridge::{AGREEMENT_SOURCE, ApiDestination};
pub use fetched::FetchedDocuments;
pub use skadnetwork::{APPLE_KEY, Skadnetwork};
pub use sns::{Sns, confirmation_address};

use super::{callback::Callback, refusal::Refusal, verified::Verified};
use crate::domain::values::time::Timestamp;

/// A platform's signature scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlatformScheme {
    /// Postbacks of Apple's AdAttributionKit.
    AdAttributionKitPostback,
    /// Webhooks of a merchant's Adobe Commerce.
    AdobeCommerceWebhook,
    /// Adobe I/O Events.
    AdobeIoEvents,
    /// Amazon EventBridge's API destinations, with a header that the operator chose.
    AwsEventbridgeApiDestination,
    /// Amazon SNS.
    AwsSns,
    /// Postbacks of Apple's SKAdNetwork.
    SkadnetworkPostback,
}

impl PlatformScheme {
    /// All schemes, sorted by name.
    pub const ALL: &'static [Self] = &[
        Self::AdAttributionKitPostback,
        Self::AdobeCommerceWebhook,
        Self::AdobeIoEvents,
        Self::AwsEventbridgeApiDestination,
        Self::AwsSns,
        Self::SkadnetworkPostback,
    ];

    /// Its name in the configuration, vectors and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AdAttributionKitPostback => "adattributionkit_postback",
            Self::AdobeCommerceWebhook => "adobe_commerce_webhook",
            Self::AdobeIoEvents => "adobe_io_events",
            Self::AwsEventbridgeApiDestination => "aws_eventbridge_api_destination",
            Self::AwsSns => "aws_sns",
            Self::SkadnetworkPostback => "skadnetwork_postback",
        }
    }

    /// The scheme with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scheme| scheme.name() == name)
    }
}

/// A scheme with the operator's configuration.
#[derive(Debug, Clone)]
pub enum PlatformVerifier {
    /// AdAttributionKit.
    AdAttributionKit(AdAttributionKit),
    /// Adobe Commerce.
    AdobeCommerce(AdobeCommerce),
    /// Adobe I/O Events.
    AdobeIoEvents(AdobeIoEvents),
    /// EventBridge.
    ApiDestination(ApiDestination),
    /// SNS.
    Sns(Sns),
    /// SKAdNetwork.
    Skadnetwork(Skadnetwork),
}

impl PlatformVerifier {
    /// Its scheme.
    #[must_use]
    pub fn scheme(&self) -> PlatformScheme {
        match self {
            Self::AdAttributionKit(_) => PlatformScheme::AdAttributionKitPostback,
            Self::AdobeCommerce(_) => PlatformScheme::AdobeCommerceWebhook,
            Self::AdobeIoEvents(_) => PlatformScheme::AdobeIoEvents,
            Self::ApiDestination(_) => PlatformScheme::AwsEventbridgeApiDestination,
            Self::Sns(_) => PlatformScheme::AwsSns,
            Self::Skadnetwork(_) => PlatformScheme::SkadnetworkPostback,
        }
    }

    /// Judges what needs no key: age, sender and recipient. Only a callback that passes may cause a fetch. Nothing is proven
    /// yet.
    pub fn precheck(&self, callback: &Callback<'_>, now: Timestamp) -> Result<(), Refusal> {
        match self {
            Self::AdobeIoEvents(events) => events.precheck(callback, now),
            Self::Sns(sns) => sns.precheck(callback, now),
            Self::AdAttributionKit(_)
            | Self::AdobeCommerce(_)
            | Self::ApiDestination(_)
            | Self::Skadnetwork(_) => Ok(()),
        }
    }

    /// The addresses of the keys or certificates that `callback` needs, each on the vendor's allow-list. The caller
    /// must fetch them without following redirects, and may cache them by address. Schemes with configured keys have
    /// none.
    pub fn addresses(&self, callback: &Callback<'_>) -> Result<Vec<String>, Refusal> {
        match self {
            Self::AdobeIoEvents(events) => events.addresses(callback),
            Self::Sns(sns) => sns.addresses(callback),
            Self::AdAttributionKit(_)
            | Self::AdobeCommerce(_)
            | Self::ApiDestination(_)
            | Self::Skadnetwork(_) => Ok(Vec::new()),
        }
    }

    /// Returns the proof that `callback` is authentic, fresh and meant for us, or the reason why it is refused.
    pub fn verify<'a>(
        &self,
        callback: &Callback<'a>,
        fetched: FetchedDocuments<'_>,
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        match self {
            Self::AdAttributionKit(kit) => kit.verify(callback),
            Self::AdobeCommerce(commerce) => commerce.verify(callback),
            Self::AdobeIoEvents(events) => events.verify(callback, fetched, now),
            Self::ApiDestination(destination) => destination.verify(callback),
            Self::Sns(sns) => sns.verify(callback, fetched, now),
            Self::Skadnetwork(skadnetwork) => skadnetwork.verify(callback),
        }
    }
}
