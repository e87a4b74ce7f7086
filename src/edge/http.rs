//! HTTP building blocks: problems, body cap, timeouts, and forwarding to the Ledger.

use super::rpc::Stores;
use crate::api::http::{
    body,
    message::Response as ApiResponse,
    problems::{Code, Problem},
};
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use std::{future::Future, pin::pin, time::Duration};
use worker::{ByteStream, Delay, Headers, Method, Request, RequestInit, Response, ResponseBuilder, Result};

/// How long a caller waits at most. A later write of the Ledger is still durable, and a retry finds it.
pub const CALLER_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a caller waits at most for a simulation, which runs in slices after those before it.
const SIMULATION_TIMEOUT: Duration = Duration::from_secs(180);
const SIMULATION_PATH: &str = "/v1/attribution/simulate";

/// The reason that a request was refused.
#[derive(Debug)]
pub enum Refusal {
    /// A problem of the API, and additional response headers.
    Problem(Problem, Vec<(&'static str, String)>),
    /// The Worker failed.
    Failed(worker::Error),
}

impl From<worker::Error> for Refusal {
    fn from(error: worker::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem, Vec::new())
    }
}

impl Refusal {
    /// Returns the refusal for a store that cannot be reached.
    pub fn unreachable(store: &str, error: &worker::Error) -> Self {
        let detail = "Nothing was changed that was not acknowledged. Try again.";
        let log = Some(format!("unavailable: {store}: {error}"));
        Self::from(Problem { log, ..Problem::new(Code::Unavailable, detail) })
    }

    /// Returns the status of the response.
    pub fn status(&self) -> u16 {
        match self {
            Self::Problem(problem, _) => problem.code.status(),
            Self::Failed(_) => Code::Internal.status(),
        }
    }

    /// Returns the response. Logs the error if the Worker or a store failed.
    pub fn response(self, request_id: &str) -> Result<Response> {
        let (problem, headers) = match self {
            Self::Problem(problem, headers) => (problem, headers),
            Self::Failed(error) => {
                worker::console_error!("request {request_id} failed: {error}");
                (Problem::new(Code::Internal, "Try again; the log tells more."), Vec::new())
            }
        };
        if let Some(log) = &problem.log {
            worker::console_error!("request {request_id}: {log}");
        }
        let mut response = problem.response();
        response.headers.extend(headers);
        respond(response)
    }
}

/// Converts a response of the API into one of the platform.
pub fn respond(response: ApiResponse) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in &response.headers {
        headers.set(name, value)?;
    }
    Ok(with_bytes(response.status, headers, response.bytes.unwrap_or_else(|| response.body.into_bytes())))
}

/// Returns a response with a body. A status that does not allow a body gets none: the platform would throw even for an
/// empty one.
pub fn with_body(status: u16, headers: Headers, body: String) -> Response {
    with_bytes(status, headers, body.into_bytes())
}

fn with_bytes(status: u16, headers: Headers, body: Vec<u8>) -> Response {
    let builder = ResponseBuilder::new().with_status(status).with_headers(headers);
    if body.is_empty() || matches!(status, 101 | 204 | 205 | 304) {
        builder.empty()
    } else {
        builder.fixed(body)
    }
}

/// Returns the result of a future, or an error once the time has passed. The callee is not cancelled.
pub async fn with_timeout<T>(limit: Duration, future: impl Future<Output = Result<T>>) -> Result<T> {
    match select(pin!(future), pin!(Delay::from(limit))).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => {
            Err(worker::Error::RustError(format!("no response within {} ms", limit.as_millis())))
        }
    }
}

/// Awaits a call to a store for at most [`CALLER_TIMEOUT`]. Returns a refusal if the store cannot be reached.
pub async fn call_store<T>(
    store: &str,
    call: impl Future<Output = Result<T>>,
) -> std::result::Result<T, Refusal> {
    with_timeout(CALLER_TIMEOUT, call).await.map_err(|error| Refusal::unreachable(store, &error))
}

/// Returns whether the method is GET or HEAD. HEAD is handled as GET without a response body.
pub fn is_read(request: &Request) -> bool {
    matches!(request.method(), Method::Get | Method::Head)
}

/// Returns the query as sent, without the question mark.
pub fn query(url: &str) -> &str {
    url.split_once('?').map_or("", |(_, query)| query)
}

/// Returns the scheme and host of a URL that the platform has parsed.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let end = url.get(host..).and_then(|rest| rest.find('/')).map(|at| at.saturating_add(host));
    end.and_then(|end| url.get(..end)).unwrap_or(url)
}

