//! HTTP calls to vendors: one attempt each, without redirects, with limits on time, size and rate. Requests contain
//! secrets and responses contain tokens, so neither is logged.

use super::{http::read_at_most, rate_limiter::RateLimiter};
use crate::{domain::values::time::Timestamp, marketplace::vendor_api::VendorRequest};
use std::cell::RefCell;
use url::Url;
use wasm_bindgen::prelude::*;
use worker::{
    AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response, Result, web_sys,
};

/// How long a call may take. It is short, because browsers and vendors wait for the result.
const VENDOR_TIMEOUT_MS: u32 = 4_000;
/// The maximum length of a response. Token responses have a few hundred bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// The maximum rate of an instance's calls to vendors. Without it, callbacks with invented codes could make a vendor
/// block this service.
const CALLS_PER_SECOND: u32 = 50;

thread_local! {
    static CALLS: RefCell<RateLimiter> = const { RefCell::new(RateLimiter::per_second(CALLS_PER_SECOND)) };
}

/// Counts a call and returns whether the rate limit allows it.
pub fn may_call(now_ms: i64) -> bool {
    CALLS.with_borrow_mut(|calls| calls.allows(now_ms))
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

/// Sends a request once.
pub async fn attempt(request: &VendorRequest) -> Result<Attempt> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method.to_owned())).with_headers(headers);
    // A redirect could send the secrets to another host.
    init.with_redirect(RequestRedirect::Manual);
    init.with_body((!request.body.is_empty()).then(|| JsValue::from_str(&request.body)));
    let timeout = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(VENDOR_TIMEOUT_MS));
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
pub fn failure(error: &worker::Error) -> String {
    match error {
        worker::Error::UnknownJsError { name: Some(name), .. } if name == "TimeoutError" => {
            format!("no response within {VENDOR_TIMEOUT_MS} ms")
        }
        error => error.to_string(),
    }
}

/// Returns the host of a URL, for the log. The rest of the URL may contain secrets.
pub fn host(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
