//! The proof that a callback came from its marketplace. Only the rules beside this file can build one, so that a
//! function that takes a [`Verified`] cannot be called with anything unproven.

use super::scheme::Scheme;
use crate::domain::values::{string_enum::string_enum, time::Timestamp};
use sha2::{Digest, Sha256};

/// The end of the time that a [`Timestamp`] can name: what is remembered until then is remembered for ever. Tokens
/// without a clock are (Salesforce Canvas, BigCommerce's legacy payload), because they are valid for ever.
pub const FOREVER: i64 = i64::MAX;

/// Milliseconds that a single-use token is remembered beyond the end of its validity, because the clocks of two
/// machines that see the same token differ.
const MARGIN_MS: i64 = 10 * 60 * 1000;

string_enum! {
    /// What stands behind a proof, and behind what is told with it.
    Evidence {
        /// The vendor signed it.
        Signed = "signed";
        /// The caller knew a secret of ours and the vendor's, and TLS brought the payload unchanged; nothing in it is signed.
        Credentials = "credentials";
        /// The vendor took a code of ours that it had given out, and told whose it is.
        CodeExchange = "code_exchange";
        /// The vendor confirmed it when its API was asked.
        ApiPoll = "api_poll";
        /// The caller proved itself, but the message is not signed and nobody confirmed it.
        TransportOnly = "transport_only";
        /// The app on the customer's device said so: anybody can.
        ClientReported = "client_reported";
        /// Nothing but a secret in the address and a name in the message: a hint. Whoever reads the address in a log can
        /// send the like, so no money may move on it.
        UnsignedBound = "unsigned_bound";
    }
}

impl Evidence {
    /// Whether commissions may be paid on it without somebody having looked at them.
    #[must_use]
    pub fn pays(self) -> bool {
        match self {
            Self::Signed | Self::Credentials | Self::CodeExchange | Self::ApiPoll => true,
            Self::TransportOnly | Self::ClientReported | Self::UnsignedBound => false,
        }
    }
}

/// What was proven. Whatever else came with the request (headers above all) is hearsay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The raw body.
    Body(&'a [u8]),
    /// The JSON text that a token carried, decoded.
    Json(Vec<u8>),
    /// Parameters, decoded, in the order of the request; of the parameters those that are signed.
    Parameters(Vec<(String, String)>),
}

/// A token that is accepted once. The rules have no memory; who calls them remembers `key`, in one transaction with
/// what the callback changes, and refuses it with [`super::Refusal::Replayed`] while it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleUse {
    key: String,
    keep_until: Timestamp,
}

impl SingleUse {
    /// 64 hexadecimal digits that stand for the token and do not give it away. The same token has the same key on
    /// every endpoint (BigCommerce's `/load` and `/uninstall`).
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Until when the key must be remembered. Later the token would be refused as too old; for a token without a clock
    /// it is the end of the year 9999, which is to say for ever.
    #[must_use]
    pub fn keep_until(&self) -> Timestamp {
        self.keep_until
    }
}

/// The key under which a single-use token of `scheme` is remembered: SHA-256 in hexadecimal. `token` is what identifies
/// it: the `jti` of a JWT (all bytes of its signature if it has none), the decoded MAC of other tokens.
#[must_use]
pub fn single_use_key(scheme: Scheme, token: &[u8]) -> String {
    key_under(scheme.name(), token)
}

pub(super) fn key_under(name: &str, token: &[u8]) -> String {
    let hash = Sha256::new().chain_update(name).chain_update([0]).chain_update(token);
    base16ct::lower::encode_string(&hash.finalize())
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
    /// Only the rules may call this, after all of their checks.
    pub(super) fn new(evidence: Evidence, payload: Payload<'a>) -> Self {
        Self { evidence, payload, signed_at: None, single_use: None }
    }

    /// With the time that the signature proved.
    pub(super) fn signed_at_time(self, at: Option<Timestamp>) -> Self {
        Self { signed_at: at, ..self }
    }

    /// To be accepted once; `valid_until_ms` is the last instant at which it could be accepted, or [`FOREVER`].
    pub(super) fn once(self, scheme: Scheme, token: &[u8], valid_until_ms: i64) -> Self {
        self.once_under(scheme.name(), token, valid_until_ms)
    }

    /// The same for a token that is of no scheme of a vendor's: `name` keeps it apart from those of schemes.
    pub(super) fn once_under(self, name: &str, token: &[u8], valid_until_ms: i64) -> Self {
        let keep_until = Timestamp::clamped(valid_until_ms.saturating_add(MARGIN_MS));
        Self { single_use: Some(SingleUse { key: key_under(name, token), keep_until }), ..self }
    }

    /// The same proof, and behind it what stands behind `other`, too, which is the stronger one.
    #[must_use]
    pub fn confirmed_by(self, other: &Verified<'_>) -> Self {
        Self { evidence: other.evidence, ..self }
    }

    /// What stands behind it.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// What was proven.
    #[must_use]
    pub fn payload(&self) -> &Payload<'a> {
        &self.payload
    }

    /// When it was signed, if the signature covers a time.
    #[must_use]
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.signed_at
    }

    /// Whether it is a token that may be accepted once only.
    #[must_use]
    pub fn single_use(&self) -> Option<&SingleUse> {
        self.single_use.as_ref()
    }
}
