//! JSON Web Signatures of vendors with public keys: compact serialisation (RFC 7515 §7.1).
//!
//! The scheme pins the algorithm and says where keys come from; the token chooses neither. One that names another
//! algorithm is refused before any key is looked up (RFC 8725 §3.1: `none`, and HS256 with the public key as its secret),
//! and so is one that brings a key, or the address of one (`jwk`, `jku`, `x5u`), or that demands an extension (`crit`).

use super::{
    claims,
    jwt::Present,
    public_key::{Algorithm, PublicKey},
    refusal::Refusal,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};

/// Bytes of a token that are read. Apple's notifications are the largest, with two tokens in one and three certificates in
/// each: about 20 KB.
const MAX_BYTES: usize = 64 * 1024;

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

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default)]
    crit: Present,
    #[serde(default)]
    jwk: Present,
    #[serde(default)]
    jku: Present,
    #[serde(default)]
    x5u: Present,
    x5c: Option<Vec<String>>,
}

/// What a token says of its key. It only names one: whether that is the vendor's is for the rule to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyHint {
    /// The key's id (RFC 7515 §4.1.4).
    pub kid: Option<String>,
    /// Certificates in base64, the key's own first (§4.1.6).
    pub x5c: Option<Vec<String>>,
}

/// A token of the right form. Its payload is out of reach until the signature is verified.
#[derive(Debug)]
pub(super) struct Jws<'t> {
    /// What the signature covers: the bytes as they came, up to the second dot.
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
    pinned: Pinned,
    pub hint: KeyHint,
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
        claims::read(&self.json).ok_or(Refusal::MalformedClaims)
    }
}

/// Base64url without padding and without stray bits, so that a text has one spelling.
fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::MalformedSignature)
}

impl<'t> Jws<'t> {
    /// Reads a token whose algorithm must be `pinned`.
    pub fn parse(token: &'t str, pinned: Pinned) -> Result<Self, Refusal> {
        // The length first: an attacker's megabyte is not decoded.
        if token.len() > MAX_BYTES {
            return Err(Refusal::MalformedSignature);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::MalformedSignature)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::MalformedSignature)?;
        let Header { alg, kid, crit, jwk, jku, x5u, x5c } =
            claims::read(&decode(header)?).ok_or(Refusal::MalformedSignature)?;
        if alg != pinned.name() {
            return Err(Refusal::WrongAlgorithm);
        }
        if crit.0 {
            return Err(Refusal::UnknownExtension);
        }
        if jwk.0 || jku.0 || x5u.0 {
            return Err(Refusal::SuppliedKey);
        }
        Ok(Self {
            signed,
            payload: decode(payload)?,
            signature: decode(signature)?,
            pinned,
            hint: KeyHint { kid, x5c },
        })
    }

    /// A claim that decides which keys are looked at, before anything is proven: good to refuse with, and for nothing else.
    pub fn unproven<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        claims::read(&self.payload).ok_or(Refusal::MalformedClaims)
    }

    /// The payload, if the token was signed with `key`.
    pub fn verify(self, key: &PublicKey) -> Result<Signed, Refusal> {
        key.verify(self.pinned.algorithm(), self.signed.as_bytes(), &self.signature)?;
        Ok(Signed { json: self.payload, signature: self.signature })
    }
}
