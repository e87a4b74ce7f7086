//! The greeting of Adobe I/O Events: before it sends events to an address, it asks whether who lives there wants them.
//! Source: Adobe Developer, "Introduction to I/O Events webhooks", "The challenge request". Nothing is proven by it, so
//! there is no proof to be had: the answer repeats a word.

use crate::marketplace::signature::{callback::Callback, fields::Fields, refusal::Refusal};

/// Its name in vectors.
pub const NAME: &str = "adobe_io_events_challenge";

const PARAMETER: &str = "challenge";

/// The answer to a greeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting(String);

impl Greeting {
    /// HTTP status of the answer.
    pub const STATUS: u16 = 200;
    /// Its media type. Never HTML: what a stranger said is repeated.
    pub const MEDIA_TYPE: &'static str = "application/json";

    /// Its body. The word has no character that JSON would escape.
    #[must_use]
    pub fn body(&self) -> String {
        format!("{{\"{PARAMETER}\":\"{}\"}}", self.0)
    }
}

/// The answer to `callback`. Only words of `[A-Za-z0-9_-]{1,128}` are repeated; Adobe's are UUIDs.
pub fn answer(callback: &Callback<'_>) -> Result<Greeting, Refusal> {
    if callback.method != "GET" {
        return Err(Refusal::MissingParameter(PARAMETER));
    }
    let fields = Fields::of_query(callback)?;
    let word = fields.required(PARAMETER)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=128).contains(&word.len()) && word.bytes().all(plain) {
        Ok(Greeting(word.to_owned()))
    } else {
        Err(Refusal::MalformedParameters)
    }
}
