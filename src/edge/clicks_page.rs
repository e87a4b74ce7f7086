//! `GET /v1/clicks`: the Ledger says what to ask the shards for, and shows what they answer.

use super::{
    http::{Refusal, ask, internal},
    rpc::Stores,
};
use crate::domain::clicks::click::SHARDS;
use futures_util::future::try_join_all;
use worker::{Request, Response};

/// A page of clicks over all shards.
pub async fn answer(stores: &Stores, request: &Request) -> Result<Response, Refusal> {
    let mut query = internal(stores, request, "/internal/clicks", None).await?;
    if query.status_code() != 200 {
        return Ok(query);
    }
    let query = &query.text().await?;
    let page = |shard| ask("CLICKLOG", async move { stores.click_log(shard)?.page(query).await });
    let pages = try_join_all((0..SHARDS).map(page)).await?;
    let collected = format!("{{\"shards\":[{}]}}", pages.join(","));
    internal(stores, request, "/internal/clicks", Some(&collected)).await
}
