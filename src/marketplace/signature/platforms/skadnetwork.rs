//! Postbacks of Apple's SKAdNetwork, versions 2.1 to 4.0: ECDSA on P-256 with SHA-256, in DER. Source: Apple,
//! "Verifying an install-validation postback" and "Combining parameters for postbacks" (StoreKit).
//!
//! The signature covers some of the values, joined with U+2063; `conversion-value`, `coarse-conversion-value` and
//! `country-code` are not signed. The payload of the proof is the signed values. Versions 1.0 and 2.0 are refused
//! because they are signed on P-192, which is too weak. A postback has no signed time. ECDSA signatures are
//! malleable, so the signature does not identify a postback: its transaction id and its index in the sequence do.

use super::allowed::Allowed;
use crate::marketplace::signature::{
    callback::Callback,
    encoding::signature,
    public_key::{Algorithm, PublicKey},
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
};
use serde::Deserialize;

/// Apple's key for all versions since 2.1: SubjectPublicKeyInfo in base64, as its documentation prints it.
pub const APPLE_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWdp8GPcGqmhgzEFj9Z2nSpQVddayaPe4FMzqM9wib1+aHaaIzoHoLN9zW4K8y4SPykE3YVK3sVqW6Af0lfx3gg==";

/// INVISIBLE SEPARATOR.
const SEPARATOR: &str = "\u{2063}";

/// The operator's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skadnetwork {
    /// Apple's key ([`APPLE_KEY`]).
    pub key: PublicKey,
    /// The allowed apps, by their ids in the App Store.
    pub apps: Allowed,
    /// The allowed ad networks.
    pub networks: Allowed,
}

/// The parts of a postback that are used. Ids may exceed 32 bits; a source identifier is a text with leading zeros.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Postback {
    version: Option<String>,
    ad_network_id: Option<String>,
    campaign_id: Option<u64>,
    source_identifier: Option<String>,
    app_id: Option<u64>,
    transaction_id: Option<String>,
    redownload: Option<bool>,
    source_app_id: Option<u64>,
    source_domain: Option<String>,
    fidelity_type: Option<u64>,
    did_win: Option<bool>,
    postback_sequence_index: Option<u64>,
    attribution_signature: Option<String>,
}

/// The version of a postback, which decides which values are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    V2_1,
    V2_2,
    V3_0,
    V4_0,
}

impl Version {
    fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "2.1" => Ok(Self::V2_1),
            "2.2" => Ok(Self::V2_2),
            "3.0" => Ok(Self::V3_0),
            "4.0" => Ok(Self::V4_0),
            _ => Err(Refusal::WrongAlgorithm),
        }
    }
}

/// The signed text of a required value: numbers are decimal, and booleans are `true` and `false`.
fn value<T: ToString>(name: &'static str, value: Option<T>) -> Result<(&'static str, String), Refusal> {
    value.map(|value| (name, value.to_string())).ok_or(Refusal::MissingParameter(name))
}

impl Postback {
    /// The signed values in their order.
    fn signed(self) -> Result<Vec<(&'static str, String)>, Refusal> {
        let version = Version::parse(self.version.as_deref().ok_or(Refusal::MissingParameter("version"))?)?;
        let mut signed = vec![value("version", self.version)?, value("ad-network-id", self.ad_network_id)?];
        signed.push(match version {
            Version::V4_0 => value("source-identifier", self.source_identifier)?,
            Version::V2_1 | Version::V2_2 | Version::V3_0 => value("campaign-id", self.campaign_id)?,
        });
        signed.push(value("app-id", self.app_id)?);
        signed.push(value("transaction-id", self.transaction_id)?);
        signed.push(value("redownload", self.redownload)?);
        // The app or website that showed the ad. Apple omits both to protect privacy; a postback with both is
        // ambiguous.
        let domain = self.source_domain.filter(|_| version == Version::V4_0);
        match (self.source_app_id, domain) {
            (Some(_), Some(_)) => return Err(Refusal::MalformedBody),
            (Some(app), None) => signed.push(("source-app-id", app.to_string())),
            (None, Some(domain)) => signed.push(("source-domain", domain)),
            (None, None) => {}
        }
        if version >= Version::V2_2 {
            signed.push(value("fidelity-type", self.fidelity_type)?);
        }
        if version >= Version::V3_0 {
            signed.push(value("did-win", self.did_win)?);
        }
        if version >= Version::V4_0 {
            signed.push(value("postback-sequence-index", self.postback_sequence_index)?);
        }
        // Otherwise two postbacks could have the same signed text.
        if signed.iter().any(|(_, value)| value.contains(SEPARATOR)) {
            return Err(Refusal::MalformedBody);
        }
        Ok(signed)
    }
}

impl Skadnetwork {
    pub(super) fn verify<'a>(&self, callback: &Callback<'a>) -> Result<Verified<'a>, Refusal> {
        let mut postback: Postback = callback.json_object()?;
        let tag = postback.attribution_signature.take();
        let tag = signature(&tag.ok_or(Refusal::MissingParameter("attribution-signature"))?)?;
        let signed = postback.signed()?;
        let values: Vec<&str> = signed.iter().map(|(_, value)| value.as_str()).collect();
        self.key.verify(Algorithm::P256Sha256Der, values.join(SEPARATOR).as_bytes(), &tag)?;
        let of = |name| signed.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        if !self.networks.allows(of("ad-network-id")) {
            return Err(Refusal::WrongIssuer);
        }
        if !self.apps.allows(of("app-id")) {
            return Err(Refusal::WrongAudience);
        }
        let signed = signed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Verified::new(Evidence::Signed, Payload::Parameters(signed)))
    }
}