/// Returns the public origin of links and callbacks: `PUBLIC_URL`, or else the origin of the request.
pub fn base_url(stores: &Stores, url: &str) -> String {
    match stores.variable("PUBLIC_URL") {
        Some(public) => public.trim_end_matches('/').to_owned(),
        None => origin(url).to_owned(),
    }
}

/// Returns a request's URL under the public origin, which is the URL that vendors sign.
pub fn public_url(stores: &Stores, url: &str) -> String {
    format!("{}{}", base_url(stores, url), url.get(origin(url).len()..).unwrap_or_default())
}

fn too_large(request: &Request) -> Refusal {
    body::too_large(&request.path()).into()
}

/// Returns the length that a request declares for its body.
fn declared_length(request: &Request) -> Result<Option<usize>> {
    Ok(request.headers().get("content-length")?.and_then(|text| text.parse().ok()))
}

/// Refuses a request that declares a body longer than its path takes.
pub fn check_length(request: &Request) -> std::result::Result<(), Refusal> {
    let limit = body::limit_of(&request.path());
    let is_large = declared_length(request)?.is_some_and(|length| length > limit);
    if is_large { Err(too_large(request)) } else { Ok(()) }
}

/// Refuses a request with an encoded body, such as gzip: its bytes would be reported as invalid UTF-8.
pub fn check_encoding(request: &Request) -> std::result::Result<(), Refusal> {
    let encoding = request.headers().get("content-encoding")?.unwrap_or_default();
    if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    let detail = "Send the body without a Content-Encoding.";
    // RFC 9110, section 12.5.3: Accept-Encoding in a response says what is accepted.
    let headers = vec![("accept-encoding", "identity".to_owned())];
    Err(Refusal::Problem(Problem::new(Code::UnsupportedEncoding, detail), headers))
}

/// Reads a body of at most the length that the path takes. Reading stops as soon as it is longer.
pub async fn read_body(request: &mut Request) -> std::result::Result<Vec<u8>, Refusal> {
    check_length(request)?;
    if is_read(request) || request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    if declared_length(request)?.is_some() {
        // The platform enforces the declared length.
        return Ok(request.bytes().await?);
    }
    let limit = body::limit_of(&request.path());
    let bytes = read_at_most(limit, request.stream()?).await?;
    bytes.ok_or_else(|| too_large(request))
}

/// Reads a stream. Returns `None` as soon as there are more than `limit` bytes.
pub async fn read_at_most(limit: usize, mut chunks: ByteStream) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > limit {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

/// Returns the request in the form that the Ledger accepts. A body of undeclared length is read here, so that the
/// Ledger never waits for a slow sender or an endless body. Every other request is returned unchanged.
async fn forwardable(mut request: Request) -> std::result::Result<Request, Refusal> {
    let is_bounded = declared_length(&request)?.is_some() || is_read(&request);
    if is_bounded || request.inner().body().is_none() {
        return Ok(request);
    }
    let body = read_body(&mut request).await?;
    let mut init = RequestInit::new();
    init.with_method(request.method()).with_headers(request.headers().clone());
    init.with_body(Some(js_sys::Uint8Array::from(body.as_slice()).into()));
    Ok(Request::new_with_init(&request.inner().url(), &init)?)
}

/// Returns the Ledger's response to a request of the API.
pub async fn forward(stores: &Stores, request: Request) -> std::result::Result<Response, Refusal> {
    let request = forwardable(request).await?;
    let limit = if request.path() == SIMULATION_PATH { SIMULATION_TIMEOUT } else { CALLER_TIMEOUT };
    let response = with_timeout(limit, stores.ledger_response(request)).await;
    response.map_err(|error| Refusal::unreachable("LEDGER", &error))
}

/// Sends the Ledger an internal request with the caller's key and query. `path` starts with `/internal/`.
pub async fn internal_request(
    stores: &Stores,
    caller: &Request,
    path: &str,
    body: Option<&str>,
) -> std::result::Result<Response, Refusal> {
    let url = caller.inner().url();
    let headers = Headers::new();
    for name in ["authorization", "origin", "if-none-match", "accept"] {
        if let Some(value) = caller.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    let mut init = RequestInit::new();
    init.with_method(if body.is_some() { Method::Post } else { Method::Get }).with_headers(headers);
    init.with_body(body.map(Into::into));
    let request = Request::new_with_init(&format!("{}{path}?{}", origin(&url), query(&url)), &init)?;
    call_store("LEDGER", stores.ledger_response(request)).await
}
