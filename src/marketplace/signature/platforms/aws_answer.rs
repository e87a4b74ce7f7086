//! AWS's answers to our signed requests. The requests go to hard-coded addresses over TLS, so an answer comes from
//! AWS. The name of an error decides who must act, because the status of all errors is 400 (AWS JSON 1.0 and 1.1
//! protocols, "operation error serialization").

use crate::marketplace::{
    signature::{
        refusal::Refusal,
        verified::{Evidence, Payload, Verified},
    },
    vendor_api::VendorResponse,
};

/// Names of errors that reject the request itself, whoever sends it.
const DECLINED: [&str; 4] =
    ["InvalidTokenException", "ExpiredTokenException", "ResourceNotFoundException", "ValidationException"];

/// Checks an answer. An error means that AWS rejected the request, that our keys lack the permission, or that the
/// request may be retried.
fn check(answered: &VendorResponse) -> Result<(), Refusal> {
    match answered.status {
        200..=299 => return Ok(()),
        408 | 429 => return Err(Refusal::Unanswered),
        400..=499 => {}
        _ => return Err(Refusal::Unanswered),
    }
    let error: serde_json::Value = strict_json::from_str(&answered.body).unwrap_or_default();
    let name = error.get("__type").and_then(serde_json::Value::as_str).unwrap_or_default();
    // `com.amazonaws.…#ThrottlingException`; JSON 1.1 has no prefix.
    let name = name.rsplit_once('#').map_or(name, |(_, name)| name);
    Err(if DECLINED.contains(&name) {
        Refusal::Declined
    } else if name.is_empty() || name.starts_with("Throttling") || name.starts_with("Internal") {
        Refusal::Unanswered
    } else {
        Refusal::NotConfigured
    })
}

/// Turns successful answers of AWS into a proof. Its payload contains the bodies of `answers`, by the given names.
pub fn aws_answers(
    answers: &[(&str, &VendorResponse)],
    evidence: Evidence,
) -> Result<Verified<'static>, Refusal> {
    let mut bodies = Vec::new();
    for (name, answered) in answers {
        check(answered)?;
        bodies.push(((*name).to_owned(), answered.body.clone()));
    }
    Ok(Verified::new(evidence, Payload::Parameters(bodies)))
}
