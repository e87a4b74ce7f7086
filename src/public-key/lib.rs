//! Vendors' public keys, and signature verification with them. The scheme chooses the algorithm, never the message: a
//! key of one kind does not verify a signature of another.
//!
//! Sources: RFC 8017 §8.2.2 (RSASSA-PKCS1-v1_5), FIPS 186-5 (ECDSA), RFC 5280 §4.1.2.7 (SubjectPublicKeyInfo), RFC 7518
//! §3.4, §6 (JWA: signatures and keys in JWTs).
//!
//! This is a crate of its own, because it is compiled for speed and the rest of the Worker for size (Cargo.toml).

// A panic would abort the WebAssembly instance that serves other requests too.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{
    BoxedUint, PublicKey as RsaKey,
    pkcs1v15::{Signature as RsaSignature, VerifyingKey as RsaVerifyingKey},
    signature::Verifier as _,
    traits::PublicKeyParts,
};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};
use x509_cert::{
    der::{
        Decode,
        oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1},
    },
    spki::SubjectPublicKeyInfoRef,
};

/// Accepted RSA moduli, in bits: shorter ones are insecure, and longer ones cost too much to verify.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=4096;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA.
    Rsa(RsaKey),
    /// ECDSA on P-256.
    P256(p256::ecdsa::VerifyingKey),
    /// ECDSA on P-384.
    P384(p384::ecdsa::VerifyingKey),
}

/// A signature algorithm together with the encoding of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-1: AWS SNS, version 1.
    RsaSha1,
    /// RSASSA-PKCS1-v1_5 with SHA-256; RS256 in JWTs.
    RsaSha256,
    /// ECDSA on P-256 with SHA-256. The signature is `r` and `s`, 32 bytes each: ES256 in JWTs.
    Es256,
    /// ECDSA on P-256 with SHA-256. The signature is DER: Apple's postbacks, X.509.
    P256Sha256Der,
    /// ECDSA on P-384 with SHA-384. The signature is DER: X.509.
    P384Sha384Der,
}

/// A key cannot be used: it is malformed, or its kind or size is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of an accepted kind and size")]
pub struct KeyError;

/// The reason that a signature was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The signature has a wrong encoding.
    #[error("the signature is malformed")]
    MalformedSignature,
    /// The signature does not match.
    #[error("the signature does not match")]
    BadSignature,
    /// The key is of another kind than the algorithm.
    #[error("the key is of another kind than the algorithm")]
    WrongAlgorithm,
}

impl PublicKey {
    /// Parses a DER-encoded SubjectPublicKeyInfo.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        Self::try_from(SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError)?)
    }

    /// Builds an RSA key from its big-endian modulus and exponent (RFC 7518 §6.3.1).
    pub fn from_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let number = |bytes: &[u8]| {
            let bits = u32::try_from(bytes.len()).ok()?.checked_mul(8)?;
            BoxedUint::from_be_slice(bytes, bits).ok()
        };
        let (modulus, exponent) = (number(modulus).ok_or(KeyError)?, number(exponent).ok_or(KeyError)?);
        Self::rsa(RsaKey::new(modulus, exponent).map_err(|_| KeyError)?)
    }

    /// Builds a P-256 key from the coordinates of its point, 32 bytes each (RFC 7518 §6.2.1).
    pub fn from_p256_coordinates(x: &[u8; 32], y: &[u8; 32]) -> Result<Self, KeyError> {
        let point = p256::Sec1Point::from_affine_coordinates(x.into(), y.into(), false);
        p256::ecdsa::VerifyingKey::from_sec1_point(&point).map(Self::P256).map_err(|_| KeyError)
    }

    fn rsa(key: RsaKey) -> Result<Self, KeyError> {
        if RSA_BITS.contains(&key.n().bit_width()) { Ok(Self::Rsa(key)) } else { Err(KeyError) }
    }

    /// Verifies a DER-encoded ECDSA signature over a message with this hash, on whichever curve the key is.
    pub fn verify_hash(&self, hash: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        match self {
            Self::P256(key) => verify_ecdsa(key, hash, p256::ecdsa::Signature::from_der(signature)),
            Self::P384(key) => verify_ecdsa(key, hash, p384::ecdsa::Signature::from_der(signature)),
            Self::Rsa(_) => Err(VerifyError::WrongAlgorithm),
        }
    }

    /// Verifies a signature over `message`.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        match (self, algorithm) {
            (Self::Rsa(key), Algorithm::RsaSha1) => {
                let signature = rsa_signature(key, signature)?;
                RsaVerifyingKey::<Sha1>::new(key.clone())
                    .verify(message, &signature)
                    .map_err(|_| VerifyError::BadSignature)
            }
            (Self::Rsa(key), Algorithm::RsaSha256) => {
                let signature = rsa_signature(key, signature)?;
                RsaVerifyingKey::<Sha256>::new(key.clone())
                    .verify(message, &signature)
                    .map_err(|_| VerifyError::BadSignature)
            }
            (Self::P256(key), Algorithm::Es256) => {
                verify_ecdsa(key, &Sha256::digest(message), p256::ecdsa::Signature::from_slice(signature))
            }
            (Self::P256(_), Algorithm::P256Sha256Der) => {
                self.verify_hash(&Sha256::digest(message), signature)
            }
            (Self::P384(_), Algorithm::P384Sha384Der) => {
                self.verify_hash(&Sha384::digest(message), signature)
            }
            (Self::Rsa(_) | Self::P256(_) | Self::P384(_), _) => Err(VerifyError::WrongAlgorithm),
        }
    }
}

impl TryFrom<SubjectPublicKeyInfoRef<'_>> for PublicKey {
    type Error = KeyError;

    fn try_from(info: SubjectPublicKeyInfoRef<'_>) -> Result<Self, KeyError> {
        // The algorithm is checked here because the `rsa` crate also accepts keys for RSASSA-PSS.
        match info.algorithm.oids() {
            Ok((RSA_ENCRYPTION, None)) => Self::rsa(info.try_into().map_err(|_| KeyError)?),
            Ok((ID_EC_PUBLIC_KEY, Some(SECP_256_R_1))) => {
                info.try_into().map(Self::P256).map_err(|_| KeyError)
            }
            Ok((ID_EC_PUBLIC_KEY, Some(SECP_384_R_1))) => {
                info.try_into().map(Self::P384).map_err(|_| KeyError)
            }
            _ => Err(KeyError),
        }
    }
}

/// Verifies a parsed ECDSA signature over a message with this hash.
fn verify_ecdsa<S>(
    key: &impl PrehashVerifier<S>,
    hash: &[u8],
    signature: Result<S, p256::ecdsa::Error>,
) -> Result<(), VerifyError> {
    let signature = signature.map_err(|_| VerifyError::MalformedSignature)?;
    key.verify_prehash(hash, &signature).map_err(|_| VerifyError::BadSignature)
}

/// Parses an RSA signature, which is as long as the modulus (RFC 8017 §8.2.2, step 1).
fn rsa_signature(key: &RsaKey, signature: &[u8]) -> Result<RsaSignature, VerifyError> {
    if signature.len() != key.size() {
        return Err(VerifyError::MalformedSignature);
    }
    RsaSignature::try_from(signature).map_err(|_| VerifyError::MalformedSignature)
}
