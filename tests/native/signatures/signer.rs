//! Signs requests that are not in the vectors: authentic ones that must be refused.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{Parameters, Refusal, Scheme, Verifier},
};
use vectors::vector::Request;

pub const SECRET: &str = "a secret of the tests";
pub const AUDIENCE: &str = "client-1";
pub const ORGANIZATION: &str = "00Dxx0000001gPLEAY";
/// 2026-11-01T00:00:00Z.
pub const NOW_S: i64 = 1_793_491_200;

pub fn mac(message: impl AsRef<[u8]>) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

pub fn base64(message: impl AsRef<[u8]>) -> String {
    STANDARD.encode(mac(message))
}

pub fn hex(message: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(&mac(message))
}

/// HubSpot's v1 and v2.
pub fn hash(message: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(format!("{SECRET}{message}")))
}

pub fn jwt(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let tag = URL_SAFE_NO_PAD.encode(mac(&signed));
    format!("{signed}.{tag}")
}

pub fn get(url: &str) -> Request {
    Request { method: "GET".to_owned(), url: url.to_owned(), headers: Vec::new(), body: Vec::new() }
}

pub fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Request { method: "POST".to_owned(), url: url.to_owned(), headers, body: body.as_bytes().to_vec() }
}

pub fn parameters() -> Parameters {
    Parameters {
        audiences: vec![AUDIENCE.to_owned()],
        organization_ids: vec![ORGANIZATION.to_owned()],
        allow_legacy: true,
        ..Parameters::default()
    }
}

pub fn verifier(scheme: Scheme) -> Verifier {
    let secret = if scheme == Scheme::DigitaloceanBasicAuth { "acme:a secret" } else { SECRET };
    Verifier::new(scheme, &[secret], parameters()).unwrap()
}

pub fn now() -> Timestamp {
    Timestamp::from_ms(NOW_S * 1000).unwrap()
}

pub fn verify_request(scheme: Scheme, request: &Request) -> Result<(), Refusal> {
    request.callback(|callback| verifier(scheme).verify(callback, now()).map(drop))
}
