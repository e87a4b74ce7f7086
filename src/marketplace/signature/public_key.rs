//! Public keys of vendors, and the signatures that are verified with them. Which algorithm a signature must have is said by
//! the scheme, never by the message: a key of one kind verifies nothing under an algorithm of another.
//!
//! Sources: RFC 8017 §8.2.2 (RSASSA-PKCS1-v1_5), FIPS 186-5 (ECDSA), RFC 5280 §4.1.2.7 (SubjectPublicKeyInfo), RFC 7518
//! §3.4, §6 (JWA: signatures and keys in JWTs).

use super::{asn1::Element, pem, refusal::Refusal, spki::KeyInfo};
use curves::{Mismatch, P256, P384};
use der::{
    Tag,
    asn1::{ObjectIdentifier, UintRef},
};
use rsa::{
    BoxedUint, PublicKey as RsaKey,
    pkcs1v15::{Signature as RsaSignature, VerifyingKey as RsaVerifyingKey},
    signature::Verifier as _,
    traits::PublicKeyParts,
};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};

/// RSA moduli that are taken, in bits: less is broken, and more costs too much.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=4096;

/// RFC 3279 §2.3.1: RSA.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480 §2.1.1: elliptic curves, and the names of two.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA.
    Rsa(RsaKey),
    /// ECDSA on P-256.
    P256(P256),
    /// ECDSA on P-384.
    P384(P384),
}

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-1: AWS SNS, version 1.
    RsaSha1,
    /// RSASSA-PKCS1-v1_5 with SHA-256; RS256 in JWTs.
    RsaSha256,
    /// ECDSA on P-256 with SHA-256, the two numbers side by side, 32 bytes each: ES256 in JWTs.
    Es256,
    /// The same in DER: Apple's postbacks, X.509.
    P256Sha256Der,
    /// ECDSA on P-384 with SHA-384, in DER: X.509.
    P384Sha384Der,
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of a kind and size that is taken here")]
pub struct KeyError;

