//! The word of a vendor's API: what it answers to a call with the operator's credentials, over TLS, at an address of ours.

use super::{
    exchange::confirmed,
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
};
use crate::marketplace::outgoing::Answered;

/// The proof that a vendor's API said yes; its payload is what it said. Of what, is for the caller to compare: an answer
/// speaks of nothing but what was asked.
pub fn polled(answered: &Answered) -> Result<Verified<'static>, Refusal> {
    confirmed(answered.status)?;
    Ok(Verified::new(Evidence::ApiPoll, Payload::Json(answered.body.clone().into_bytes())))
}
