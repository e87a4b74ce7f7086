//! Schemes with vendors' public keys: signed tokens, and Apple's certificate chains. Keys, roots and expected claims
//! are arguments; nothing is fetched here.

use super::{
    apple,
    callback::Callback,
    expected::Expected,
    id_token,
    key_set::Keys,
    pem,
    refusal::Refusal,
    verified::{Verified, single_use_key},
};
use crate::domain::values::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};

/// Apple Root CA – G3, <https://www.apple.com/certificateauthority/AppleRootCA-G3.cer>, SHA-256
/// 63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179.
const APPLE_ROOT_CA_G3: &str = "MIICQzCCAcmgAwIBAgIILcX8iNLFS5UwCgYIKoZIzj0EAwMwZzEbMBkGA1UEAwwSQXBwbGUgUm9vdCBDQSAt\
    IEczMSYwJAYDVQQLDB1BcHBsZSBDZXJ0aWZpY2F0aW9uIEF1dGhvcml0eTETMBEGA1UECgwKQXBwbGUgSW5jLjELMAkGA1UEBhMCVVMwHhcNMTQwNDMw\
    MTgxOTA2WhcNMzkwNDMwMTgxOTA2WjBnMRswGQYDVQQDDBJBcHBsZSBSb290IENBIC0gRzMxJjAkBgNVBAsMHUFwcGxlIENlcnRpZmljYXRpb24gQXV0\
    aG9yaXR5MRMwEQYDVQQKDApBcHBsZSBJbmMuMQswCQYDVQQGEwJVUzB2MBAGByqGSM49AgEGBSuBBAAiA2IABJjpLz1AcqTtkyJygRMc3RCV8cWjTnHc\
    FBbZDuWmBSp3ZHtfTjjTuxxEtX/1H7YyYl3J6YRbTzBPEVoA/VhYDKX1DyxNB0cTddqXl5dvMVztK517IDvYuVTZXpmkOlEKMaNCMEAwHQYDVR0OBBYE\
    FLuw3qFYM4iapIqZ3r6966/ayySrMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMDA2gAMGUCMQCD6cHEFl4aXTQY2e3v\
    9GwOAEZLuN+yRhHFD/3meoyhpmvOwgPUnPWTxnS4at+qIxUCMG1mihDK1A3UT82NQz60imOlM27jbdoXt2QfyFMm+YhidDkLF1vLUagM6BgD56KyKA==";

/// A scheme with a vendor's public keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenScheme {
    /// App Store Server Notifications, version 2.
    AppleAsnV2,
    /// The certificate chain of such a notification, on its own.
    AppleX5cChain,
    /// Webhooks of Microsoft's marketplaces.
    EntraBearer,
    /// Google Cloud Marketplace's sign-up and log-in.
    GcpMarketplaceSignupJwt,
    /// Google Cloud Pub/Sub's push, for the notifications of Google Cloud Marketplace and Google Play.
    PubsubPushOidc,
}

/// Trusted keys and roots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// The vendor's current keys, for tokens with a key id.
    pub keys: Keys,
    /// Root certificates in DER, for tokens with certificates.
    pub roots: Vec<Vec<u8>>,
}

impl Trust {
    /// Apple's pinned root.
    #[must_use]
    pub fn apple() -> Self {
        Self { keys: Keys::default(), roots: STANDARD.decode(APPLE_ROOT_CA_G3).into_iter().collect() }
    }

    /// Decodes a certificate in PEM (RFC 7468 §5) to DER.
    #[must_use]
    pub fn root_from_pem(text: &str) -> Option<Vec<u8>> {
        pem::decode(text, "CERTIFICATE")
    }
}

impl TokenScheme {
    /// All schemes, sorted by name.
    pub const ALL: &'static [Self] = &[
        Self::AppleAsnV2,
        Self::AppleX5cChain,
        Self::EntraBearer,
        Self::GcpMarketplaceSignupJwt,
        Self::PubsubPushOidc,
    ];

    /// Its name in the configuration, vectors and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AppleAsnV2 => "apple_asn_v2",
            Self::AppleX5cChain => "apple_x5c_chain",
            Self::EntraBearer => "entra_bearer",
            Self::GcpMarketplaceSignupJwt => "gcp_marketplace_signup_jwt",
            Self::PubsubPushOidc => "pubsub_push_oidc",
        }
    }

    /// The scheme with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scheme| scheme.name() == name)
    }

    /// The address of the vendor's key set. It is `None` if tokens contain certificates, or if the configuration is
    /// incomplete.
    #[must_use]
    pub fn key_address(self, expected: &Expected) -> Option<String> {
        match self {
            Self::AppleAsnV2 | Self::AppleX5cChain => None,
            Self::EntraBearer => expected.tenant_id.as_deref().map(id_token::entra_keys),
            Self::GcpMarketplaceSignupJwt => Some(id_token::GOOGLE_SIGNUP_ISSUER.to_owned()),
            Self::PubsubPushOidc => Some(id_token::GOOGLE_KEYS.to_owned()),
        }
    }

    /// Parses the document at [`Self::key_address`].
    #[must_use]
    pub fn trust(self, text: &str) -> Option<Trust> {
        let keys = match self {
            Self::GcpMarketplaceSignupJwt => Keys::from_certificates(text),
            Self::AppleAsnV2 | Self::AppleX5cChain | Self::EntraBearer | Self::PubsubPushOidc => {
                Keys::from_jwks(text)
            }
        };
        Some(Trust { keys: keys.ok()?, roots: Vec::new() })
    }

    /// The key of a single-use token: SHA-256 in hexadecimal, of its `jti` or, if it has none, of all bytes of its
    /// signature.
    #[must_use]
    pub fn single_use_key(self, token: &[u8]) -> String {
        single_use_key(self.name(), token)
    }

    /// Returns the proof that `callback` is authentic, fresh and meant for us, or the reason why it is refused. It is
    /// stateless: the caller must accept a proof with a [`super::SingleUse`] only if its key is new.
    pub fn verify<'a>(
        self,
        callback: &Callback<'a>,
        trust: &Trust,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        // A chain alone has no audience; the tokens that it signs do.
        if self != Self::AppleX5cChain && !expected.is_addressed() {
            return Err(Refusal::NotConfigured);
        }
        match self {
            Self::AppleAsnV2 => apple::notification(callback, &trust.roots, expected, now),
            Self::AppleX5cChain => apple::chain(callback, &trust.roots, now),
            Self::EntraBearer => id_token::entra(callback, &trust.keys, expected, now),
            Self::GcpMarketplaceSignupJwt => {
                id_token::google_signup(self.name(), callback, &trust.keys, expected, now)
            }
            Self::PubsubPushOidc => id_token::pubsub_push(callback, &trust.keys, expected, now),
        }
    }
}
