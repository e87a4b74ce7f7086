//! The export's decisions for the JavaScript that walks the logs (src/export.mjs): where to read next, and which lines
//! of what was read are wanted. A position travels as JSON, so that nothing of an instance is held between two reads.

use super::instance::thrown;
use crate::api::reports::export::{Position, STAGES, TAIL_LINES, cut};
use wasm_bindgen::prelude::*;

/// What one reading of a log comes to.
#[wasm_bindgen(getter_with_clone)]
pub struct ExportStep {
    /// The wanted lines, NDJSON.
    #[wasm_bindgen(readonly)]
    pub text: String,
    /// How many.
    #[wasm_bindgen(readonly)]
    pub lines: u32,
    /// Where to read next, a [`Position`]; nothing after the last log.
    #[wasm_bindgen(readonly)]
    pub next: Option<String>,
}

fn position(json: &str) -> Result<Position, JsValue> {
    strict_json::from_str(json).map_err(thrown)
}

/// The KV key of the segment that starts right behind a position, if one does.
#[wasm_bindgen]
pub fn export_key(position_json: &str) -> Result<String, JsValue> {
    Ok(position(position_json)?.next_key())
}

/// Lines that an object is asked for at once.
#[wasm_bindgen]
pub fn export_tail_lines() -> u32 {
    TAIL_LINES
}

/// Takes in what was read behind a position: a segment from KV, or else what the object tells that will write it.
#[wasm_bindgen]
pub fn export_step(position_json: &str, read: &str, from_kv: bool) -> Result<ExportStep, JsValue> {
    let position = position(position_json)?;
    let found = cut(read, &position).map_err(thrown)?;
    let next = match found.last {
        Some(after) if from_kv || found.read == u64::from(TAIL_LINES) => Position { after, ..position },
        // Fewer lines than asked for: there are no more in this log.
        _ => position.next_stage(),
    };
    let next = (next.stage < STAGES).then(|| serde_json::to_string(&next)).transpose().map_err(thrown)?;
    Ok(ExportStep { text: found.text, lines: u32::try_from(found.lines).unwrap_or(u32::MAX), next })
}
