//! Answers of a vendor's API as proofs. The call uses the operator's credentials, TLS, and an address that is
//! configured here, so the answer comes from the vendor.

use super::{
    exchange::confirmed,
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
};
use crate::marketplace::outgoing::Answered;

/// Turns a successful answer of a vendor's API into a proof, with the answer as its payload. The caller must check
/// that the answer is about the thing that it asked for.
pub fn polled(answered: &Answered) -> Result<Verified<'static>, Refusal> {
    confirmed(answered.status)?;
    Ok(Verified::new(Evidence::ApiPoll, Payload::Json(answered.body.clone().into_bytes())))
}
