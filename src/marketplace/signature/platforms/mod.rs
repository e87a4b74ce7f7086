//! Schemes of platforms that sign with keys of their own and publish the public half: Amazon Web Services, Adobe, Apple.
//! Beside them what those platforms demand of us: a signed request ([`sigv4`]) and an answer to a greeting ([`challenge`]);
//! and what an answer to such a request proves ([`aws_answers`]).
//!
//! Nothing here fetches. [`PlatformVerifier::addresses`] says which documents a callback needs, after its shape and the
//! address itself were judged: an address comes out of an unproven message, so it is compared with what the vendor
//! documents, as text and whole, before anybody asks there. [`PlatformVerifier::verify`] takes what was fetched.
//!
//! The order of checks: shape; allow-lists of key addresses, key ids and algorithms; the signature; the clock; the
//! recipient or sender that the operator configured. The proof's payload holds what was signed and nothing else.

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

use super::{callback::Callback, claims, refusal::Refusal, verified::Verified, verifier::named};
use crate::domain::values::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use json::FromJson;

/// A signature scheme of a platform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlatformScheme {
    /// Postbacks of Apple's AdAttributionKit.
    AdAttributionKitPostback,
    /// Webhooks that a merchant's Adobe Commerce sends.
    AdobeCommerceWebhook,
    /// Adobe I/O Events.
    AdobeIoEvents,
    /// Amazon EventBridge, an API destination: a header that the operator chose.
    AwsEventbridgeApiDestination,
    /// Amazon SNS.
    AwsSns,
    /// Postbacks of Apple's SKAdNetwork.
    SkadnetworkPostback,
}

impl PlatformScheme {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::AdAttributionKitPostback,
        Self::AdobeCommerceWebhook,
        Self::AdobeIoEvents,
        Self::AwsEventbridgeApiDestination,
        Self::AwsSns,
        Self::SkadnetworkPostback,
    ];

    /// Its name in configuration, vectors and logs.
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

    /// The scheme of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scheme| scheme.name() == name)
    }
}

/// A scheme with what the operator configured for it.
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
    /// Which scheme it verifies.
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

    /// The addresses of the keys or certificates that `callback` needs, each on the vendor's allow-list. They are to be
    /// fetched without following redirects, and kept by address. None for schemes whose keys are configured.
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

    /// The proof that `callback` is authentic, fresh, and meant for us; or why it is not.
    pub fn verify<'a>(
        &self,
        callback: &Callback<'a>,
        fetched: Fetched<'_>,
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

/// Documents that were fetched: their addresses, as [`PlatformVerifier::addresses`] gave them, and their texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fetched<'f>(pub &'f [(&'f str, &'f str)]);

impl<'f> Fetched<'f> {
    /// The text at `address`. What could not be fetched is no judgement of the callback: it may be tried again.
    fn at(self, address: &str) -> Result<&'f str, Refusal> {
        self.0.iter().find(|(known, _)| *known == address).map(|(_, text)| *text).ok_or(Refusal::Unanswered)
    }
}

/// Whom a platform's message must speak of. Apple signs everybody's postbacks with one key, and has published genuine
/// ones in its documentation: only the app and the network bind a postback to the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// To one of these.
    To(Vec<String>),
    /// To nobody: whoever takes the proof must look at its payload itself.
    ToNobody,
}

impl Bound {
    fn allows(&self, name: &str) -> bool {
        match self {
            Self::To(names) => names.iter().any(|known| known == name),
            Self::ToNobody => true,
        }
    }
}

/// Characters of the longest signature in base64: RSA with 4096 bits.
const MAX_SIGNATURE_CHARACTERS: usize = 684;

/// A signature in base64 (RFC 4648 §4), padded, without stray bits. Its length is judged by the key.
fn signature(text: &str) -> Result<Vec<u8>, Refusal> {
    // The length first: an attacker's megabyte is not decoded.
    if text.is_empty() || text.len() > MAX_SIGNATURE_CHARACTERS {
        return Err(Refusal::MalformedSignature);
    }
    STANDARD.decode(text).map_err(|_| Refusal::MalformedSignature)
}

/// Reads a body that is a JSON object.
fn object<T: for<'t> FromJson<'t>>(body: &[u8]) -> Result<T, Refusal> {
    claims::object(body).ok_or(if body.is_empty() { Refusal::EmptyBody } else { Refusal::MalformedBody })
}
