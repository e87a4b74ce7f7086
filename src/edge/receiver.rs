//! HTTP requests to receivers of events: one attempt each, without redirects, with limits on time and size.

use super::{objects::now_ms, rpc::Stores, timestamp};
use crate::{
    delivery::queue::AttemptResult,
    domain::{
        delivery::{receiver_url::leads_to_loopback, retry::retry_after_ms},
        values::time::Timestamp,
    },
};
use futures_util::StreamExt;
use wasm_bindgen::JsValue;
use worker::{
    Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response, ResponseBody, Result, web_sys,
};

/// How long an attempt may take, with its response.
const TIMEOUT_MS: u32 = 15_000;
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
    let response = fetch(stores, delivery).await;
    let mut result = AttemptResult {
        http_status: None,
        error: None,
        began_at,
        ended_at: began_at,
        response_excerpt: String::new(),
        retry_after_ms: None,
    };
    match response {
        Ok(mut response) => {
            result.http_status = Some(response.status_code());
            let retry_after = response.headers().get("retry-after").ok().flatten();
            result.response_excerpt = excerpt(&mut response).await;
            // The body may have taken long.
            result.ended_at = timestamp(now_ms());
            result.retry_after_ms = retry_after.and_then(|value| retry_after_ms(&value, result.ended_at));
        }
        Err(error) => {
            result.ended_at = timestamp(now_ms());
            result.error = Some(failure(&error));
        }
    }
    result
}

async fn fetch(stores: &Stores, Delivery { url, headers, body }: &Delivery) -> Result<Response> {
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
    let deadline = web_sys::RequestInit::new();
    deadline.set_signal(Some(&web_sys::AbortSignal::timeout_with_u32(TIMEOUT_MS)));
    let request = web_sys::Request::new_with_request_and_init(request.inner(), &deadline)?;
    if leads_to_loopback(url) {
        return stores.env().service(LOOPBACK)?.fetch_request(Request::from(request)).await;
    }
    Fetch::Request(request.into()).send().await
}

/// Reads the beginning of a response. The status has decided already, so a body that breaks off or never ends changes nothing.
async fn excerpt(response: &mut Response) -> String {
    if matches!(response.body(), ResponseBody::Empty) {
        return String::new();
    }
    let Ok(mut chunks) = response.stream() else { return String::new() };
    let mut bytes: Vec<u8> = Vec::new();
    while let Some(Ok(chunk)) = chunks.next().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= MAX_RESPONSE_BYTES {
            break;
        }
    }
    bytes.truncate(EXCERPT_BYTES);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Says why there was no response.
fn failure(error: &worker::Error) -> String {
    match error {
        worker::Error::UnknownJsError { name: Some(name), .. } if name == "TimeoutError" => {
            format!("No response within {TIMEOUT_MS} ms.")
        }
        _ => "The connection failed.".to_owned(),
    }
}
