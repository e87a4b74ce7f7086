//! The challenge of Adobe I/O Events, which registers a webhook address: the response must repeat the challenge.
//! Source: Adobe Developer, "Introduction to I/O Events webhooks", "The challenge request". A challenge is not
//! authenticated, so there is no proof.

use crate::marketplace::signature::{callback::Callback, fields::Fields, refusal::Refusal};

/// Its name in vectors.
pub const NAME: &str = "adobe_io_events_challenge";

const PARAMETER: &str = "challenge";

/// The response to a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeResponse(String);

impl ChallengeResponse {
    /// The HTTP status.
    pub const STATUS: u16 = 200;
    /// The media type. It must not be HTML, because the body repeats unverified input.
    pub const MEDIA_TYPE: &'static str = "application/json";

    /// The body. The challenge has no characters that JSON would escape.
    #[must_use]
    pub fn body(&self) -> String {
        format!("{{\"{PARAMETER}\":\"{}\"}}", self.0)
    }
}

/// The response to `callback`. Only challenges of the form `[A-Za-z0-9_-]{1,128}` are repeated; Adobe's are UUIDs.
pub fn answer(callback: &Callback<'_>) -> Result<ChallengeResponse, Refusal> {
    if callback.method != "GET" {
        return Err(Refusal::MissingParameter(PARAMETER));
    }
    let fields = Fields::of_query(callback)?;
    let challenge = fields.required(PARAMETER)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=128).contains(&challenge.len()) && challenge.bytes().all(plain) {
        Ok(ChallengeResponse(challenge.to_owned()))
    } else {
        Err(Refusal::MalformedParameters)
    }
}
