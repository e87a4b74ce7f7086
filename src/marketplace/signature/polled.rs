//! Answers of a vendor's API as proofs. The call uses the operator's credentials, TLS, and an address that is
//! configured here, so the answer comes from the vendor.

use super::{
    exchange::confirmed,
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
};
use crate::marketplace::vendor_api::VendorResponse;

/// Turns a successful answer of a vendor's API into a proof, with the answer as its payload. The caller must check
/// that the answer is about the thing that it asked for.
pub fn polled(response: &VendorResponse) -> Result<Verified<'static>, Refusal> {
    confirmed(response.status)?;
    Ok(Verified::new(Evidence::ApiPoll, Payload::Json(response.body.clone().into_bytes())))
}
