//! HTTP requests to receivers of events: one attempt each, without redirects, with limits on time and size.

use super::{objects::now_ms, rpc::Stores, timestamp};
use crate::{
    delivery::queue::AttemptResult,
    domain::{delivery::receiver_url::leads_to_loopback, values::time::Timestamp},
};
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use std::{
    pin::{Pin, pin},
    time::Duration,
};
use wasm_bindgen::JsValue;
use worker::{
    Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response, ResponseBody, Result,
    web_sys,
};

/// How long an attempt may take, with its response.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The maximum number of bytes of a response that are read.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// The number of bytes of a response that are kept.
const EXCERPT_BYTES: usize = 1_024;
/// The binding through which `cargo xtask dev --allow-loopback` and tests reach this machine. It is a network of workerd's own,
/// which the platform does not offer, so a deployed Worker cannot have it.
pub const LOOPBACK: &str = "DEV_LOOPBACK";

/// A request to a receiver.
pub struct Delivery {
    /// The URL, which was checked when the endpoint was made.
    pub url: String,
    /// Headers that identify and sign the body.
    pub headers: Vec<(&'static str, String)>,
    /// The body, JSON.
    pub body: String,
}

/// Sends a delivery once.
pub async fn send(stores: &Stores, delivery: &Delivery, began_at: Timestamp) -> AttemptResult {
    // Not `AbortSignal.timeout`, whose timers end only with their time: the platform allows an object 10,000.
    let mut deadline = pin!(Delay::from(TIMEOUT));
    let mut result = AttemptResult {
        is_delivered: false,
        http_status: None,
        error: None,
        began_at,
        ended_at: began_at,
        response_excerpt: String::new(),
        retry_after_ms: None,
    };
    let Ok(controller) = web_sys::AbortController::new() else {
        return AttemptResult { error: Some("The connection failed.".to_owned()), ..result };
    };
    let (mut retry_after, mut has_ended) = (None, false);
    match select(pin!(fetch(stores, delivery, &controller)), deadline.as_mut()).await {
        Either::Left((Ok(mut response), _)) => {
            let status = response.status_code();
            result.http_status = Some(status);
            result.is_delivered = (200..300).contains(&status);
            retry_after = response.headers().get("retry-after").ok().flatten();
            (result.response_excerpt, has_ended) = excerpt(&mut response, deadline).await;
        }
        Either::Left((Err(_), _)) => result.error = Some("The connection failed.".to_owned()),
        Either::Right(_) => result.error = Some(format!("No response within {} s.", TIMEOUT.as_secs())),
    }
    // The connection of a response that has ended can be used again.
    if !has_ended {
        controller.abort();
    }
    result.ended_at = timestamp(now_ms());
    result.retry_after_ms = retry_after.and_then(|value| retry_after_ms(&value, result.ended_at));
    result
}

async fn fetch(
    stores: &Stores,
    Delivery { url, headers, body }: &Delivery,
    controller: &web_sys::AbortController,
) -> Result<Response> {
    let all = Headers::new();
    all.set("content-type", "application/json")?;
    all.set("user-agent", concat!("Signpost-Webhooks/", env!("CARGO_PKG_VERSION")))?;
    for (name, value) in headers {
        all.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(all).with_body(Some(JsValue::from_str(body)));
    init.with_redirect(RequestRedirect::Manual);
    let request = Request::new_with_init(url, &init)?;
    let abortable = web_sys::RequestInit::new();
    abortable.set_signal(Some(&controller.signal()));
    let request = web_sys::Request::new_with_request_and_init(request.inner(), &abortable)?;
    if leads_to_loopback(url) {
        return stores.env().service(LOOPBACK)?.fetch_request(Request::from(request)).await;
    }
    Fetch::Request(request.into()).send().await
}

/// Parses the value of `Retry-After`: seconds or an HTTP date (RFC 9110 §10.2.3). Returns milliseconds from `now`.
pub fn retry_after_ms(value: &str, now: Timestamp) -> Option<i64> {
    let value = value.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse::<i64>().ok().map(|seconds| seconds.saturating_mul(1_000));
    }
    // JavaScript also reads dates that begin otherwise; an HTTP date begins with a day.
    let is_date = value.starts_with(|first: char| first.is_ascii_alphabetic());
    let at = is_date.then(|| js_sys::Date::parse(value)).filter(|at| at.is_finite())?;
    Some(timestamp(at).ms().saturating_sub(now.ms()))
}

/// Reads the beginning of a response, and returns it with whether the response has ended. The status has decided already, so a
/// body that breaks off or never ends changes nothing.
async fn excerpt(response: &mut Response, mut deadline: Pin<&mut Delay>) -> (String, bool) {
    if matches!(response.body(), ResponseBody::Empty) {
        return (String::new(), true);
    }
    let Ok(mut chunks) = response.stream() else { return (String::new(), false) };
    let mut bytes: Vec<u8> = Vec::new();
    let mut has_ended = false;
    while bytes.len() < MAX_RESPONSE_BYTES {
        match select(chunks.next(), deadline.as_mut()).await {
            Either::Left((Some(Ok(chunk)), _)) => bytes.extend_from_slice(&chunk),
            Either::Left((None, _)) => {
                has_ended = true;
                break;
            }
            Either::Left((Some(Err(_)), _)) | Either::Right(_) => break,
        }
    }
    bytes.truncate(EXCERPT_BYTES);
    (String::from_utf8_lossy(&bytes).into_owned(), has_ended)
}
