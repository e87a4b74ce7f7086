//! Keys of the tests, made for them and used nowhere else, and signatures with them: messages that are authentic and must
//! be refused all the same.

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

/// Valid in November 2026.
pub const CERTIFICATE: &str = include_str!("keys/one_certificate.pem");
pub const OTHER_CERTIFICATE: &str = include_str!("keys/other_certificate.pem");
/// RSA with 1024 bits.
pub const WEAK_CERTIFICATE: &str = include_str!("keys/weak_certificate.pem");
/// P-256.
pub const EC_CERTIFICATE: &str = include_str!("keys/ec_certificate.pem");
pub const PUBLIC: &str = include_str!("keys/one_public.pem");
pub const OTHER_PUBLIC: &str = include_str!("keys/other_public.pem");
pub const WEAK_PUBLIC: &str = include_str!("keys/weak_public.pem");

fn rsa(pem: &str) -> PrivateKey {
    let encoded: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    PrivateKey::from_pkcs8_der(&STANDARD.decode(encoded).unwrap()).unwrap()
}

/// RSA with SHA-256, under the key of [`CERTIFICATE`] and [`PUBLIC`].
pub fn sha256(message: &[u8]) -> Vec<u8> {
    SigningKey::<Sha256>::new(rsa(include_str!("keys/one.pem"))).sign(message).to_vec()
}

/// The same under the other key.
pub fn other_sha256(message: &[u8]) -> Vec<u8> {
    SigningKey::<Sha256>::new(rsa(include_str!("keys/other.pem"))).sign(message).to_vec()
}

/// RSA with SHA-1.
pub fn sha1(message: &[u8]) -> Vec<u8> {
    SigningKey::<Sha1>::new(rsa(include_str!("keys/one.pem"))).sign(message).to_vec()
}

pub fn base64(signature: impl AsRef<[u8]>) -> String {
    STANDARD.encode(signature)
}

fn ec(number: u8) -> EcKey {
    EcKey::from_slice(&[number; 32]).unwrap()
}

/// The public key that belongs to a number.
pub fn ec_public(number: u8) -> PublicKey {
    let spki = ec(number).verifying_key().to_public_key_der().unwrap();
    PublicKey::from_spki(spki.as_bytes()).unwrap()
}

/// ECDSA with SHA-256, in DER.
pub fn ec_der(number: u8, message: &[u8]) -> Vec<u8> {
    let signature: DerSignature = ec(number).sign(message);
    signature.to_vec()
}

/// The same as two numbers.
pub fn ec_fixed(number: u8, message: &[u8]) -> Vec<u8> {
    let signature: EcSignature = ec(number).sign(message);
    signature.to_bytes().to_vec()
}
