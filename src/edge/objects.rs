//! Calls to the Ledger and ClickLog objects. What they say to each other is text; JavaScript carries it
//! (src/objects.mjs).

use super::router::{Outcome, down, ours};
use crate::{api::problem::Problem, domain::click::SHARDS};
use futures_util::future::{Either, join_all, select};
use serde::Serialize;
use std::time::Duration;
use worker::{Delay, Env, Method, Request, RequestInit, Response, Url};

/// A caller waits so long at most. What the Ledger writes after that is durable, and a retry finds it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the Ledger must know of a request (its `Head`).
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Query, without the question mark.
    pub query: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// Scheme and host of our links.
    pub base_url: String,
}

impl Call {
    /// Reads it off a request. Links are made under `PUBLIC_URL`, else under the host that was asked.
    pub fn read(request: &Request, url: &Url, env: &Env) -> Self {
        let header = |name| request.headers().get(name).ok().flatten();
        let public = env.var("PUBLIC_URL").ok().map(|url| url.to_string()).filter(|url| !url.is_empty());
        Self {
            method: request.method().to_string(),
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            authorization: header("authorization"),
            idempotency_key: header("idempotency-key"),
            if_none_match: header("if-none-match"),
            base_url: public.map_or_else(
                || url.origin().ascii_serialization(),
                |url| url.trim_end_matches('/').to_owned(),
            ),
        }
    }

    /// The same caller asking for something else, with the same query.
    pub fn aimed(&self, method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), ..self.clone() }
    }
}

/// Posts `body` to an object.
async fn post(env: &Env, (binding, name): (&'static str, &str), path: &str, body: &[u8]) -> Outcome {
    let stub = env.durable_object(binding).and_then(|objects| objects.get_by_name(name)).map_err(ours)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(js_sys::Uint8Array::from(body).into()));
    let request = Request::new_with_init(&format!("http://object{path}"), &init).map_err(ours)?;
    let answer = Box::pin(stub.fetch_with_request(request));
    match select(answer, Delay::from(PATIENCE)).await {
        Either::Left((answer, _)) => answer.map_err(|error| down(binding, error)),
        Either::Right(_) => Err(down(binding, "no answer in time")),
    }
}

/// Asks the Ledger.
pub async fn ledger(env: &Env, call: &Call, body: &[u8]) -> Outcome {
    // A line of JSON, then the body as it came: JSON text holds no line feed of its own.
    let mut message = serde_json::to_vec(call)?;
    message.push(b'\n');
    message.extend_from_slice(body);
    post(env, ("LEDGER", "main"), "/api", &message).await
}

/// Asks the Ledger for text; whatever it refuses becomes the caller's answer.
pub async fn ledger_text(env: &Env, call: &Call, body: &[u8]) -> Result<Result<String, Response>, Problem> {
    let mut answer = ledger(env, call, body).await?;
    if answer.status_code() == 200 { answer.text().await.map(Ok).map_err(ours) } else { Ok(Err(answer)) }
}

/// Asks a shard of the click log.
pub async fn shard(env: &Env, shard: u8, path: &str, body: &str) -> Result<String, Problem> {
    let mut answer = post(env, ("CLICKLOG", &shard.to_string()), path, body.as_bytes()).await?;
    if answer.status_code() == 200 {
        answer.text().await.map_err(ours)
    } else {
        Err(down("CLICKLOG", answer.status_code()))
    }
}

/// `GET /v1/clicks`: the Ledger says what to ask the shards for, and shows what they answered.
pub async fn clicks(env: &Env, call: &Call) -> Outcome {
    let query = match ledger_text(env, &call.aimed("GET", "/internal/clicks"), b"").await? {
        Ok(query) => query,
        Err(refused) => return Ok(refused),
    };
    let pages = join_all((0..SHARDS).map(|number| shard(env, number, "/page", &query))).await;
    let pages = pages.into_iter().collect::<Result<Vec<_>, _>>()?.join(",");
    ledger(env, &call.aimed("POST", "/internal/clicks"), format!("{{\"shards\":[{pages}]}}").as_bytes()).await
}

/// Touches the Ledger and one shard.
pub async fn ready(env: &Env) -> Result<(), Problem> {
    let answer = post(env, ("LEDGER", "main"), "/ready", b"").await?;
    if answer.status_code() != 200 {
        return Err(down("LEDGER", answer.status_code()));
    }
    shard(env, 0, "/ready", "").await.map(drop)
}
