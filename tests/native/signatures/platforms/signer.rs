//! Keys that were generated for these tests, and signatures with them: authentic messages that must be refused.

use base64::{Engine, engine::general_purpose::STANDARD};
use p256::{
    ecdsa::{DerSignature, Signature as EcSignature, SigningKey as EcKey},
    pkcs8::EncodePublicKey,
};
use rsa::{
    PrivateKey,
    pkcs1v15::SigningKey,
    pkcs8::DecodePrivateKey,
    signature::{SignatureEncoding, Signer},
};
use sha1::Sha1;
use sha2::Sha256;
use signpost::marketplace::signature::public_key::PublicKey;

/// A certificate that is valid in November 2026.
pub const CERTIFICATE: &str = include_str!("keys/one_certificate.pem");
pub const OTHER_CERTIFICATE: &str = include_str!("keys/other_certificate.pem");
/// A public key with 1024 bits (RSA).
pub const WEAK_CERTIFICATE: &str = include_str!("keys/weak_certificate.pem");
/// A certificate with a key on P-256.
pub const EC_CERTIFICATE: &str = include_str!("keys/ec_certificate.pem");
pub const PUBLIC: &str = include_str!("keys/one_public.pem");
pub const OTHER_PUBLIC: &str = include_str!("keys/other_public.pem");
pub const WEAK_PUBLIC: &str = include_str!("keys/weak_public.pem");

fn rsa(pem: &str) -> PrivateKey {
    let encoded: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    PrivateKey::from_pkcs8_der(&STANDARD.decode(encoded).unwrap()).unwrap()
}

/// A signature with RSA and SHA-256, with the key of [`CERTIFICATE`] and [`PUBLIC`].
pub fn sha256(message: &[u8]) -> Vec<u8> {
    SigningKey::<Sha256>::new(rsa(include_str!("keys/one.pem"))).sign(message).to_vec()
}

/// The same signature with the other key.
pub fn other_sha256(message: &[u8]) -> Vec<u8> {
    SigningKey::<Sha256>::new(rsa(include_str!("keys/other.pem"))).sign(message).to_vec()
}

/// A signature with RSA and SHA-1.
pub fn sha1(message: &[u8]) -> Vec<u8> {
    SigningKey::<Sha1>::new(rsa(include_str!("keys/one.pem"))).sign(message).to_vec()
}

pub fn base64(signature: impl AsRef<[u8]>) -> String {
    STANDARD.encode(signature)
}

fn ec(number: u8) -> EcKey {
    EcKey::from_slice(&[number; 32]).unwrap()
}

/// The public key of the private key that is generated from a number.
pub fn ec_public(number: u8) -> PublicKey {
    let spki = ec(number).verifying_key().to_public_key_der().unwrap();
    PublicKey::from_spki(spki.as_bytes()).unwrap()
}

/// A signature with ECDSA and SHA-256, in DER.
pub fn ec_der(number: u8, message: &[u8]) -> Vec<u8> {
    let signature: DerSignature = ec(number).sign(message);
    signature.to_vec()
}

/// The same signature as `r` and `s` side by side.
pub fn ec_fixed(number: u8, message: &[u8]) -> Vec<u8> {
    let signature: EcSignature = ec(number).sign(message);
    signature.to_bytes().to_vec()
}
