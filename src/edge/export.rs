//! `GET /v1/export`: walks the logs page by page; `api/export.rs` decides what a page holds.

use super::{
    http::{Refusal, ask, internal, with_body},
    rpc::Stores,
};
use crate::api::reports::export::{Position, STAGES, Stop, TAIL_LINES, cut};
use worker::{Headers, Request, Response};

/// Look-ups for a page: well within the 50 that the platform's free plan allows.
const LOOKUPS: u32 = 40;
/// A page is full when it has this many bytes.
const PAGE_LENGTH: usize = 4 * 1024 * 1024;

/// A page of the export.
pub async fn answer(stores: &Stores, request: &Request) -> Result<Response, Refusal> {
    let mut first = internal(stores, request, "/internal/export", None).await?;
    if first.status_code() != 200 {
        return Ok(first);
    }
    let start: Position = strict_json::from_str(&first.text().await?).map_err(unreadable)?;
    let (mut position, mut text, mut lines, mut lookups) = (Some(start), String::new(), 0u64, 0u32);
    while let Some(at) = position.filter(|_| lookups < LOOKUPS && text.len() < PAGE_LENGTH) {
        let segment = ask("KV", stores.value(&at.next_key())).await?;
        let is_segment = segment.is_some();
        let read = match segment {
            Some(segment) => segment,
            // What KV does not hold yet comes from the object that will write it.
            None => tail(stores, request, at).await?,
        };
        lookups = lookups.saturating_add(if is_segment { 1 } else { 2 });
        let found = cut(&read, &at).map_err(unreadable)?;
        text.push_str(&found.text);
        lines = lines.saturating_add(found.lines);
        let next = match found.last {
            Some(after) if is_segment || found.read == u64::from(TAIL_LINES) => Position { after, ..at },
            // Fewer lines than asked for: there are no more in this log.
            _ => at.next_stage(),
        };
        position = (next.stage < STAGES).then_some(next);
    }
    let stop = Stop { lines, next: position, position: start };
    let stop = serde_json::to_string(&stop).map_err(unreadable)?;
    let mut end = internal(stores, request, "/internal/export/end", Some(&stop)).await?;
    if end.status_code() != 200 {
        return Ok(end);
    }
    text.push_str(&end.text().await?);
    text.push('\n');
    let headers = Headers::new();
    headers.set("content-type", "application/x-ndjson")?;
    headers.set("cache-control", "no-store")?;
    Ok(with_body(200, headers, text))
}

async fn tail(stores: &Stores, request: &Request, at: Position) -> Result<String, Refusal> {
    if let Some(shard) = at.stage.checked_sub(1) {
        return ask("CLICKLOG", async { stores.click_log(shard)?.tail(at.after, TAIL_LINES).await }).await;
    }
    let position = serde_json::to_string(&at).map_err(unreadable)?;
    let mut events = internal(stores, request, "/internal/export/events", Some(&position)).await?;
    if events.status_code() != 200 {
        return Err(unreadable(format!("the Ledger answers {} for its events", events.status_code())));
    }
    Ok(events.text().await?)
}

fn unreadable(error: impl std::fmt::Display) -> Refusal {
    worker::Error::RustError(error.to_string()).into()
}
