//! Proof by a vendor's API: its response to a request with the operator's credentials, over TLS, to a constant host.

use super::{
    exchange::confirmed,
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
};
use crate::marketplace::vendor_api::VendorResponse;

/// The proof that a vendor's API confirmed what it was asked; its payload is the response. The caller must compare the
/// response with the callback.
pub fn polled(response: &VendorResponse) -> Result<Verified<'static>, Refusal> {
    confirmed(response.status)?;
    Ok(Verified::new(Evidence::ApiPoll, Payload::Json(response.body.clone().into_bytes())))
}
