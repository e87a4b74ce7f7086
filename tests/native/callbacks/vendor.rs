//! A fake vendor that signs with its own key and publishes the public half. The keys were generated for these tests and
//! are used nowhere else.

use super::fake_vendor::DocumentRequest;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rsa::{
    PrivateKey,
    pkcs1v15::SigningKey,
    pkcs8::DecodePrivateKey,
    signature::{SignatureEncoding, Signer},
    traits::PublicKeyParts,
};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use signpost::marketplace::vendor_api::Document;

/// The public half of the vendor's key, and that of another one.
pub(crate) const PUBLIC: &str = include_str!("../signatures/platforms/keys/one_public.pem");
pub(crate) const OTHER_PUBLIC: &str = include_str!("../signatures/platforms/keys/other_public.pem");
/// The private halves.
pub(crate) const KEY: &str = include_str!("../signatures/platforms/keys/one.pem");
pub(crate) const OTHER_KEY: &str = include_str!("../signatures/platforms/keys/other.pem");

fn rsa(pem: &str) -> PrivateKey {
    let encoded: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    PrivateKey::from_pkcs8_der(&STANDARD.decode(encoded).unwrap()).unwrap()
}

/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(crate) fn sign(pem: &str, message: &[u8]) -> Vec<u8> {
    SigningKey::<Sha256>::new(rsa(pem)).sign(message).to_vec()
}

/// A compact JWS, RS256, whose header names the key.
pub(crate) fn token(pem: &str, kid: &str, claims: &Json) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": kid}).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(sign(pem, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A JWK set of keys by their ids.
pub(crate) fn jwks(keys: &[(&str, &str)]) -> String {
    let jwk = |(kid, pem): &(&str, &str)| {
        let public = rsa(pem).to_public_key();
        let number = |value: Box<[u8]>| URL_SAFE_NO_PAD.encode(value);
        json!({"kty": "RSA", "use": "sig", "kid": kid, "n": number(public.n_bytes()), "e": number(public.e_bytes())})
    };
    json!({"keys": keys.iter().map(jwk).collect::<Vec<_>>()}).to_string()
}

/// A document as it is published.
pub(crate) fn document(request: &DocumentRequest, text: Option<String>) -> Document {
    Document { text, absent: false, newest: request.newer }
}
