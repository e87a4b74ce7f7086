//! All that names `wasm_bindgen`: the surfaces that the JavaScript entry and the objects call. Every call is
//! synchronous: input and output, and all waiting, are JavaScript's (src/*.mjs).

mod callback;
mod clicklog;
mod export;
mod instance;
mod ledger;
mod random;
mod redirect;
mod sql;
mod zones;

use crate::{api::health::HealthView, domain::values::time::Timestamp};
use wasm_bindgen::prelude::*;

/// The answer of `GET /healthz`.
#[wasm_bindgen]
pub fn health() -> String {
    serde_json::to_string(&HealthView::ok()).unwrap_or_default()
}

/// JavaScript's clock as an instant.
#[allow(clippy::as_conversions, reason = "a float of whole milliseconds; `as` saturates and maps NaN to 0")]
fn timestamp(ms: f64) -> Timestamp {
    Timestamp::clamped(ms as i64)
}

/// Whole milliseconds for JavaScript.
#[allow(clippy::as_conversions, reason = "times lie far below 2^53, so the float is exact")]
fn milliseconds(ms: i64) -> f64 {
    ms as f64
}

/// A whole number of JavaScript's.
#[allow(
    clippy::as_conversions,
    reason = "places and sequence numbers are whole and far below 2^53; `as` saturates"
)]
fn whole(number: f64) -> i64 {
    number as i64
}
