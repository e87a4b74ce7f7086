//! A ClickLog object: one shard in the object's SQLite. Its alarm forwards batches to other shards, counts to the
//! Ledger and segments to KV.

use super::alarm::{Alarm, STEPS_PER_ALARM, now_ms};
use crate::{
    domain::programme::id::ProgrammeId,
    edge::{
        failed,
        guard::{call_of, promise, tracked},
        http::with_timeout,
        milliseconds,
        refusal::thrown,
        rpc::{STORE_TIMEOUT, Stores},
        sql::DurableSql,
        timestamp, whole,
    },
    store::clicks::{ClickLog, Counts, ForwardBatch, PageQuery, Recent, Segment, Work},
};
use futures_util::future::join3;
use js_sys::Promise;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::prelude::*;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The delay between the first click of a set of counts and their delivery to the Ledger.
const COUNTS_AFTER_MS: f64 = 1_250.0;
/// How long clicks of other shards are collected before they are forwarded.
const FORWARD_AFTER_MS: f64 = 500.0;

/// The class that JavaScript extends (`js/objects.mjs`).
#[durable_object(alarm)]
pub struct ClickLogObject {
    shard: Rc<Shard>,
}

struct Shard {
    stores: Stores,
    alarm: Alarm,
    sql: DurableSql,
    number: u8,
    recent: Rc<RefCell<Recent>>,
    ready: std::result::Result<(), String>,
}

/// Returns the first error. All results are complete by then, so that a failing store does not stop writes to the
/// others.
fn first_error<const N: usize>(results: [Result<()>; N]) -> Result<()> {
    results.into_iter().collect()
}

