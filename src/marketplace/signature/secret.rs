//! Shared secrets. Each is a list, so that a secret can be rotated without refusing valid callbacks.

use super::entities;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The length of a SHA-256 digest or MAC, in bytes.
pub(super) const TAG_BYTES: usize = 32;
/// A MAC or a digest.
pub(super) type Tag = [u8; TAG_BYTES];

/// How the text of a secret is converted to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretForm {
    /// The UTF-8 bytes of the text. Most vendors use this, even if a secret looks like hexadecimal or base64.
    Raw,
    /// The text as WordPress stores it. Its HTML entities are decoded first.
    HtmlEntities,
    /// Base64 after an optional prefix `whsec_` (Standard Webhooks).
    Base64,
}

/// A list of secrets cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The list is empty.
    #[error("there is no secret")]
    None,
    /// A secret is empty. HMAC would accept it, and anyone could sign with it.
    #[error("a secret is empty")]
    Empty,
    /// A secret does not have the form that the scheme needs.
    #[error("a secret does not have the form that the scheme needs")]
    Malformed,
}

/// The algorithm of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MacAlgorithm {
    /// HMAC-SHA256 (RFC 2104) under the secret.
    HmacSha256,
    /// SHA-256 of the secret followed by the text: HubSpot's v1 and v2. It is not a MAC, because it allows length
    /// extension.
    SecretThenSha256,
}

/// A secret with its hash state precomputed.
#[derive(Clone)]
enum Key {
    Hmac(Hmac<Sha256>),
    Prefix(Sha256),
}

/// At least one secret. `Debug` prints how many there are, never their values.
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
    /// Parses secrets of one form, the current one first.
    pub fn new(texts: &[&str], form: SecretForm, algorithm: MacAlgorithm) -> Result<Self, SecretError> {
        let key = |text: &&str| {
            let bytes = bytes(text, form)?;
            Ok(match algorithm {
                MacAlgorithm::HmacSha256 => {
                    Key::Hmac(Hmac::new_from_slice(&bytes).map_err(|_| SecretError::Malformed)?)
                }
                MacAlgorithm::SecretThenSha256 => Key::Prefix(Sha256::new_with_prefix(&bytes)),
            })
        };
        let keys: Vec<Key> = texts.iter().map(key).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SecretError::None) } else { Ok(Self(keys)) }
    }

    /// The tag of `parts` under the current secret.
    pub fn sign(&self, parts: &[&[u8]]) -> Option<Tag> {
        self.0.first().map(|key| key.tag(parts))
    }

    /// Whether one of `presented` is the tag of `parts` under one of the secrets. All are compared, in constant time,
    /// so the duration reveals neither which secret matched nor how much of a tag was correct.
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

/// Secrets that are sent in clear text, such as a password or a segment of a path. Only their digests are kept. Digests
/// have equal lengths, so the duration of a comparison does not reveal the length of a secret.
#[derive(Clone)]
pub(super) struct Credentials(Vec<Tag>);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.0.len())
    }
}

impl Credentials {
    /// Parses credentials, the current one first.
    pub fn new(texts: &[&str], form: SecretForm) -> Result<Self, SecretError> {
        let digest = |text: &&str| Ok(Sha256::digest(bytes(text, form)?).into());
        let digests: Vec<Tag> = texts.iter().map(digest).collect::<Result<_, _>>()?;
        if digests.is_empty() { Err(SecretError::None) } else { Ok(Self(digests)) }
    }

    /// Whether `presented` is one of the credentials. All are compared, in constant time.
    pub fn matches(&self, presented: &[u8]) -> bool {
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
                parts.iter().for_each(|part| Digest::update(&mut hash, part));
                hash.finalize().into()
            }
        }
    }
}
