//! Shared secrets, ready for use: a list, so that a secret can be rotated without an hour of refusals.

use super::entities;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Bytes of a SHA-256 digest or MAC.
pub(super) const TAG_BYTES: usize = 32;
/// A MAC or a digest.
pub(super) type Tag = [u8; TAG_BYTES];

/// How the text of a secret becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretForm {
    /// The text's own UTF-8 bytes. Most vendors', even where a secret looks like hex or base64.
    Raw,
    /// The text as WordPress stores it, with HTML entities, which are decoded first.
    HtmlEntities,
    /// Base64 after an optional `whsec_` (Standard Webhooks).
    Base64,
}

/// Why a list of secrets was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none.
    #[error("there is no secret")]
    None,
    /// One of them is empty: HMAC would take it, and anyone could sign.
    #[error("a secret is empty")]
    Empty,
    /// One of them is not of the form that the scheme needs.
    #[error("a secret is not of the form that the scheme needs")]
    Malformed,
}

/// What a tag is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    /// HMAC-SHA256 (RFC 2104) under the secret.
    HmacSha256,
    /// SHA-256 of the secret and the text behind it: no MAC (its tag can be extended), but HubSpot's v1 and v2.
    SecretThenSha256,
}

/// One secret, hashed as far as it can be without a message.
#[derive(Clone)]
enum Key {
    Hmac(Hmac<Sha256>),
    Prefix(Sha256),
}

/// At least one secret. Shows how many, never what they are.
#[derive(Clone)]
pub(super) struct Secrets(Vec<Key>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

fn bytes(text: &str, form: SecretForm) -> Result<Vec<u8>, SecretError> {
    let bytes = match form {
        SecretForm::Raw => text.as_bytes().to_vec(),
        SecretForm::HtmlEntities => entities::decode(text).into_bytes(),
        SecretForm::Base64 => {
            let encoded = text.strip_prefix("whsec_").unwrap_or(text);
            STANDARD.decode(encoded).map_err(|_| SecretError::Malformed)?
        }
    };
    if bytes.is_empty() { Err(SecretError::Empty) } else { Ok(bytes) }
}

impl Secrets {
    /// Reads secrets of one form, the current one first.
    pub fn new(texts: &[&str], form: SecretForm, digest: Digest) -> Result<Self, SecretError> {
        let key = |text: &&str| {
            let bytes = bytes(text, form)?;
            Ok(match digest {
                Digest::HmacSha256 => {
                    Key::Hmac(Hmac::new_from_slice(&bytes).map_err(|_| SecretError::Malformed)?)
                }
                Digest::SecretThenSha256 => Key::Prefix(Sha256::new_with_prefix(&bytes)),
            })
        };
        let keys: Vec<Key> = texts.iter().map(key).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SecretError::None) } else { Ok(Self(keys)) }
    }

    /// The tag of `parts` under the current secret.
    pub fn sign(&self, parts: &[&[u8]]) -> Option<Tag> {
        self.0.first().map(|key| key.tag(parts))
    }

    /// Whether one of `presented` is the tag of `parts` under one of the secrets. All are tried, in constant time, so
    /// that the time tells neither which secret it was nor how much of a tag was right.
    pub fn verify(&self, parts: &[&[u8]], presented: &[Tag]) -> bool {
        let mut found = Choice::from(0);
        for key in &self.0 {
            let expected = key.tag(parts);
            for tag in presented {
                found |= expected.ct_eq(tag);
            }
        }
        found.into()
    }
}

/// Secrets that are presented as they are: a user name with its password, a segment of a path. Only their digests are
/// kept, which also makes them equally long: the time of a comparison tells nothing of a length.
#[derive(Clone)]
pub(super) struct Credentials(Vec<Tag>);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.0.len())
    }
}

impl Credentials {
    /// Reads credentials, the current one first.
    pub fn new(texts: &[&str], form: SecretForm) -> Result<Self, SecretError> {
        let digest = |text: &&str| Ok(Sha256::digest(bytes(text, form)?).into());
        let digests: Vec<Tag> = texts.iter().map(digest).collect::<Result<_, _>>()?;
        if digests.is_empty() { Err(SecretError::None) } else { Ok(Self(digests)) }
    }

    /// Whether `presented` is one of them. All are tried, in constant time.
    pub fn contain(&self, presented: &[u8]) -> bool {
        let presented: Tag = Sha256::digest(presented).into();
        self.0.iter().fold(Choice::from(0), |found, known| found | known.ct_eq(&presented)).into()
    }
}

impl Key {
    fn tag(&self, parts: &[&[u8]]) -> Tag {
        match self {
            Self::Hmac(mac) => {
                let mut mac = mac.clone();
                parts.iter().for_each(|part| Mac::update(&mut mac, part));
                mac.finalize().into_bytes().into()
            }
            Self::Prefix(hash) => {
                let mut hash = hash.clone();
                parts.iter().for_each(|part| sha2::Digest::update(&mut hash, part));
                hash.finalize().into()
            }
        }
    }
}
