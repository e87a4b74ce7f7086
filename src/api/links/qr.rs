//! QR codes of links.

use super::named;
use crate::{
    api::http::{call::Call, failure::Failure, message::Response, problems::Problem},
    documents::qr,
};

/// The signed link as it is printed.
fn address(call: &Call<'_>) -> Result<String, Problem> {
    call.query(&[])?;
    Ok(format!("{}/r/{}", call.request.base_url, named(call)?.token))
}

/// `GET /v1/links/{id}/qr.svg`
pub fn svg(call: &Call<'_>) -> Result<Response, Failure> {
    let svg = qr::svg(&address(call)?)?;
    // An SVG that is opened by itself is a document, so the policy forbids it everything that a picture does not need.
    Ok(Response::of_type("image/svg+xml", svg)
        .with_header("cache-control", "private, max-age=86400")
        .with_header("x-content-type-options", "nosniff")
        .with_header("content-security-policy", "default-src 'none'; frame-ancestors 'none'"))
}

/// `GET /v1/links/{id}/qr.png`
pub fn png(call: &Call<'_>) -> Result<Response, Failure> {
    let png = qr::png(&address(call)?)?;
    Ok(Response::of_bytes("image/png", png)
        .with_header("cache-control", "private, max-age=86400")
        .with_header("x-content-type-options", "nosniff"))
}
