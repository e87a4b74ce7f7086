//! What AWS answers to signed requests of ours. They go to constant addresses over TLS, so an answer is AWS's word; and what
//! an error says decides who must act. AWS says all of it with status 400, so its name counts (AWS JSON 1.0 and 1.1
//! protocols, "operation error serialization").

use crate::marketplace::{
    signature::{
        refusal::Refusal,
        verified::{Evidence, Payload, Verified},
    },
    vendor_api::VendorResponse,
};

/// Names of errors that say no to what was asked, whoever asks.
const DECLINED: [&str; 4] =
    ["InvalidTokenException", "ExpiredTokenException", "ResourceNotFoundException", "ValidationException"];

/// Whether an answer is a yes; if not, whether it is a no, a sign that our keys may not ask, or nothing at all.
fn judge(answered: &VendorResponse) -> Result<(), Refusal> {
    match answered.status {
        200..=299 => return Ok(()),
        408 | 429 => return Err(Refusal::Unanswered),
        400..=499 => {}
        _ => return Err(Refusal::Unanswered),
    }
    let error: serde_json::Value = json::read(&answered.body).unwrap_or_default();
    let name = error.get("__type").and_then(serde_json::Value::as_str).unwrap_or_default();
    // `com.amazonaws.…#ThrottlingException`, in JSON 1.1 without the part in front.
    let name = name.rsplit_once('#').map_or(name, |(_, name)| name);
    Err(if DECLINED.contains(&name) {
        Refusal::Declined
    } else if name.is_empty() || name.starts_with("Throttling") || name.starts_with("Internal") {
        Refusal::Unanswered
    } else {
        Refusal::NotConfigured
    })
}

/// The proof that AWS answers hold; its payload is the bodies of `answers`, by the names that are given here.
pub fn aws_answers(
    answers: &[(&str, &VendorResponse)],
    evidence: Evidence,
) -> Result<Verified<'static>, Refusal> {
    let mut bodies = Vec::new();
    for (name, answered) in answers {
        judge(answered)?;
        bodies.push(((*name).to_owned(), answered.body.clone()));
    }
    Ok(Verified::new(evidence, Payload::Parameters(bodies)))
}
