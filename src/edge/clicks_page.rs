//! `GET /v1/clicks`: the Ledger builds the query for the shards and renders their results.

use super::{
    http::{Refusal, call_store, internal_request},
    rpc::Stores,
};
use crate::{domain::clicks::click::SHARDS, store::clicks::PageQuery};
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
    let total = match strict_json::from_str::<PageQuery>(query) {
        Ok(parsed) if parsed.count => {
            let count =
                |shard| call_store("CLICKLOG", async move { stores.click_log(shard)?.count(query).await });
            let counts = try_join_all((0..SHARDS).map(count)).await?;
            counts.into_iter().fold(0i64, i64::saturating_add).to_string()
        }
        Ok(_) | Err(_) => "null".to_owned(),
    };
    let collected = format!("{{\"shards\":[{}],\"total\":{total}}}", pages.join(","));
    internal_request(stores, request, "/internal/clicks", Some(&collected)).await
}
