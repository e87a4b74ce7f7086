//! Verified callbacks that could not be read. They are kept as they came, together with their proof, so that they can be
//! read again by a later version or under other settings. The signature is not verified a second time: it would be too
//! old by then.

use super::{
    adapter::{CallbackContext, Proof},
    signature::{KeptProof, Verified},
    vendor_api::{VendorResponse, VendorResponses},
};
use crate::domain::values::digest::sha256_hex;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// The maximum length of a reason in bytes.
const MAX_REASON_BYTES: usize = 500;

/// Headers that are not kept: they hold credentials, or identify a visitor. No adapter reads them after verification.
const LEFT_OUT: [&str; 4] = ["authorization", "cookie", "forwarded", "user-agent"];
/// Prefixes of such headers.
const LEFT_OUT_PREFIXES: [&str; 4] = ["cf-", "x-forwarded-", "x-real-", "true-client-"];

/// A verified callback that could not be read, wholly or in part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCallback {
    /// The name of its kind.
    pub kind: String,
    /// Why it could not be read. It quotes nothing from the callback but the names of fields.
    pub reason: String,
    /// SHA-256 of what the vendor sent, hexadecimal: a redelivery is the same callback.
    pub digest: String,
    /// The callback as it came.
    pub message: KeptMessage,
}

impl std::fmt::Debug for KeptCallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeptCallback({}: {})", self.digest, self.reason)
    }
}

/// A callback as it came, with its proof. It may hold personal data and secrets, so it is stored sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMessage {
    method: String,
    url: String,
    rest: String,
    headers: Vec<(String, String)>,
    /// In base64.
    body: String,
    proof: KeptProof,
    responses: Vec<(String, u16, String)>,
}

/// A callback that was kept, decoded.
pub struct Reopened {
    message: KeptMessage,
    body: Vec<u8>,
}

impl KeptMessage {
    /// Decodes it; `None` if its body is not base64.
    #[must_use]
    pub fn reopen(self) -> Option<Reopened> {
        let body = STANDARD.decode(&self.body).ok()?;
        Some(Reopened { message: self, body })
    }
}

impl Reopened {
    /// Method, URL, the rest of the path after the kind, and body.
    #[must_use]
    pub fn request(&self) -> (&str, &str, &str, &[u8]) {
        (&self.message.method, &self.message.url, &self.message.rest, &self.body)
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> Vec<(&str, &str)> {
        self.message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Its proof; `None` if it is damaged.
    #[must_use]
    pub fn proof(&self) -> Option<Proof<'_>> {
        let mut responses = VendorResponses::default();
        for (name, status, body) in &self.message.responses {
            responses.insert(name.clone(), VendorResponse { status: *status, body: body.clone() });
        }
        Some(Proof { verified: Verified::restored(&self.message.proof, &self.body)?, responses })
    }
}

/// What a callback is recognised by when it comes again: everything that its vendor chose.
#[must_use]
pub fn digest(context: &CallbackContext<'_>) -> String {
    let (_, query) = context.address();
    let named = [&context.listing.id, context.kind.name, context.callback.method, context.rest, query];
    let mut text = named.join("\0").into_bytes();
    text.push(0);
    text.extend_from_slice(context.callback.body);
    sha256_hex(&text)
}

/// Keeps a callback, because of `reason`. If the events of a part of it are written, its token is used up by them
/// (`is_in_part`).
#[must_use]
pub fn keep(
    proof: &Proof<'_>,
    context: &CallbackContext<'_>,
    reason: &str,
    is_in_part: bool,
) -> KeptCallback {
    let is_kept = |(name, _): &&(&str, &str)| {
        let name = name.to_ascii_lowercase();
        !LEFT_OUT.contains(&name.as_str()) && !LEFT_OUT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let headers = context.callback.headers.iter().filter(is_kept);
    let responses = proof.responses.iter();
    KeptCallback {
        kind: context.kind.name.to_owned(),
        reason: reason.get(..reason.floor_char_boundary(MAX_REASON_BYTES)).unwrap_or_default().to_owned(),
        digest: digest(context),
        message: KeptMessage {
            method: context.callback.method.to_owned(),
            url: context.callback.url.to_owned(),
            rest: context.rest.to_owned(),
            headers: headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: STANDARD.encode(context.callback.body),
            proof: proof.verified.kept(context.callback.body, !is_in_part),
            responses: responses.map(|(name, it)| (name.clone(), it.status, it.body.clone())).collect(),
        },
    }
}
