//! The static assets: the contract as OpenAPI, and the pages of the documentation. `cargo xtask build` writes them, so that
//! they do not add to the size of the Worker.

use super::http::{self, Refusal};
use super::rpc::Stores;
use crate::api::http::{
    cors::{ALLOW_ORIGIN, EXPOSE_HEADERS, MAX_AGE_S, REQUEST_HEADERS},
    problems::{Code, Problem},
};
use worker::{Error, Headers, Method, Request, RequestInit, Response, ResponseBuilder, Result};

/// The policy of the pages. They have one style sheet and one script of their own, and load nothing else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";
/// The methods that assets have.
const METHODS: &str = "GET, HEAD, OPTIONS";
const HTML: &str = "text/html; charset=utf-8";

/// Returns the file and the media type of the asset at a public path. Pages have no extension in their address.
fn asset(path: &str) -> Option<(String, &'static str)> {
    let file = match path {
        "/openapi.json" => return Some(("openapi.json".to_owned(), "application/json")),
        "/docs" | "/docs/" => return Some(("docs.html".to_owned(), HTML)),
        _ => path.strip_prefix("/docs/")?,
    };
    if let Some(name) = file.strip_suffix(".css").filter(|name| is_name(name)) {
        return Some((format!("docs/{name}.css"), "text/css; charset=utf-8"));
    }
    if let Some(name) = file.strip_suffix(".js").filter(|name| is_name(name)) {
        return Some((format!("docs/{name}.js"), "text/javascript; charset=utf-8"));
    }
    let page = file.strip_suffix('/').unwrap_or(file);
    page.split('/').all(is_name).then(|| (format!("docs/{page}.html"), HTML))
}

/// Returns whether a segment of a path can be the name of an asset.
fn is_name(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Responds with the asset at a public path; `None` if there is none.
pub async fn handle(
    stores: &Stores,
    request: &Request,
    path: &str,
) -> std::result::Result<Option<Response>, Refusal> {
    let Some((file, media_type)) = asset(path) else { return Ok(None) };
    let Some(found) = fetch(stores, request, &file).await? else { return Ok(None) };
    if request.method() == Method::Options {
        return Ok(Some(preflight()?));
    }
    if !http::is_read(request) {
        let problem = Problem::new(Code::MethodNotAllowed, format!("Allowed here: {METHODS}."));
        return Err(Refusal::Problem(problem, vec![("allow", METHODS.to_owned())]));
    }
    let headers = Headers::new();
    for (name, value) in [
        ("content-type", media_type),
        ("cache-control", "public, max-age=300"),
        (ALLOW_ORIGIN, "*"),
        (EXPOSE_HEADERS, "etag, x-request-id"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", CONTENT_SECURITY_POLICY),
    ] {
        headers.set(name, value)?;
    }
    if let Some(etag) = found.headers().get("etag")? {
        headers.set("etag", &etag)?;
    }
    let builder = ResponseBuilder::new().with_headers(headers);
    Ok(Some(match found.status_code() {
        304 => builder.with_status(304).empty(),
        _ => builder.body(found.into_parts().1),
    }))
}

/// Fetches an asset, or 304 if the request names its current `ETag`. Returns `None` if no such file was built.
async fn fetch(stores: &Stores, request: &Request, file: &str) -> Result<Option<Response>> {
    let init = RequestInit::new();
    if let (true, Some(etag)) = (http::is_read(request), request.headers().get("if-none-match")?) {
        init.headers.set("if-none-match", &etag)?;
    }
    let found = stores.env().assets("ASSETS")?.fetch(format!("https://assets/{file}"), Some(init)).await?;
    match found.status_code() {
        200 | 304 => Ok(Some(found)),
        404 => Ok(None),
        status => Err(Error::RustError(format!("asset {file} was not read: status {status}"))),
    }
}

/// Responds to a browser that asks whether a page of another origin may read an asset. Every page may.
fn preflight() -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in [
        ("allow", METHODS),
        (ALLOW_ORIGIN, "*"),
        ("access-control-allow-methods", METHODS),
        ("access-control-allow-headers", REQUEST_HEADERS),
        ("access-control-max-age", MAX_AGE_S),
    ] {
        headers.set(name, value)?;
    }
    Ok(ResponseBuilder::new().with_status(204).with_headers(headers).empty())
}
