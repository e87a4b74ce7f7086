//! Everything that is not a link: documents, health, callbacks, and the API, which the Ledger answers. Links take the
//! synchronous export of `link.rs`.

use super::{
    callbacks, clicks_page,
    exchange::Exchange,
    export, guard,
    http::{self, Refusal},
    rpc::Stores,
    snapshot,
};
use crate::{
    api::{SNAPSHOT_HEADER, health::HealthView, http::problems::Problem},
    domain::programme::id::ProgrammeId,
};
use wasm_bindgen::JsValue;
use worker::{Context, Env, Headers, Method, Request, Response, ResponseBuilder, Result, event, web_sys};

/// What a document at the public path is stored under, and its media type.
fn asset(path: &str) -> Option<(&'static str, &'static str)> {
    match path {
        "/docs" => Some(("https://assets/docs.html", "text/html; charset=utf-8")),
        "/openapi.json" => Some(("https://assets/openapi.json", "application/json")),
        _ => None,
    }
}

#[event(fetch)]
async fn main(request: Request, env: Env, context: Context) -> Result<Response> {
    let platform: &JsValue = context.as_ref().as_ref();
    let call = guard::call_of(platform);
    let request_id = js_sys::Reflect::get(platform, &"requestId".into()).ok().and_then(|id| id.as_string());
    let exchange = Exchange {
        stores: Stores::new(env, ProgrammeId::MAIN),
        context: &context,
        request_id: request_id.unwrap_or_default(),
    };
    guard::tracked(call, async {
        let is_head = request.method() == Method::Head;
        let response = match route(&exchange, request).await {
            Ok(response) => response,
            Err(refusal) => refusal.response(&exchange.request_id)?,
        };
        Ok(if is_head { without_body(response) } else { response })
    })
    .await
}

fn without_body(response: Response) -> Response {
    response.into_parts().0.empty()
}

async fn route(exchange: &Exchange<'_>, request: Request) -> std::result::Result<Response, Refusal> {
    let path = request.path();
    #[cfg(feature = "faults")]
    if let Some(response) = super::faults::answer(exchange, &request).await {
        return response;
    }
    match path.as_str() {
        "/healthz" => Ok(health()?),
        "/readyz" => ready(&exchange.stores).await,
        _ if path.starts_with("/v1/") => contract(&exchange.stores, request, &path).await,
        _ if callbacks::is_callback(&path) => callbacks::answer(exchange, request, &path).await,
        _ => match asset(&path) {
            Some((file, media_type)) if http::is_read(&request) => {
                Ok(document(&exchange.stores, file, media_type).await?)
            }
            _ => Err(Problem::not_found().into()),
        },
    }
}

fn health() -> Result<Response> {
    Response::from_json(&HealthView::ok())
}

/// Touches every store, and says which one does not answer.
async fn ready(stores: &Stores) -> std::result::Result<Response, Refusal> {
    http::ask("KV", stores.value("snapshot")).await?;
    http::ask("LEDGER", async { stores.ledger()?.snapshot().await }).await?;
    http::ask("CLICKLOG", async { stores.click_log(0)?.last().await }).await?;
    Ok(health()?)
}

/// The contract, for programs and for people, as `cargo xtask build` wrote it from the API's own types. The files are
/// static assets: they weigh nothing in the Worker that redirects visitors.
async fn document(stores: &Stores, file: &str, media_type: &str) -> Result<Response> {
    let found = stores.env().assets("ASSETS")?.fetch(file, None).await?;
    if found.status_code() != 200 {
        let error = format!("{file} is not among the assets: {}", found.status_code());
        return Err(worker::Error::RustError(error));
    }
    let headers = Headers::new();
    for (name, value) in [
        ("content-type", media_type),
        ("cache-control", "public, max-age=300"),
        ("x-content-type-options", "nosniff"),
        // The page needs nothing but its own style, so anything else that got into it would not run.
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
        ),
    ] {
        headers.set(name, value)?;
    }
    let (_, body) = found.into_parts();
    Ok(ResponseBuilder::new().with_headers(headers).body(body))
}

async fn contract(stores: &Stores, request: Request, path: &str) -> std::result::Result<Response, Refusal> {
    http::limit_rate(stores, request.headers()).await?;
    http::check_length(&request)?;
    let response = match path {
        "/v1/clicks" if http::is_read(&request) => clicks_page::answer(stores, &request).await?,
        "/v1/export" if http::is_read(&request) => export::answer(stores, &request).await?,
        _ => http::forward(stores, request).await?,
    };
    Ok(after_change(stores, response).await?)
}

/// Fetches the newest snapshot if the response says that redirects must learn of a change, and removes that sign.
async fn after_change(stores: &Stores, response: Response) -> Result<Response> {
    if !response.headers().has(SNAPSHOT_HEADER)? {
        return Ok(response);
    }
    snapshot::renew(stores).await;
    // Headers of a response that was fetched are immutable.
    let headers = Headers(web_sys::Headers::new_with_headers(&response.headers().0)?);
    headers.delete(SNAPSHOT_HEADER)?;
    Ok(response.with_headers(headers))
}
