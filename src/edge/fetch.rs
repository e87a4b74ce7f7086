//! The router for everything that is not a link: static assets, health, callbacks, and the API, which runs in the Ledger.
//! Links use the synchronous export of `link.rs`.

use super::{
    assets, callbacks, clicks_page, cors, deliveries_page, dev_mail,
    exchange::Exchange,
    export, guard,
    http::{self, Refusal},
    mail_reports, report, request_limit,
    rpc::Stores,
    snapshot,
};
use crate::{
    api::{
        SNAPSHOT_HEADER,
        health::HealthView,
        http::problems::{Code, Problem},
    },
    documents::pages,
    domain::{programme::id::ProgrammeId, values::language::Language},
};
use wasm_bindgen::JsValue;
use worker::{Context, Env, Headers, Method, Request, Response, Result, event, web_sys};

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
    // The platform puts the Host header into the URL as it came.
    if request.url().is_err() {
        let detail = "The URL cannot be parsed. Check the Host header.";
        return Err(Problem::new(Code::InvalidHost, detail).into());
    }
    let path = request.path();
    #[cfg(feature = "faults")]
    if let Some(response) = super::faults::handle(exchange, &request).await {
        return response;
    }
    match path.as_str() {
        "/healthz" => Ok(health()?),
        "/readyz" => {
            request_limit::limit_address(&exchange.stores, request.headers()).await?;
            ready(&exchange.stores).await
        }
        _ if path.starts_with("/v1/") => {
            let origin = request.headers().get("origin")?;
            cors::exposed(api(&exchange.stores, request, &path).await, origin)
        }
        _ if callbacks::is_callback(&path) => match mail_reports::provider_of(&path) {
            Some(provider) => mail_reports::handle(exchange, request, provider).await,
            None => callbacks::handle(exchange, request, &path).await,
        },
        _ if path.starts_with("/dev/mail") => {
            Ok(dev_mail::handle(&exchange.stores, request, &path).await?.ok_or_else(Problem::not_found)?)
        }
        _ => match assets::handle(&exchange.stores, &request, &path).await? {
            Some(response) => Ok(response),
            None => Ok(page(&request, &path)?.ok_or_else(Problem::not_found)?),
        },
    }
}

/// Returns the page for a person at this path: the front page, its icon, or the page of a link that leads nowhere. Programs
/// that do not accept HTML get the front page at `/` and a problem everywhere else.
fn page(request: &Request, path: &str) -> Result<Option<Response>> {
    if !http::is_read(request) {
        return Ok(None);
    }
    let header = |name| request.headers().get(name).map(Option::unwrap_or_default);
    let language = Language::negotiate(&header("accept-language")?);
    let html = "text/html; charset=utf-8";
    let (status, media_type, cache, body) = match path {
        "/" => (200, html, "no-cache", pages::front(language)),
        "/favicon.ico" => (200, "image/svg+xml", "public, max-age=86400", pages::ICON.to_owned()),
        _ if header("accept")?.contains("text/html") => (404, html, "no-store", pages::dead_link(language)),
        _ => return Ok(None),
    };
    let headers = Headers::new();
    for (name, value) in [
        ("content-type", media_type),
        ("cache-control", cache),
        ("vary", "accept-language"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", pages::CONTENT_SECURITY_POLICY),
    ] {
        headers.set(name, value)?;
    }
    Ok(Some(http::with_body(status, headers, body)))
}

/// Responds that all is well. Pages of every origin may read it, so that a status page needs no key.
fn health() -> Result<Response> {
    let mut response = Response::from_json(&HealthView::ok())?;
    response.headers_mut().set("access-control-allow-origin", "*")?;
    Ok(response)
}

/// Checks that every store responds. The refusal names a store that does not.
async fn ready(stores: &Stores) -> std::result::Result<Response, Refusal> {
    http::call_store("KV", stores.value("snapshot")).await?;
    http::call_store("LEDGER", async { stores.ledger()?.snapshot().await }).await?;
    http::call_store("CLICKLOG", async { stores.click_log(0)?.last().await }).await?;
    Ok(health()?)
}

async fn api(stores: &Stores, request: Request, path: &str) -> std::result::Result<Response, Refusal> {
    let key = request_limit::limit_key(stores, request.headers()).await?;
    http::check_encoding(&request)?;
    http::check_length(&request)?;
    let result = match path {
        "/v1/clicks" if http::is_read(&request) => clicks_page::handle(stores, &request).await,
        "/v1/attribution" | "/v1/attribution.csv" if http::is_read(&request) => {
            report::handle(stores, request).await
        }
        _ if deliveries_page::is_deliveries(path) && http::is_read(&request) => {
            deliveries_page::handle(stores, &request, path).await
        }
        "/v1/export" if http::is_read(&request) => export::handle(stores, &request).await,
        _ => http::forward(stores, request).await,
    };
    key.record(&result);
    Ok(renew_snapshot(stores, result?).await?)
}

/// Fetches the newest snapshot if a response header requests it after a change that affects redirects. Removes that
/// header.
async fn renew_snapshot(stores: &Stores, response: Response) -> Result<Response> {
    if !response.headers().has(SNAPSHOT_HEADER)? {
        return Ok(response);
    }
    snapshot::renew(stores).await;
    // The headers of a fetched response are immutable.
    let headers = Headers(web_sys::Headers::new_with_headers(&response.headers().0)?);
    headers.delete(SNAPSHOT_HEADER)?;
    Ok(response.with_headers(headers))
}
