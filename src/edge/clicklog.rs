//! One ClickLog object: the shard's rules over its own SQLite, synchronously.

use super::{
    instance::{log, thrown},
    sql::DurableSql,
};
use crate::store::clicks::{ClickLog, ForwardBatch, PageQuery, Recent, Work};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::prelude::*;

/// What a shard has to do, for JavaScript: see [`Work`]. A segment is long, so it crosses as it is, not as JSON in JSON.
#[wasm_bindgen(getter_with_clone)]
pub struct ClickLogWork {
    /// Number of the row of counts to send.
    #[wasm_bindgen(readonly)]
    pub counts_seq: Option<f64>,
    /// The row.
    #[wasm_bindgen(readonly)]
    pub counts_body: Option<String>,
    /// Place of the first click of the segment to write.
    #[wasm_bindgen(readonly)]
    pub segment_first: Option<f64>,
    /// Its KV key.
    #[wasm_bindgen(readonly)]
    pub segment_key: Option<String>,
    /// Its lines.
    #[wasm_bindgen(readonly)]
    pub segment_value: Option<String>,
    /// Its extent, JSON.
    #[wasm_bindgen(readonly)]
    pub segment_metadata: Option<String>,
    /// When to ask again.
    #[wasm_bindgen(readonly)]
    pub next_at_ms: Option<f64>,
}

/// Clicks to pass on: see [`Parcel`].
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone)]
pub struct ClickLogParcel {
    /// Their shard.
    #[wasm_bindgen(readonly)]
    pub shard: u8,
    /// A JSON array of records.
    #[wasm_bindgen(readonly)]
    pub records: String,
    /// Names the parcel when it is acknowledged.
    #[wasm_bindgen(readonly)]
    pub last: f64,
}

/// All that is passed on at once.
#[wasm_bindgen(getter_with_clone)]
pub struct ClickLogParcels {
    /// One a shard.
    #[wasm_bindgen(readonly)]
    pub parcels: Vec<ClickLogParcel>,
    /// Whether there is more.
    #[wasm_bindgen(readonly)]
    pub more: bool,
}

/// One ClickLog object.
#[wasm_bindgen]
pub struct ClickLogHandle {
    sql: DurableSql,
    shard: u8,
    recent: Rc<RefCell<Recent>>,
    ready: Result<(), String>,
}

#[wasm_bindgen]
impl ClickLogHandle {
    /// Opens the object's database and brings its schema up to date.
    pub fn open(storage: JsValue, shard: u8) -> Self {
        let sql = DurableSql::new(storage);
        let ready = ClickLog::open(&sql, shard).map(drop).map_err(|error| error.to_string());
        if let Err(cause) = &ready {
            log(&format!("click log {shard}: not ready: {cause}"));
        }
        Self { sql, shard, recent: Rc::default(), ready }
    }

    fn log(&self) -> Result<ClickLog<'_>, JsValue> {
        match &self.ready {
            Ok(()) => Ok(ClickLog::opened(&self.sql, self.shard, Rc::clone(&self.recent))),
            Err(cause) => Err(thrown(cause)),
        }
    }

    /// Takes a batch of records in: a JSON array, UTF-8, of what redirects hand out. Answers how many were new.
    pub fn append(&self, records_json: &[u8]) -> Result<usize, JsValue> {
        let records_json = std::str::from_utf8(records_json).map_err(thrown)?;
        self.log()?.append(records_json).map_err(thrown)
    }

    /// Takes clicks in that belong to several shards: a JSON object, UTF-8, of arrays of records by shard.
    pub fn take(&self, by_shard_json: &[u8]) -> Result<(), JsValue> {
        self.log()?.store_for_forwarding(std::str::from_utf8(by_shard_json).map_err(thrown)?).map_err(thrown)
    }

    /// What is to be passed on to other shards.
    pub fn parcels(&self) -> Result<ClickLogParcels, JsValue> {
        let (parcels, more) = self.log()?.batches_to_forward().map_err(thrown)?;
        let parcels = parcels
            .into_iter()
            .map(|ForwardBatch { shard, records, last }| ClickLogParcel {
                shard,
                records,
                last: super::milliseconds(last),
            })
            .collect();
        Ok(ClickLogParcels { parcels, more })
    }

    /// Notes that a shard has its parcel.
    pub fn passed_on(&self, shard: u8, last: f64) -> Result<(), JsValue> {
        self.log()?.forwarded(shard, super::whole(last)).map_err(thrown)
    }

    /// What is to be done now: see [`crate::store::clicks::Work`].
    pub fn due(&self, now_ms: f64) -> Result<ClickLogWork, JsValue> {
        let Work { counts, segment, next_at_ms } =
            self.log()?.due(super::timestamp(now_ms)).map_err(thrown)?;
        let (counts_seq, counts_body) =
            counts.map(|counts| (super::milliseconds(counts.seq), counts.body)).unzip();
        let segment_first = segment.as_ref().map(|segment| super::milliseconds(segment.first));
        let segment_metadata = segment
            .as_ref()
            .map(|segment| serde_json::to_string(&segment.metadata))
            .transpose()
            .map_err(thrown)?;
        let (segment_key, segment_value) = segment.map(|segment| (segment.key, segment.value)).unzip();
        let next_at_ms = next_at_ms.map(super::milliseconds);
        Ok(ClickLogWork {
            counts_seq,
            counts_body,
            segment_first,
            segment_key,
            segment_value,
            segment_metadata,
            next_at_ms,
        })
    }

    /// Notes that the Ledger has applied these counts.
    pub fn counts_sent(&self, seq: f64) -> Result<(), JsValue> {
        self.log()?.counts_sent(super::whole(seq)).map_err(thrown)
    }

    /// Notes that KV has the segment that starts at `first`.
    pub fn segment_written(&self, first: f64) -> Result<(), JsValue> {
        self.log()?.segment_written(super::whole(first)).map_err(thrown)
    }

    /// A page of clicks, newest first: see [`ClickLog::page`].
    pub fn page(&self, query_json: &str) -> Result<String, JsValue> {
        let query: PageQuery = strict_json::from_str(query_json).map_err(thrown)?;
        self.log()?.page(&query).map_err(thrown)
    }

    /// Clicks behind a place of the shard's log, NDJSON.
    pub fn tail(&self, after: f64, limit: u32) -> Result<String, JsValue> {
        self.log()?.tail(super::whole(after), limit).map_err(thrown)
    }

    /// The visitor's click ids before this click, JSON; nothing if it is not stored here.
    pub fn trail(&self, click_id: &str) -> Result<Option<String>, JsValue> {
        let trail = self.log()?.trail(click_id).map_err(thrown)?;
        trail.map(|trail| serde_json::to_string(&trail)).transpose().map_err(thrown)
    }

    /// Place of the newest click.
    pub fn last_place(&self) -> Result<f64, JsValue> {
        self.log()?.last_position().map(super::milliseconds).map_err(thrown)
    }
}
