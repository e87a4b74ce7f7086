//! `GET /v1/export`: walks the logs page by page; `api/export.rs` decides what a page holds.

use super::{
    objects::{self, Call},
    router::{Outcome, down, ours},
};
use crate::api::{
    export::{Cut, Position, STAGES, Stop, TAIL_LINES, cut},
    problem::Problem,
};
use worker::{Env, Headers, ResponseBuilder, kv::KvStore};

/// Look-ups a page: well within the 50 that the platform's free plan allows.
const LOOKUPS: u32 = 40;
/// A page is full when it has so many bytes.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// A page of the export.
pub async fn export(env: &Env, call: &Call) -> Outcome {
    let start = match objects::ledger_text(env, &call.aimed("GET", "/internal/export"), b"").await? {
        Ok(start) => start,
        Err(refused) => return Ok(refused),
    };
    let start: Position = crate::domain::json::read(&start)?;
    let kv = env.kv("KV").map_err(ours)?;
    let (mut position, mut text, mut lines) = (start, String::new(), 0u64);
    let mut lookups = 0u32;
    while position.stage < STAGES && lookups < LOOKUPS && text.len() < PAGE_BYTES {
        let (found, from_kv) = next(env, &kv, call, &position).await?;
        lookups = lookups.saturating_add(if from_kv { 1 } else { 2 });
        match found.last {
            Some(last) if from_kv || found.read == u64::from(TAIL_LINES) => position.after = last,
            _ => position = position.next_stage(),
        }
        text.push_str(&found.text);
        lines = lines.saturating_add(found.lines);
    }
    let next = (position.stage < STAGES).then_some(position);
    let stop = serde_json::to_vec(&Stop { lines, next, position: start })?;
    match objects::ledger_text(env, &call.aimed("POST", "/internal/export/end"), &stop).await? {
        Ok(end) => text.push_str(&end),
        Err(refused) => return Ok(refused),
    }
    text.push('\n');
    let headers = Headers::new();
    headers.set("content-type", "application/x-ndjson").map_err(ours)?;
    headers.set("cache-control", "no-store").map_err(ours)?;
    Ok(ResponseBuilder::new().with_headers(headers).fixed(text.into_bytes()))
}

/// What the log holds right behind `position`: from KV if a segment starts there (then `true`), else from the object
/// that will write it.
async fn next(env: &Env, kv: &KvStore, call: &Call, position: &Position) -> Result<(Cut, bool), Problem> {
    let segment = kv.get(&position.next_key()).text().await.map_err(|error| down("KV", error))?;
    if let Some(segment) = segment {
        return Ok((cut(&segment, position)?, true));
    }
    let tail = match position.stage.checked_sub(1) {
        None => {
            let body = serde_json::to_vec(position)?;
            let tail =
                objects::ledger_text(env, &call.aimed("POST", "/internal/export/events"), &body).await?;
            tail.map_err(|refused| down("LEDGER", refused.status_code()))?
        }
        Some(shard) => {
            let body = format!("{{\"after\":{},\"limit\":{TAIL_LINES}}}", position.after);
            objects::shard(env, shard, "/tail", &body).await?
        }
    };
    Ok((cut(&tail, position)?, false))
}
