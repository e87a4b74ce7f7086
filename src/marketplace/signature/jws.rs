//! JSON Web Signatures of vendors with public keys: RS256 and ES256 (RFC 7518 §3.1).

use super::{
    claims,
    compact::{self, Compact},
    key_set::Keys,
    public_key::{Algorithm, PublicKey},
    refusal::Refusal,
};
use serde::de::DeserializeOwned;

/// Algorithms that a scheme may pin (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pinned {
    /// RS256.
    Rs256,
    /// ES256.
    Es256,
}

impl Pinned {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RsaSha256,
            Self::Es256 => Algorithm::Es256,
        }
    }
}

/// A token of the right form. Its payload is out of reach until the signature is verified.
#[derive(Debug)]
pub(super) struct Jws<'t> {
    /// What the signature covers: the bytes as they came, up to the second dot.
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
    pinned: Pinned,
    kid: Option<String>,
    /// Certificates in base64, the key's own first (RFC 7515 §4.1.6). Whose they are is for the rule to judge.
    pub x5c: Option<Vec<String>>,
}

/// A payload whose signature was verified, and the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    pub json: Vec<u8>,
    pub signature: Vec<u8>,
}

impl Signed {
    /// The claims in it.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        claims::object(&self.json).ok_or(Refusal::MalformedClaims)
    }
}

impl<'t> Jws<'t> {
    /// Reads a token whose algorithm must be `pinned`.
    pub fn parse(token: &'t str, pinned: Pinned) -> Result<Self, Refusal> {
        let Compact { signed, payload, signature, kid, x5c, supplies_key } =
            Compact::parse(token, pinned.name())?;
        // Its sender would choose what it is verified with.
        if supplies_key {
            return Err(Refusal::SuppliedKey);
        }
        let decode = |text| compact::decode(text).ok_or(Refusal::MalformedSignature);
        Ok(Self { signed, payload: decode(payload)?, signature: decode(signature)?, pinned, kid, x5c })
    }

    /// A claim that decides which keys are looked at, before anything is proven: good to refuse with, and for nothing else.
    pub fn unproven<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        claims::object(&self.payload).ok_or(Refusal::MalformedClaims)
    }

    /// The payload, if the token was signed with the key of the vendor's that it names. One that brings certificates
    /// would choose its key itself.
    pub fn verify_with(self, keys: &Keys) -> Result<Signed, Refusal> {
        if self.x5c.is_some() {
            return Err(Refusal::SuppliedKey);
        }
        let key = keys.find(self.kid.as_deref())?;
        self.verify(key)
    }

    /// The payload, if the token was signed with `key`.
    pub fn verify(self, key: &PublicKey) -> Result<Signed, Refusal> {
        key.verify(self.pinned.algorithm(), self.signed.as_bytes(), &self.signature)?;
        Ok(Signed { json: self.payload, signature: self.signature })
    }
}
