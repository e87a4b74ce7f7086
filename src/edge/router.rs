//! The general path: everything but redirects. It limits, caps and forwards; the objects decide.

use super::{export, objects};
use crate::api::{
    body::MAX_BODY_BYTES,
    problem::{Code, Problem},
};
use futures_util::StreamExt;
use worker::{Context, Env, Headers, Method, Request, Response, ResponseBuilder, Result, event};

/// Requests a key may make in the window (wrangler.toml, `API_LIMIT`).
const REQUESTS_A_WINDOW: u32 = 1000;
/// The window, seconds; the platform's windows start at whole minutes.
const WINDOW_SECONDS: u64 = 60;

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    answer(request, &env).await.or_else(|problem| problem_response(&problem))
}

/// What a request came to: an answer, or a problem that is told in our own words.
pub type Outcome = std::result::Result<Response, Problem>;

async fn answer(mut request: Request, env: &Env) -> Outcome {
    let url = request.url().map_err(|_| Problem::new(Code::NotFound, "The URL cannot be read."))?;
    match url.path() {
        "/healthz" => {
            Response::from_json(&Health { status: "ok", version: env!("CARGO_PKG_VERSION") }).map_err(ours)
        }
        "/readyz" => ready(env).await,
        path if path.starts_with("/v1/") => {
            let mut call = objects::Call::read(&request, &url, env);
            limit_rate(env, &call).await?;
            let head = call.method == "HEAD";
            if head {
                "GET".clone_into(&mut call.method);
            }
            let body = read_body(&mut request).await?;
            let response = match path {
                "/v1/clicks" if call.method == "GET" => objects::clicks(env, &call).await,
                "/v1/export" if call.method == "GET" => export::export(env, &call).await,
                _ => objects::ledger(env, &call, &body).await,
            }?;
            if head { without_body(&response) } else { Ok(response) }
        }
        _ => Err(Problem::not_found()),
    }
}

#[derive(serde::Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

/// Touches every store; says which one does not answer.
async fn ready(env: &Env) -> Outcome {
    let kv = env.kv("KV").map_err(ours)?.get("snapshot").text().await.map_err(|error| down("KV", error));
    kv?;
    objects::ready(env).await?;
    Response::from_json(&Health { status: "ok", version: env!("CARGO_PKG_VERSION") }).map_err(ours)
}

/// A store that cannot be reached.
pub fn down(store: &'static str, error: impl std::fmt::Display) -> Problem {
    let log = Some(format!("{store}: {error}"));
    Problem {
        log,
        ..Problem::new(Code::Unavailable, "Nothing was changed that was not acknowledged. Try again.")
    }
}

/// What only we can have done wrong.
pub fn ours(error: worker::Error) -> Problem {
    let log = Some(error.to_string());
    Problem {
        log,
        ..Problem::new(Code::Internal, "Nothing was changed. The operator finds the cause in the log.")
    }
}

async fn limit_rate(env: &Env, call: &objects::Call) -> std::result::Result<(), Problem> {
    let Ok(limiter) = env.rate_limiter("API_LIMIT") else { return Ok(()) };
    // The key is hashed: the binding's counters are no place for secrets. A limiter that fails limits nobody.
    let caller = call.authorization.as_deref().unwrap_or("anonymous");
    let key = crate::api::auth::sha256_hex(caller.as_bytes());
    match limiter.limit(key).await {
        Ok(outcome) if !outcome.success => {
            let detail = format!("{REQUESTS_A_WINDOW} requests a minute and key; see Retry-After.");
            Err(Problem::new(Code::RateLimited, detail))
        }
        _ => Ok(()),
    }
}

/// Reads a body of at most 1 MiB; a longer one is not read to its end.
async fn read_body(request: &mut Request) -> std::result::Result<Vec<u8>, Problem> {
    let too_large = || Problem::new(Code::BodyTooLarge, "Send at most 1,048,576 bytes.");
    let told =
        request.headers().get("content-length").ok().flatten().and_then(|text| text.parse::<usize>().ok());
    if told.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(too_large());
    }
    if matches!(request.method(), Method::Get | Method::Head) || request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let mut body = Vec::new();
    let mut stream = request.stream().map_err(ours)?;
    while let Some(chunk) = stream.next().await {
        body.extend_from_slice(&chunk.map_err(ours)?);
        if body.len() > MAX_BODY_BYTES {
            return Err(too_large());
        }
    }
    Ok(body)
}

fn without_body(response: &Response) -> Outcome {
    let headers = response.headers().clone();
    Ok(ResponseBuilder::new().with_status(response.status_code()).with_headers(headers).empty())
}

/// A problem as an HTTP answer; what went wrong on our side is logged here, once.
fn problem_response(problem: &Problem) -> Result<Response> {
    if let Some(log) = &problem.log {
        worker::console_error!("{}: {log}", problem.code.as_str());
    }
    let plain = problem.response();
    let headers = Headers::new();
    for (name, value) in &plain.headers {
        headers.set(name, value)?;
    }
    if problem.code == Code::RateLimited {
        let seconds = worker::Date::now().as_millis().checked_div(1000).unwrap_or(0);
        let left = WINDOW_SECONDS.saturating_sub(seconds.checked_rem(WINDOW_SECONDS).unwrap_or(0));
        headers.set("retry-after", &left.to_string())?;
        headers.set("ratelimit", &format!("\"default\";r=0;t={left}"))?;
        headers.set("ratelimit-policy", &format!("\"default\";q={REQUESTS_A_WINDOW};w={WINDOW_SECONDS}"))?;
    }
    Ok(ResponseBuilder::new().with_status(plain.status).with_headers(headers).fixed(plain.body.into_bytes()))
}
