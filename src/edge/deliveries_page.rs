//! `GET /v1/webhooks/{id}/deliveries`: the Ledger builds the query for the endpoint's object and renders its result.

use super::{
    http::{Refusal, call_store, internal_request},
    rpc::Stores,
};
use crate::api::webhooks::deliveries::AttemptsQuery;
use worker::{Request, Response};

const PREFIX: &str = "/v1/webhooks/";
const SUFFIX: &str = "/deliveries";

/// Returns whether a path is that of an endpoint's deliveries.
pub fn is_deliveries(path: &str) -> bool {
    path.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)).is_some_and(|id| !id.contains('/'))
}

/// Responds with a page of attempts.
pub async fn handle(stores: &Stores, request: &Request, path: &str) -> Result<Response, Refusal> {
    let internal = path.replacen("/v1/", "/internal/", 1);
    let mut query = internal_request(stores, request, &internal, None).await?;
    if query.status_code() != 200 {
        return Ok(query);
    }
    let query = query.text().await?;
    let AttemptsQuery { destination, .. } =
        strict_json::from_str(&query).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let attempts = async { stores.destination(&destination)?.attempts(&query).await };
    let attempts = call_store("DESTINATION", attempts).await?;
    internal_request(stores, request, &internal, Some(&attempts)).await
}
