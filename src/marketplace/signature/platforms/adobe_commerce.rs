//! Webhooks of a merchant's Adobe Commerce: RSA (PKCS #1 v1.5, SHA-256) over the base64 text of the raw body. Source:
//! Adobe Developer, "Commerce webhooks: signature verification"; its text says HMAC, but its code verifies with a
//! public key.
//!
//! Each merchant has its own key pair, and the operator copies the public key from its Admin, so the key identifies the
//! sender. The message has no signed time and no recipient, so its effects must be idempotent.

use crate::marketplace::signature::{
    callback::Callback,
    encoding::signature,
    public_key::{Algorithm, PublicKey},
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
};
use base64::{Engine, engine::general_purpose::STANDARD};

const HEADER: &str = "x-adobe-commerce-webhook-signature";

/// The operator's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdobeCommerce {
    /// The merchant's public keys, the current one first.
    pub keys: Vec<PublicKey>,
}

impl AdobeCommerce {
    pub(super) fn verify<'a>(&self, callback: &Callback<'a>) -> Result<Verified<'a>, Refusal> {
        let signature = signature(callback.required_header(HEADER)?)?;
        let text = STANDARD.encode(callback.body);
        let mut refusal = Refusal::NotConfigured;
        for key in &self.keys {
            match key.verify(Algorithm::RsaSha256, text.as_bytes(), &signature) {
                Ok(()) => return Ok(Verified::new(Evidence::Signed, Payload::Body(callback.body))),
                Err(found) => refusal = found.into(),
            }
        }
        Err(refusal)
    }
}
