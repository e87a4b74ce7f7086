//! `POST /v1/conversions`.

use super::{
    super::http::{call::Call, failure::Failure, message::Response},
    request::{NewConversion, check},
};
use crate::ledger::conversions::accept::{Accepted, Submitted, submit};

/// The response that reports an accepted conversion.
pub fn accepted(accepted: Accepted) -> Response {
    let location = format!("/v1/conversions/{}", accepted.id);
    Response::json(201, accepted.json).with_header("location", location)
}

/// `POST /v1/conversions`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewConversion = call.body()?;
    let reported = check(call.tx, body)?;
    Ok(match submit(call.tx, reported)? {
        Submitted::Accepted(conversion) => accepted(conversion),
        Submitted::Replayed(json) => Response::replayed(json),
    })
}
