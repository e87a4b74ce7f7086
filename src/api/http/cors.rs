//! Cross-origin requests of browsers (Fetch Standard, "CORS protocol"). Pages of registered origins may read responses; every
//! other page gets the response without the headers that let it read it.

use super::{
    message::{Request, Response},
    problems::{Code, Problem},
};
use crate::store::{Sql, SqlError, programme::origins};

/// Names the origin whose pages may read the response.
pub const ALLOW_ORIGIN: &str = "access-control-allow-origin";
/// Names the headers that they may read.
pub const EXPOSE_HEADERS: &str = "access-control-expose-headers";
/// Says that the response depends on a header of the request.
pub const VARY: &str = "vary";

/// The headers that a page may send.
pub const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, if-none-match";
/// The headers that a page may read besides the simple ones.
const RESPONSE_HEADERS: &str = "etag, location, idempotent-replayed, x-request-id, signpost-complete-through, \
                                signpost-next-cursor, signpost-total, retry-after, ratelimit, ratelimit-policy";
/// How long a browser may keep the response to a preflight, in seconds.
pub const MAX_AGE_S: &str = "600";

/// Adds the headers that let a page of a registered origin read the response.
pub fn expose(sql: &dyn Sql, request: &Request<'_>, response: Response) -> Result<Response, SqlError> {
    let Some(origin) = request.origin else { return Ok(response) };
    if !origins::is_registered(sql, origin)? {
        return Ok(response);
    }
    // The platform keeps one value of each header, so what the response varies by already is named too.
    let varies = response.header(VARY).map(|by| format!("{by}, origin"));
    let mut exposed = exposing(origin)
        .into_iter()
        .fold(response, |response, (name, value)| response.with_header(name, value));
    if let Some(varies) = varies {
        exposed.headers.retain(|(name, _)| *name != VARY);
        exposed = exposed.with_header(VARY, varies);
    }
    Ok(exposed)
}

/// The headers that let pages of `origin` read a response.
#[must_use]
pub fn exposing(origin: &str) -> [(&'static str, String); 3] {
    [
        (ALLOW_ORIGIN, origin.to_owned()),
        (EXPOSE_HEADERS, RESPONSE_HEADERS.to_owned()),
        (VARY, "origin".to_owned()),
    ]
}

/// The refusal of an origin that is not registered for what the request wants.
#[must_use]
pub fn refused() -> Problem {
    let detail = "Register the page's origin: in the programme's \"cors_origins\", in the partner's \"origins\", or with the \
                  publishable key or token that the request carries.";
    Problem::new(Code::OriginRefused, detail)
}

/// The response to a preflight: `methods` may be sent to its path.
pub fn preflight(sql: &dyn Sql, request: &Request<'_>, methods: &str) -> Result<Response, Problem> {
    match request.origin {
        Some(origin) if origins::is_registered(sql, origin)? => Ok(Response::empty(204)
            .with_header("access-control-allow-methods", methods)
            .with_header("access-control-allow-headers", REQUEST_HEADERS)
            .with_header("access-control-max-age", MAX_AGE_S)),
        Some(_) | None => Err(refused()),
    }
}
