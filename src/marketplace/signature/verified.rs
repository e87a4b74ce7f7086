//! The proof that a callback is authentic. Only the verifiers of this module can construct one, so a function that
//! takes a [`Verified`] cannot be called with an unverified callback.

use crate::domain::values::{string_enum::string_enum, time::Timestamp};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The end of the validity of tokens that never expire (Salesforce Canvas, BigCommerce's legacy payload). They must be
/// remembered for ever.
pub const FOREVER: i64 = i64::MAX;

/// How long a single-use token is remembered beyond the end of its validity, in milliseconds. The clocks of the
/// machines that receive the same token may differ.
const MARGIN_MS: i64 = 10 * 60 * 1000;

string_enum! {
    /// The strength of a proof and of the facts in its payload.
    Evidence {
        /// The vendor signed it.
        Signed = "signed";
        /// The caller knew a secret that only we and the vendor share. The payload is not signed, but was sent over
        /// TLS.
        Credentials = "credentials";
        /// The vendor accepted a code that it had issued, and named its account.
        CodeExchange = "code_exchange";
        /// The vendor's API confirmed it.
        ApiPoll = "api_poll";
        /// The caller is authenticated, but the message is not signed or confirmed by the vendor.
        TransportOnly = "transport_only";
        /// The app on the customer's device reported it, which anybody can forge.
        ClientReported = "client_reported";
        /// The address contains a secret and the message an expected name. Anybody who reads the address in a log can
        /// forge such a message, so no money may move on it.
        UnsignedBound = "unsigned_bound";
    }
}

impl Evidence {
    /// Whether commissions may be paid on it without a manual review.
    #[must_use]
    pub fn pays(self) -> bool {
        match self {
            Self::Signed | Self::Credentials | Self::CodeExchange | Self::ApiPoll => true,
            Self::TransportOnly | Self::ClientReported | Self::UnsignedBound => false,
        }
    }
}

/// The proven content of a callback. Other parts of the request, such as headers, are not proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The raw body.
    Body(&'a [u8]),
    /// The decoded JSON text of a token.
    Json(Vec<u8>),
    /// The signed parameters, decoded, in the order of the request.
    Parameters(Vec<(String, String)>),
}

/// A token that may be used once. The verifiers are stateless: the caller must store `key` in the same transaction as
/// the changes of the callback, and refuse a known key with [`super::Refusal::Replayed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleUse {
    key: String,
    keep_until: Timestamp,
}

impl SingleUse {
    /// A hash of the token in 64 hexadecimal digits, which does not reveal the token. The same token has the same key
    /// on every endpoint (BigCommerce's `/load` and `/uninstall`).
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Until when the key must be stored. After that the token is refused as too old. For a token that never expires
    /// it is the end of the year 9999.
    #[must_use]
    pub fn keep_until(&self) -> Timestamp {
        self.keep_until
    }
}

/// The key of a single-use token: SHA-256 in hexadecimal. `name` is the scheme's, so that its keys differ from those of
/// other schemes.
pub(super) fn single_use_key(name: &str, token: &[u8]) -> String {
    let hash = Sha256::new().chain_update(name).chain_update([0]).chain_update(token);
    HEXLOWER.encode(&hash.finalize())
}

/// A proof as it is kept with its callback. Only a [`Verified`] can be turned into one, and a kept proof is read back only
/// from a text that the Ledger sealed, so that nobody can make one up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptProof {
    evidence: Evidence,
    payload: KeptPayload,
    signed_at: Option<Timestamp>,
    single_use: Option<(String, Timestamp)>,
}

/// A proven content as it is kept: the body of the callback itself if neither is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct KeptPayload {
    /// Another text, such as that of a token, in base64.
    text: Option<String>,
    /// The signed parameters.
    parameters: Option<Vec<(String, String)>>,
}

/// A proven callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a> {
    evidence: Evidence,
    payload: Payload<'a>,
    signed_at: Option<Timestamp>,
    single_use: Option<SingleUse>,
}

impl<'a> Verified<'a> {
    /// Constructs a proof. A verifier must call this after all of its checks.
    pub(super) fn new(evidence: Evidence, payload: Payload<'a>) -> Self {
        Self { evidence, payload, signed_at: None, single_use: None }
    }

    /// Sets the signed time.
    pub(super) fn signed_at_time(self, at: Option<Timestamp>) -> Self {
        Self { signed_at: at, ..self }
    }

    /// Makes the token a single-use token of the scheme with this name. `valid_until_ms` is the last time at which it
    /// could be accepted, or [`FOREVER`].
    pub(super) fn once(self, name: &str, token: &[u8], valid_until_ms: i64) -> Self {
        let keep_until = Timestamp::clamped(valid_until_ms.saturating_add(MARGIN_MS));
        Self { single_use: Some(SingleUse { key: single_use_key(name, token), keep_until }), ..self }
    }

    /// The proof as it is kept with the callback's body, with or without its single-use token.
    pub(in crate::marketplace) fn kept(&self, body: &[u8], with_token: bool) -> KeptProof {
        let payload = match &self.payload {
            Payload::Body(proven) if *proven == body => KeptPayload::default(),
            Payload::Body(text) => KeptPayload { text: Some(BASE64.encode(text)), parameters: None },
            Payload::Json(text) => KeptPayload { text: Some(BASE64.encode(text)), parameters: None },
            Payload::Parameters(parameters) => {
                KeptPayload { text: None, parameters: Some(parameters.clone()) }
            }
        };
        let single_use = self.single_use.as_ref().filter(|_| with_token);
        let single_use = single_use.map(|token| (token.key.clone(), token.keep_until));
        KeptProof { evidence: self.evidence, payload, signed_at: self.signed_at, single_use }
    }

    /// The proof that was kept with this body; `None` if it is damaged.
    pub(in crate::marketplace) fn restored(kept: &KeptProof, body: &'a [u8]) -> Option<Self> {
        let payload = match (&kept.payload.text, &kept.payload.parameters) {
            (Some(text), _) => Payload::Json(BASE64.decode(text.as_bytes()).ok()?),
            (None, Some(parameters)) => Payload::Parameters(parameters.clone()),
            (None, None) => Payload::Body(body),
        };
        let single_use = kept.single_use.clone().map(|(key, keep_until)| SingleUse { key, keep_until });
        Some(Self { evidence: kept.evidence, payload, signed_at: kept.signed_at, single_use })
    }

    /// The same proof with the evidence of `other`, a stronger proof of the same facts.
    #[must_use]
    pub fn confirmed_by(self, other: &Verified<'_>) -> Self {
        Self { evidence: other.evidence, ..self }
    }

    /// The strength of the proof.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// The proven content.
    #[must_use]
    pub fn payload(&self) -> &Payload<'a> {
        &self.payload
    }

    /// The time of signing, if the signature covers one.
    #[must_use]
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.signed_at
    }

    /// The single-use token, if the callback may be accepted only once.
    #[must_use]
    pub fn single_use(&self) -> Option<&SingleUse> {
        self.single_use.as_ref()
    }
}
