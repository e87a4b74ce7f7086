//! HTTP calls to vendors: one attempt each, without redirects, with limits on time and size, and on the rate for each
//! listing and vendor. Requests contain
//! secrets and responses contain tokens, so neither is logged.

use super::{expiring_cache::ExpiringCache, http::read_at_most, rate_limiter::RateLimiter};
use crate::{domain::values::time::Timestamp, marketplace::vendor_api::VendorRequest};
use std::cell::RefCell;
use url::Url;
use wasm_bindgen::prelude::*;
use worker::{
    AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response, Result, web_sys,
};

/// How long a call may take. It is short, because browsers and vendors wait for the result.
pub const VENDOR_TIMEOUT_MS: u32 = 4_000;
/// The maximum length of a response. Token responses have a few hundred bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// The maximum rate of an instance's calls to a vendor for one listing, and the same for documents. Without it, callbacks
/// with invented codes or certificates could make a vendor block this service. Listings, vendors and documents have
/// budgets of their own, so that forgeries for one do not use up those of another.
const CALLS_PER_SECOND: u32 = 50;
/// The number of such budgets: for each listing those of its vendor's hosts.
const CALL_BUDGETS: usize = 4_000;

thread_local! {
    /// By kind of call, listing and host.
    static CALLS: RefCell<ExpiringCache<(Called, String, String), RateLimiter, CALL_BUDGETS>> = RefCell::default();
}

/// What a vendor is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Called {
    /// Its API.
    Api,
    /// A document that it publishes.
    Document,
}

/// Counts a call for a listing and returns whether the rate limit allows it.
pub fn may_call(called: Called, listing: &str, url: &str, now_ms: i64) -> bool {
    let key = (called, listing.to_owned(), host(url));
    CALLS.with_borrow_mut(|calls| {
        let mut limiter = calls.remove(&key).unwrap_or(const { RateLimiter::per_second(CALLS_PER_SECOND) });
        let is_allowed = limiter.allows(now_ms);
        calls.insert(key, limiter, i64::MAX);
        is_allowed
    })
}

/// Returns the time of JavaScript's clock.
pub fn now() -> Timestamp {
    super::timestamp(js_sys::Date::now())
}

/// A vendor's response to one attempt.
pub struct Attempt {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
    /// Headers.
    pub headers: Headers,
}

/// Sends a request once. The whole response must be there within `timeout_ms`.
pub async fn attempt(request: &VendorRequest, timeout_ms: u32) -> Result<Attempt> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method.to_owned())).with_headers(headers);
    // A redirect could send the secrets to another host.
    init.with_redirect(RequestRedirect::Manual);
    init.with_body((!request.body.is_empty()).then(|| JsValue::from_str(&request.body)));
    let timeout = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(timeout_ms));
    let fetch = Fetch::Request(Request::new_with_init(&request.url, &init)?);
    let mut response = fetch.send_with_signal(&timeout).await?;
    let body = body(&mut response).await?;
    let headers = Headers(web_sys::Headers::new_with_headers(&response.headers().0)?);
    Ok(Attempt { status: response.status_code(), body, headers })
}

async fn body(response: &mut Response) -> Result<String> {
    if matches!(response.body(), worker::ResponseBody::Empty) {
        return Ok(String::new());
    }
    match read_at_most(MAX_RESPONSE_BYTES, response.stream()?).await? {
        Some(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        None => {
            Err(worker::Error::RustError(format!("the response is longer than {MAX_RESPONSE_BYTES} bytes")))
        }
    }
}

/// Describes why an attempt failed, for the log.
pub fn failure(error: &worker::Error, timeout_ms: u32) -> String {
    match error {
        worker::Error::UnknownJsError { name: Some(name), .. } if name == "TimeoutError" => {
            format!("no response within {timeout_ms} ms")
        }
        error => error.to_string(),
    }
}

/// Returns the host of a URL, for the log. The rest of the URL may contain secrets.
pub fn host(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
