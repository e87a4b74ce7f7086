//! JSON Web Signatures with vendors' public keys: RS256 and ES256 (RFC 7518 §3.1).

use super::{
    claims,
    compact::{self, Compact},
    key_set::Keys,
    public_key::{Algorithm, PublicKey},
    refusal::Refusal,
};
use serde::de::DeserializeOwned;

/// An algorithm that a scheme pins (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JwsAlgorithm {
    /// RS256.
    Rs256,
    /// ES256.
    Es256,
}

impl JwsAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    fn signature_algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RsaSha256,
            Self::Es256 => Algorithm::Es256,
        }
    }
}

/// A parsed token. Its payload is private until the signature is verified.
#[derive(Debug)]
pub(super) struct Jws<'t> {
    /// The signed bytes as received, up to the second dot.
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
    algorithm: JwsAlgorithm,
    kid: Option<String>,
    /// Certificates in base64, the signer's first (RFC 7515 §4.1.6). They are not verified.
    pub x5c: Option<Vec<String>>,
}

/// The payload and the signature of a token, after the signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VerifiedJws {
    pub json: Vec<u8>,
    pub signature: Vec<u8>,
}

impl VerifiedJws {
    /// Parses the claims.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        claims::object(&self.json).ok_or(Refusal::MalformedClaims)
    }
}

impl<'t> Jws<'t> {
    /// Parses a token whose algorithm must be `algorithm`.
    pub fn parse(token: &'t str, algorithm: JwsAlgorithm) -> Result<Self, Refusal> {
        let Compact { signed, payload, signature, kid, x5c, supplies_key } =
            Compact::parse(token, algorithm.name())?;
        // Using that key would let the sender choose the key.
        if supplies_key {
            return Err(Refusal::SuppliedKey);
        }
        let decode = |text| compact::decode(text).ok_or(Refusal::MalformedSignature);
        Ok(Self { signed, payload: decode(payload)?, signature: decode(signature)?, algorithm, kid, x5c })
    }

    /// Parses claims before the signature is verified. Use them only to refuse a token early.
    pub fn unverified_claims<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        claims::object(&self.payload).ok_or(Refusal::MalformedClaims)
    }

    /// Verifies the signature with the vendor's key that the token names. A token with certificates is refused,
    /// because it would choose its key itself.
    pub fn verify_with(self, keys: &Keys) -> Result<VerifiedJws, Refusal> {
        if self.x5c.is_some() {
            return Err(Refusal::SuppliedKey);
        }
        let key = keys.find(self.kid.as_deref())?;
        self.verify(key)
    }

    /// Verifies the signature with `key`.
    pub fn verify(self, key: &PublicKey) -> Result<VerifiedJws, Refusal> {
        key.verify(self.algorithm.signature_algorithm(), self.signed.as_bytes(), &self.signature)?;
        Ok(VerifiedJws { json: self.payload, signature: self.signature })
    }
}