impl PublicKey {
    /// The key of a DER-encoded SubjectPublicKeyInfo.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_info(Element::from_der(der).and_then(KeyInfo::read).ok_or(KeyError)?)
    }

    /// The key of one that was read.
    pub(super) fn from_info(info: KeyInfo<'_>) -> Result<Self, KeyError> {
        let (parameters, key) = (info.parameters.ok_or(KeyError)?, info.key.ok_or(KeyError)?);
        match info.algorithm {
            RSA if parameters.value(Tag::Null).is_some_and(<[u8]>::is_empty) => Self::from_pkcs1(key),
            EC => match parameters.read() {
                Some(SECP256R1) => P256::from_point(key).map(Self::P256).ok_or(KeyError),
                Some(SECP384R1) => P384::from_point(key).map(Self::P384).ok_or(KeyError),
                _ => Err(KeyError),
            },
            _ => Err(KeyError),
        }
    }

    /// The RSA key of a DER-encoded RSAPublicKey (RFC 8017 §A.1.1).
    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let (modulus, exponent) = two_numbers(der).ok_or(KeyError)?;
        Self::from_rsa_numbers(modulus, exponent)
    }

    /// The key of a PEM text (`-----BEGIN PUBLIC KEY-----`, RFC 7468 §13), alone in it.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_spki(&pem::decode(text, "PUBLIC KEY").ok_or(KeyError)?)
    }

    /// The RSA key of a modulus and an exponent, big-endian (RFC 7518 §6.3.1).
    pub fn from_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let number = |bytes: &[u8]| {
            let bits = u32::try_from(bytes.len()).ok()?.checked_mul(8)?;
            BoxedUint::from_be_slice(bytes, bits).ok()
        };
        let (modulus, exponent) = (number(modulus).ok_or(KeyError)?, number(exponent).ok_or(KeyError)?);
        Self::rsa(RsaKey::new(modulus, exponent).map_err(|_| KeyError)?)
    }

    /// The P-256 key of a point's two numbers, 32 bytes each (RFC 7518 §6.2.1).
    pub fn from_p256_numbers(x: &[u8; 32], y: &[u8; 32]) -> Result<Self, KeyError> {
        P256::from_numbers(x, y).map(Self::P256).ok_or(KeyError)
    }

    fn rsa(key: RsaKey) -> Result<Self, KeyError> {
        if RSA_BITS.contains(&key.n().bit_width()) { Ok(Self::Rsa(key)) } else { Err(KeyError) }
    }

    /// Verifies a signature of ECDSA's, in DER, over what has this hash, whichever curve the key is on.
    pub(super) fn verify_hash(&self, hash: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::P256(key) => curve(key.verify(hash, &side_by_side(signature, 32)?)),
            Self::P384(key) => curve(key.verify(hash, &side_by_side(signature, 48)?)),
            Self::Rsa(_) => Err(Refusal::WrongAlgorithm),
        }
    }

    /// Verifies a signature over `message`. A signature that is not of its documented form is `MalformedSignature`, one
    /// that does not match is `BadSignature`, and a key of another kind is `WrongAlgorithm`.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        match (self, algorithm) {
            (Self::Rsa(key), Algorithm::RsaSha1) => {
                let signature = rsa_signature(key, signature)?;
                RsaVerifyingKey::<Sha1>::new(key.clone())
                    .verify(message, &signature)
                    .map_err(|_| Refusal::BadSignature)
            }
            (Self::Rsa(key), Algorithm::RsaSha256) => {
                let signature = rsa_signature(key, signature)?;
                RsaVerifyingKey::<Sha256>::new(key.clone())
                    .verify(message, &signature)
                    .map_err(|_| Refusal::BadSignature)
            }
            (Self::P256(key), Algorithm::Es256) => curve(key.verify(&Sha256::digest(message), signature)),
            (Self::P256(_), Algorithm::P256Sha256Der) => {
                self.verify_hash(&Sha256::digest(message), signature)
            }
            (Self::P384(_), Algorithm::P384Sha384Der) => {
                self.verify_hash(&Sha384::digest(message), signature)
            }
            (Self::Rsa(_) | Self::P256(_) | Self::P384(_), _) => Err(Refusal::WrongAlgorithm),
        }
    }
}

fn curve(verified: Result<(), Mismatch>) -> Result<(), Refusal> {
    verified.map_err(|mismatch| match mismatch {
        Mismatch::Malformed => Refusal::MalformedSignature,
        Mismatch::Bad => Refusal::BadSignature,
    })
}

/// A DER-encoded sequence of two integers, neither of them negative.
fn two_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [first, second] = *Element::from_der(der)?.sequence()? else { return None };
    Some((first.read::<UintRef<'_>>()?.as_bytes(), second.read::<UintRef<'_>>()?.as_bytes()))
}

/// A signature of ECDSA's in DER (RFC 3279 §2.2.3) as its two numbers side by side, `width` bytes each.
fn side_by_side(der: &[u8], width: usize) -> Result<Vec<u8>, Refusal> {
    let (r, s) = two_numbers(der).ok_or(Refusal::MalformedSignature)?;
    let mut numbers = Vec::new();
    for number in [r, s] {
        let padding = width.checked_sub(number.len()).ok_or(Refusal::MalformedSignature)?;
        numbers.extend(std::iter::repeat_n(0, padding));
        numbers.extend_from_slice(number);
    }
    Ok(numbers)
}

/// A signature is as long as the modulus (RFC 8017 §8.2.2, step 1).
fn rsa_signature(key: &RsaKey, signature: &[u8]) -> Result<RsaSignature, Refusal> {
    if signature.len() != key.size() {
        return Err(Refusal::MalformedSignature);
    }
    RsaSignature::try_from(signature).map_err(|_| Refusal::MalformedSignature)
}
