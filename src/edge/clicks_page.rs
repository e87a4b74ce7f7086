//! `GET /v1/clicks`: the Ledger builds the query for the shards and renders their results.

use super::{
    http::{Refusal, call_store, internal_request},
    rpc::Stores,
};
use crate::domain::clicks::click::SHARDS;
use futures_util::future::try_join_all;
use worker::{Request, Response};

/// Responds with a page of clicks over all shards.
pub async fn handle(stores: &Stores, request: &Request) -> Result<Response, Refusal> {
    let mut query = internal_request(stores, request, "/internal/clicks", None).await?;
    if query.status_code() != 200 {
        return Ok(query);
    }
    let query = &query.text().await?;
    let page = |shard| call_store("CLICKLOG", async move { stores.click_log(shard)?.page(query).await });
    let pages = try_join_all((0..SHARDS).map(page)).await?;
    let collected = format!("{{\"shards\":[{}]}}", pages.join(","));
    internal_request(stores, request, "/internal/clicks", Some(&collected)).await
}
