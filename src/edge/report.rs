//! `GET /v1/attribution`: the Ledger answers it, and the header `signpost-complete-through` states the time up to which no
//! further click can change the report.

use super::{
    http::{self, Refusal, with_timeout},
    rpc::Stores,
    timestamp,
};
use crate::domain::{clicks::click::SHARDS, values::time::Timestamp};
use futures_util::future::join_all;
use std::{cell::RefCell, collections::BTreeMap, time::Duration};
use worker::{Headers, Request, Response, web_sys};

const COMPLETE_THROUGH: &str = "signpost-complete-through";
/// How long a report waits for a shard. A shard that does not respond holds the watermark back to the last one known.
const SHARD_TIMEOUT: Duration = Duration::from_millis(500);
/// How long the watermarks of this instance are used again, so that pages that poll do not wake every shard each time.
const REUSED_MS: f64 = 1_000.0;

/// The watermarks of the shards that have responded to this instance. A watermark that was true once stays true.
#[derive(Default)]
struct Known {
    asked_at: f64,
    shards: BTreeMap<u8, Timestamp>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Responds with the report. The shards are asked first, so that the Ledger has what they say it has.
pub async fn handle(stores: &Stores, request: Request) -> std::result::Result<Response, Refusal> {
    let watermark = watermark(stores).await;
    let response = http::forward(stores, request).await?;
    let (Some(watermark), 200 | 304) = (watermark, response.status_code()) else { return Ok(response) };
    // The headers of a fetched response are immutable.
    let headers =
        Headers(web_sys::Headers::new_with_headers(&response.headers().0).map_err(worker::Error::from)?);
    headers.set(COMPLETE_THROUGH, &watermark.to_string())?;
    Ok(response.with_headers(headers))
}

/// Returns the time before which the Ledger has all clicks; `None` if a shard never responded.
async fn watermark(stores: &Stores) -> Option<Timestamp> {
    let now = super::objects::now_ms();
    if now - KNOWN.with_borrow(|known| known.asked_at) >= REUSED_MS {
        let (first, second) = (ask(stores).await, ask(stores).await);
        KNOWN.with_borrow_mut(|known| {
            known.asked_at = now;
            for (shard, earlier) in first {
                // A click may be forwarded from one shard to another between two questions. In one of the two rounds, one of
                // the shards still has it.
                if let Some(later) = second.get(&shard) {
                    let both = earlier.min(*later);
                    known.shards.entry(shard).and_modify(|at| *at = both.max(*at)).or_insert(both);
                }
            }
        });
    }
    KNOWN.with_borrow(|known| {
        let is_complete = known.shards.len() == usize::from(SHARDS);
        known.shards.values().min().copied().filter(|_| is_complete)
    })
}

/// Returns the watermarks of the shards that respond.
async fn ask(stores: &Stores) -> BTreeMap<u8, Timestamp> {
    let questions = (0..SHARDS).map(|shard| async move {
        let watermark = async { stores.click_log(shard)?.watermark().await };
        match with_timeout(SHARD_TIMEOUT, watermark).await {
            Ok(watermark) => Some((shard, timestamp(watermark))),
            Err(error) => {
                worker::console_warn!("a shard did not tell how far its counts reach: {error}");
                None
            }
        }
    });
    join_all(questions).await.into_iter().flatten().collect()
}
