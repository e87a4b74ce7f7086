//! `GET /v1/export`: reads a page of the logs. `api/reports/export.rs` decides the contents of a page.

use super::{
    http::{Refusal, call_store, internal_request, with_body},
    rpc::Stores,
};
use crate::api::{
    http::cors,
    reports::export::{End, MORE_HEADER, Position, STAGES, Stop, TAIL_LINES, cut},
};
use std::{collections::BTreeMap, time::Duration};
use worker::{Delay, Headers, Request, Response};

/// The maximum number of lookups for a page, below the 50 that the platform's free plan allows.
const MAX_LOOKUPS: u32 = 40;
/// The length in bytes from which a page is full. `POST /v1/restore` accepts a page with what its last segment adds.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// How often the last page asks for its end, if its clicks are still on their way to the Ledger's counts. They take about a
/// second.
const COUNTS_ATTEMPTS: u32 = 4;
/// The pause between these attempts.
const COUNTS_PAUSE: Duration = Duration::from_millis(750);

/// Responds with a page of the export, NDJSON.
pub async fn handle(stores: &Stores, request: &Request) -> Result<Response, Refusal> {
    let mut first = internal_request(stores, request, "/internal/export", None).await?;
    if first.status_code() != 200 {
        return Ok(first);
    }
    let start: Position = strict_json::from_str(&first.text().await?).map_err(malformed)?;
    let (mut position, mut text, mut lines, mut lookups) = (Some(start), String::new(), 0u64, 0u32);
    let mut exported: BTreeMap<u8, i64> = BTreeMap::new();
    while let Some(at) = position.filter(|_| lookups < MAX_LOOKUPS && text.len() < PAGE_BYTES) {
        let segment = call_store("KV", stores.value(&at.next_key())).await?;
        let is_segment = segment.is_some();
        let (lines_read, has_more) = match segment {
            Some(segment) => (segment, true),
            // A segment that is not in KV yet is read from the object that will write it.
            None => tail(stores, request, at).await?,
        };
        lookups = lookups.saturating_add(if is_segment { 1 } else { 2 });
        let found = cut(&lines_read, &at).map_err(malformed)?;
        text.push_str(&found.text);
        lines = lines.saturating_add(found.lines);
        if let (Some(shard), Some(last)) = (at.stage.checked_sub(1), found.last) {
            exported.insert(shard, last);
        }
        let next = match found.last {
            Some(after) if has_more || found.read == u64::from(TAIL_LINES) => Position { after, ..at },
            // This log has no more lines.
            _ => at.next_stage(),
        };
        position = (next.stage < STAGES).then_some(next);
    }
    let stop = Stop { lines, next: position, position: start };
    let stop = serde_json::to_string(&stop).map_err(malformed)?;
    let headers = Headers::new();
    for attempt in 1..=COUNTS_ATTEMPTS {
        let mut end = internal_request(stores, request, "/internal/export/end", Some(&stop)).await?;
        if end.status_code() != 200 {
            return Ok(end);
        }
        let line = end.text().await?;
        if attempt == COUNTS_ATTEMPTS || End::includes(&line, &exported) {
            for name in [cors::ALLOW_ORIGIN, cors::EXPOSE_HEADERS, cors::VARY] {
                if let Some(value) = end.headers().get(name)? {
                    headers.set(name, &value)?;
                }
            }
            text.push_str(&line);
            text.push('\n');
            break;
        }
        Delay::from(COUNTS_PAUSE).await;
    }
    headers.set("content-type", "application/x-ndjson")?;
    headers.set("cache-control", "no-store")?;
    Ok(with_body(200, headers, text))
}

/// Returns lines that are not in KV yet, and whether it is known that more follow.
async fn tail(stores: &Stores, request: &Request, at: Position) -> Result<(String, bool), Refusal> {
    if let Some(shard) = at.stage.checked_sub(1) {
        let tail = async { stores.click_log(shard)?.tail(at.after, TAIL_LINES).await };
        return Ok((call_store("CLICKLOG", tail).await?, false));
    }
    let position = serde_json::to_string(&at).map_err(malformed)?;
    let mut events = internal_request(stores, request, "/internal/export/events", Some(&position)).await?;
    if events.status_code() != 200 {
        return Err(malformed(format!("the Ledger returned {} for its events", events.status_code())));
    }
    let has_more = events.headers().get(MORE_HEADER)?.as_deref() == Some("true");
    Ok((events.text().await?, has_more))
}

fn malformed(error: impl std::fmt::Display) -> Refusal {
    worker::Error::RustError(error.to_string()).into()
}