impl Shard {
    fn log(&self) -> Result<ClickLog<'_>> {
        match &self.ready {
            Ok(()) => Ok(ClickLog::opened(&self.sql, self.number, Rc::clone(&self.recent))),
            Err(cause) => Err(failed(cause)),
        }
    }

    fn append(&self, records: &str) -> Result<()> {
        self.log()?.append(records).map(drop).map_err(failed)
    }

    /// Runs the work that is due. Returns when work is due again (Unix milliseconds).
    async fn work(&self) -> Result<Option<f64>> {
        // Batches that arrive later wait for the next alarm.
        let (mut batches, more) = self.log()?.batches_to_forward().map_err(failed)?;
        for _ in 0..STEPS_PER_ALARM {
            let Work { counts, segment, next_at_ms } =
                self.log()?.due(timestamp(now_ms())).map_err(failed)?;
            if batches.is_empty() && counts.is_none() && segment.is_none() {
                return Ok(if more { Some(now_ms()) } else { next_at_ms.map(milliseconds) });
            }
            let forwarding = std::mem::take(&mut batches);
            let (forwarded, sent, written) =
                join3(self.forward(&forwarding), self.send_counts(counts), self.write_segment(segment)).await;
            first_error([forwarded, sent, written])?;
        }
        Ok(Some(now_ms()))
    }

    /// Forwards batches one after the other, so that other requests get a turn in between. If a shard fails, only its
    /// own batch stays queued.
    async fn forward(&self, batches: &[ForwardBatch]) -> Result<()> {
        let mut forwarded = Vec::new();
        let mut outcome = Ok(());
        for batch in batches {
            let delivered = if batch.shard == self.number {
                self.append(&batch.records)
            } else {
                let append = async { self.stores.click_log(batch.shard)?.append(&batch.records).await };
                with_timeout(STORE_TIMEOUT, append).await
            };
            match delivered {
                Ok(()) => forwarded.push(batch),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        // All acknowledgements are written without an await between them, so they are one commit. A shard stores a
        // batch that arrives again only once.
        for batch in forwarded {
            self.log()?.forwarded(batch.shard, batch.last).map_err(failed)?;
        }
        outcome
    }

    async fn send_counts(&self, counts: Option<Counts>) -> Result<()> {
        let Some(counts) = counts else { return Ok(()) };
        let apply = async { self.stores.ledger()?.apply_counts(&counts.body).await };
        with_timeout(STORE_TIMEOUT, apply).await?;
        self.log()?.counts_sent(counts.seq).map_err(failed)
    }

    async fn write_segment(&self, segment: Option<Segment>) -> Result<()> {
        let Some(segment) = segment else { return Ok(()) };
        let put = async {
            let builder = self.stores.kv()?.put(&self.stores.key(&segment.key), segment.value.as_str())?;
            Ok(builder.metadata(segment.metadata)?.execute().await?)
        };
        with_timeout(STORE_TIMEOUT, put).await?;
        self.log()?.segment_written(segment.first).map_err(failed)
    }
}

impl DurableObject for ClickLogObject {
    fn new(state: State, env: Env) -> Self {
        let name = state.id().name().unwrap_or_default();
        let parsed = ProgrammeId::of_click_log(&name);
        let sql = DurableSql::new(AsRef::<JsValue>::as_ref(state.storage().as_raw()).clone());
        let (programme, number) = parsed.clone().unwrap_or((ProgrammeId::MAIN, 0));
        let ready = match parsed {
            Some(_) => ClickLog::open(&sql, number).map(drop).map_err(|error| error.to_string()),
            None => Err(format!("{name:?} is not the name of a shard")),
        };
        if let Err(cause) = &ready {
            worker::console_error!("click log {name}: not ready: {cause}");
        }
        let (stores, alarm) = (Stores::new(env, programme), Alarm::new(state, "ClickLog"));
        Self { shard: Rc::new(Shard { stores, alarm, sql, number, recent: Rc::default(), ready }) }
    }

    /// Responds 404, because ClickLogs are called by RPC only.
    async fn fetch(&self, _: Request) -> Result<Response> {
        Response::error("not found", 404)
    }

    async fn alarm(&self) -> Result<Response> {
        let shard = Rc::clone(&self.shard);
        let call = call_of(shard.alarm.state().as_raw().as_ref());
        tracked(call, async move {
            shard.alarm.started();
            match shard.work().await {
                Ok(next) => shard.alarm.succeeded(next).await?,
                Err(error) => shard.alarm.failed(&error.to_string()).await?,
            }
            Response::empty()
        })
        .await
    }
}

impl ClickLogObject {
    /// Sets the alarm if it would run too late. Usually it would not, and then there is no promise to wait for.
    fn schedule(&self, call: u32, after_ms: f64) -> Option<Promise> {
        let at = now_ms() + after_ms;
        let shard = Rc::clone(&self.shard);
        shard.alarm.is_late_for(at).then(|| {
            promise(call, async move {
                shard.alarm.schedule(Some(at)).await?;
                Ok(JsValue::UNDEFINED)
            })
        })
    }
}

/// The methods that the class in `js/objects.mjs` calls. Asynchronous methods receive the number of the call.
#[wasm_bindgen]
impl ClickLogObject {
    /// Records that the alarm panicked. It runs in the next instance.
    pub fn alarm_panicked(&self, call: u32, error: String) -> Promise {
        let shard = Rc::clone(&self.shard);
        promise(call, async move {
            shard.alarm.failed(&error).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Stores a batch of records of the shard: a JSON array, UTF-8. Records that are already stored are ignored.
    pub fn append(&self, call: u32, records: &[u8]) -> std::result::Result<Option<Promise>, JsValue> {
        self.shard.append(std::str::from_utf8(records).map_err(thrown)?).map_err(thrown)?;
        Ok(self.schedule(call, COUNTS_AFTER_MS))
    }

    /// Stores packed visits of an export: a JSON array, UTF-8. Visits that are already stored are ignored.
    pub fn restore(&self, call: u32, packed: &[u8]) -> std::result::Result<Option<Promise>, JsValue> {
        let packed = std::str::from_utf8(packed).map_err(thrown)?;
        self.shard.log().map_err(thrown)?.restore(packed).map_err(thrown)?;
        Ok(self.schedule(call, COUNTS_AFTER_MS))
    }

    /// Stores records of several shards for forwarding: a JSON object of arrays by shard, UTF-8.
    pub fn take(&self, call: u32, by_shard: &[u8]) -> std::result::Result<Option<Promise>, JsValue> {
        let by_shard = std::str::from_utf8(by_shard).map_err(thrown)?;
        self.shard.log().map_err(thrown)?.store_for_forwarding(by_shard).map_err(thrown)?;
        Ok(self.schedule(call, FORWARD_AFTER_MS))
    }

    /// Returns a page of clicks, newest first. The query and the page are JSON.
    pub fn page(&self, query: &str) -> std::result::Result<String, JsValue> {
        let query: PageQuery = strict_json::from_str(query).map_err(thrown)?;
        self.shard.log().map_err(thrown)?.page(&query).map_err(thrown)
    }

    /// Returns the number of clicks of all pages of a query, JSON.
    pub fn count(&self, query: &str) -> std::result::Result<f64, JsValue> {
        let query: PageQuery = strict_json::from_str(query).map_err(thrown)?;
        self.shard.log().map_err(thrown)?.count(&query).map(milliseconds).map_err(thrown)
    }

    /// Returns at most `limit` clicks after position `after` of the shard's log, NDJSON.
    pub fn tail(&self, after: f64, limit: u32) -> std::result::Result<String, JsValue> {
        self.shard.log().map_err(thrown)?.tail(whole(after), limit).map_err(thrown)
    }

    /// Returns the ids of the visitor's clicks before this one, joined by full stops. Returns `None` if the shard does
    /// not have the click.
    pub fn trail(&self, click_id: &str) -> std::result::Result<Option<String>, JsValue> {
        let trail = self.shard.log().map_err(thrown)?.trail(click_id).map_err(thrown)?;
        Ok(trail.map(|trail| trail.join(".")))
    }

    /// Returns the time before which the Ledger has every click that came to this shard.
    pub fn watermark(&self) -> std::result::Result<f64, JsValue> {
        let watermark = self.shard.log().map_err(thrown)?.watermark(timestamp(now_ms())).map_err(thrown)?;
        Ok(milliseconds(watermark.ms()))
    }

    /// Returns the position of the newest click.
    pub fn last(&self) -> std::result::Result<f64, JsValue> {
        self.shard.log().map_err(thrown)?.last_position().map(milliseconds).map_err(thrown)
    }
}
