//! Parsing of JWS compact serialisation (RFC 7515 §7.1), for tokens with any kind of key.
//!
//! The scheme pins the algorithm. A token with another algorithm is refused before any key is used (RFC 8725 §3.1:
//! `none`, and HS256 with a public key as the secret), and so is one that requires an extension (`crit`).

use super::{claims, refusal::Refusal};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

/// The maximum length of a token, in bytes. Apple's notifications are the longest, with up to three tokens inside and
/// three certificates in each: about 20 KB.
const MAX_BYTES: usize = 64 * 1024;

/// Whether a member is present, even if it is `null`.
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

/// The parts of a token, none of them verified. The rule must check that the key which the token names is the vendor's.
#[derive(Debug)]
pub(super) struct Compact<'t> {
    /// The signed bytes as received, up to the second dot.
    pub signed: &'t str,
    /// In base64url.
    pub payload: &'t str,
    /// In base64url.
    pub signature: &'t str,
    /// The key's id (§4.1.4).
    pub kid: Option<String>,
    /// Certificates in base64, the key's own first (§4.1.6).
    pub x5c: Option<Vec<String>>,
    /// Whether it contains a key, or the address of one (`jwk`, `jku`, `x5u`).
    pub supplies_key: bool,
}

impl<'t> Compact<'t> {
    /// Parses a token whose algorithm must be `alg`.
    pub fn parse(token: &'t str, alg: &str) -> Result<Self, Refusal> {
        // The length is checked first, so that a long text from an attacker is not decoded.
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

/// Decodes non-empty base64url without padding and stray bits, so that each value has only one accepted text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}
