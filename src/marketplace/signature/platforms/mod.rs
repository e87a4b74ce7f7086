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
mod aws_answer;
mod certificate;
pub mod challenge;
mod eventbridge;
pub mod sigv4;
mod skadnetwork;
mod sns;
mod sns_address;

pub use adattributionkit::{AdAttributionKit, DEVELOPMENT_KEYS, PRODUCTION_KEY};
pub use adobe_commerce::AdobeCommerce;
pub use adobe_io_events::AdobeIoEvents;
pub use aws_answer::aws_answers;
pub use eventbridge::{AGREEMENT_SOURCE, ApiDestination};
pub use skadnetwork::{APPLE_KEY, Skadnetwork};
pub use sns::{Sns, confirmation_address};

use super::{callback::Callback, claims, refusal::Refusal, verified::Verified, verifier::has_names};
use crate::domain::values::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::de::DeserializeOwned;

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

/// FetchedDocuments documents: their addresses, as returned by [`PlatformVerifier::addresses`], and their texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct FetchedDocuments<'f>(pub &'f [(&'f str, &'f str)]);

impl<'f> FetchedDocuments<'f> {
    /// The text at `address`. If it could not be fetched, the callback may be valid, so the sender may retry it.
    fn at(self, address: &str) -> Result<&'f str, Refusal> {
        self.0.iter().find(|(known, _)| *known == address).map(|(_, text)| *text).ok_or(Refusal::Unanswered)
    }
}

/// The names that a platform's message may contain. Apple signs all postbacks with one key, and its documentation
/// contains genuine ones, so only the app and the ad network show that a postback is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Only these names.
    Only(Vec<String>),
    /// Any name. The caller must check the payload of the proof itself.
    Any,
}

impl Allowed {
    fn allows(&self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.iter().any(|known| known == name),
            Self::Any => true,
        }
    }
}

/// The maximum length of a signature in base64, in characters: RSA with 4096 bits.
const MAX_SIGNATURE_CHARACTERS: usize = 684;

/// Decodes a signature in base64 (RFC 4648 §4), with padding and without stray bits. The key checks its length.
fn signature(text: &str) -> Result<Vec<u8>, Refusal> {
    // The length is checked first, so that a long text from an attacker is not decoded.
    if text.is_empty() || text.len() > MAX_SIGNATURE_CHARACTERS {
        return Err(Refusal::MalformedSignature);
    }
    STANDARD.decode(text).map_err(|_| Refusal::MalformedSignature)
}

/// Parses a body that must be a JSON object.
fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    claims::object(body).ok_or(if body.is_empty() { Refusal::EmptyBody } else { Refusal::MalformedBody })
}
