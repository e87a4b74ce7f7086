//! Signed envelopes: one field that contains a JSON text and its MAC, both in base64, separated by a dot.
//!
//! Neither of the two vendors' envelopes has a reliable time (Salesforce calls `issuedAt` "for internal use only",
//! and real values are negative). So an envelope never expires, and its MAC must be remembered for ever to detect
//! replays.

use super::{
    callback::Callback,
    claims,
    encoding::Encoding,
    fields::Fields,
    refusal::Refusal,
    secret::Secrets,
    verified::{Evidence, FOREVER, Payload, Verified},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

/// A kind of signed envelope.
#[derive(Debug, Clone, Copy)]
pub(super) enum EnvelopeRule {
    /// `base64(MAC) "." base64(JSON)` in the form field `signed_request`. The MAC covers the base64 text of the JSON,
    /// which names the algorithm. Source: Salesforce, "Verifying and Decoding a Signed Request" (Canvas).
    Canvas,
    /// `base64(JSON) "." base64(hex(MAC))` in the parameter `signed_payload`. The MAC covers the JSON. Source:
    /// BigCommerce's Python client, `oauth_verify_payload`.
    BigCommerceLegacy,
}

/// The only algorithm of Canvas. Salesforce's own SDK uses the algorithm that the envelope names.
const CANVAS_ALGORITHM: &str = "HMACSHA256";

#[derive(Deserialize)]
struct CanvasHead {
    algorithm: String,
}

fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    // A `+` that the sender did not escape has become a space, which is not base64.
    STANDARD.decode(text).map_err(|_| Refusal::MalformedSignature)
}

impl EnvelopeRule {
    fn field(self) -> &'static str {
        match self {
            Self::Canvas => "signed_request",
            Self::BigCommerceLegacy => "signed_payload",
        }
    }

    /// Applies the rule of the scheme with this name.
    pub fn verify<'a>(
        self,
        name: &str,
        callback: &Callback<'a>,
        secrets: &Secrets,
    ) -> Result<Verified<'a>, Refusal> {
        let fields = Fields::of(callback)?;
        let envelope = fields.required(self.field())?;
        let (first, second) = envelope.split_once('.').ok_or(Refusal::MalformedSignature)?;
        if first.is_empty() || second.is_empty() {
            return Err(Refusal::MalformedSignature);
        }
        let (json, tag) = match self {
            Self::Canvas => {
                let tag = Encoding::Base64.decode(first.as_bytes())?;
                if !secrets.verify(&[second.as_bytes()], &[tag]) {
                    return Err(Refusal::BadSignature);
                }
                let json = STANDARD.decode(second).map_err(|_| Refusal::MalformedClaims)?;
                let head: CanvasHead = claims::object(&json).ok_or(Refusal::MalformedClaims)?;
                if head.algorithm != CANVAS_ALGORITHM {
                    return Err(Refusal::WrongAlgorithm);
                }
                (json, tag)
            }
            Self::BigCommerceLegacy => {
                let json = decode(first)?;
                let tag = Encoding::Hex.decode(&decode(second)?)?;
                if !secrets.verify(&[&json], &[tag]) {
                    return Err(Refusal::BadSignature);
                }
                (json, tag)
            }
        };
        Ok(Verified::new(Evidence::Signed, Payload::Json(json)).once(name, &tag, FOREVER))
    }
}
