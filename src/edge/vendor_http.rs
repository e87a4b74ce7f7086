//! HTTP calls to vendors: one try each, without redirects, with limits of time, size and rate. Requests hold secrets and
//! responses hold tokens: neither is ever logged.

use super::{http::read_at_most, rate_limiter::RateLimiter};
use crate::{domain::values::time::Timestamp, marketplace::vendor_api::VendorRequest};
use std::cell::RefCell;
use url::Url;
use wasm_bindgen::prelude::*;
use worker::{
    AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response, Result, web_sys,
};

/// A vendor that has not answered by then has failed. Browsers and vendors wait for us meanwhile.
const VENDOR_TIMEOUT_MS: u32 = 4_000;
/// Bytes of a response that are read; token responses have a few hundred.
const RESPONSE_BYTES: usize = 64 * 1024;
/// Calls to vendors that an instance makes per second: anybody can make codes up, and a vendor must not bar us for it.
const CALLS_PER_SECOND: u32 = 50;

thread_local! {
    static CALLS: RefCell<RateLimiter> = const { RefCell::new(RateLimiter::per_second(CALLS_PER_SECOND)) };
}

/// Whether one more call may be made now.
pub fn may_call(now_ms: i64) -> bool {
    CALLS.with_borrow_mut(|calls| calls.allows(now_ms))
}

/// JavaScript's clock.
pub fn now() -> Timestamp {
    super::timestamp(js_sys::Date::now())
}

/// What a vendor answered to one try.
pub struct Attempt {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
    /// Headers.
    pub headers: Headers,
}

/// One try.
pub async fn attempt(request: &VendorRequest) -> Result<Attempt> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method.to_owned())).with_headers(headers);
    // A redirect would carry secrets to wherever it leads.
    init.with_redirect(RequestRedirect::Manual);
    init.with_body((!request.body.is_empty()).then(|| JsValue::from_str(&request.body)));
    let timeout = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(VENDOR_TIMEOUT_MS));
    let sent = Fetch::Request(Request::new_with_init(&request.url, &init)?);
    let mut response = sent.send_with_signal(&timeout).await?;
    let body = body(&mut response).await?;
    let headers = Headers(web_sys::Headers::new_with_headers(&response.headers().0)?);
    Ok(Attempt { status: response.status_code(), body, headers })
}

async fn body(response: &mut Response) -> Result<String> {
    if matches!(response.body(), worker::ResponseBody::Empty) {
        return Ok(String::new());
    }
    match read_at_most(RESPONSE_BYTES, response.stream()?).await? {
        Some(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        None => Err(worker::Error::RustError(format!("its answer is longer than {RESPONSE_BYTES} bytes"))),
    }
}

/// Why a try failed, for the log.
pub fn failure(error: &worker::Error) -> String {
    match error {
        worker::Error::UnknownJsError { name: Some(name), .. } if name == "TimeoutError" => {
            format!("no answer within {VENDOR_TIMEOUT_MS} ms")
        }
        error => error.to_string(),
    }
}

/// The host of a URL, for the log: the rest may hold secrets.
pub fn host(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
