//! JWS compact serialisation (RFC 7515 §7.1), whatever the key: the form of a token, and a header that chooses nothing.
//!
//! The scheme pins the algorithm. A token that names another one is refused before any key is looked at (RFC 8725 §3.1:
//! `none`, and HS256 with a public key as its secret), and so is one that demands an extension (`crit`).

use super::{claims, refusal::Refusal};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

/// Bytes of a token that are read. Apple's notifications are the largest, with two tokens in one and three certificates in
/// each: about 20 KB.
const MAX_BYTES: usize = 64 * 1024;

/// Whether a member is there at all, `null` included.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
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

/// A token's parts, none of them proven. What it says of its key only names one: whether that is the vendor's is for the
/// rule to judge.
#[derive(Debug)]
pub(super) struct Compact<'t> {
    /// What the signature covers: the bytes as they came, up to the second dot.
    pub signed: &'t str,
    /// In base64url.
    pub payload: &'t str,
    /// In base64url.
    pub signature: &'t str,
    /// The key's id (§4.1.4).
    pub kid: Option<String>,
    /// Certificates in base64, the key's own first (§4.1.6).
    pub x5c: Option<Vec<String>>,
    /// Whether it brings a key, or the address of one (`jwk`, `jku`, `x5u`).
    pub supplies_key: bool,
}

impl<'t> Compact<'t> {
    /// Parts a token, whose algorithm must be `alg`.
    pub fn parse(token: &'t str, alg: &str) -> Result<Self, Refusal> {
        // The length first: an attacker's megabyte is not decoded.
        if token.len() > MAX_BYTES {
            return Err(Refusal::MalformedSignature);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::MalformedSignature)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::MalformedSignature)?;
        let header = decode(header).and_then(|json| claims::object(&json));
        let header: Header = header.ok_or(Refusal::MalformedSignature)?;
        if header.alg != alg {
            return Err(Refusal::WrongAlgorithm);
        }
        if header.crit.0 {
            return Err(Refusal::UnknownExtension);
        }
        let supplies_key = header.jwk.0 || header.jku.0 || header.x5u.0;
        Ok(Self { signed, payload, signature, kid: header.kid, x5c: header.x5c, supplies_key })
    }
}

/// Base64url without padding and without stray bits, so that a text has one spelling; not empty.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}
