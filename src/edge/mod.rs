//! The Worker: everything that names `worker` or `wasm_bindgen`. Redirects take one synchronous export (`link.rs`); everything
//! else is asynchronous Rust, of which the JavaScript in `js/` only keeps the instances.

mod callbacks;
mod clicks;
mod clicks_page;
mod exchange;
mod expiring_cache;
mod export;
#[cfg(feature = "faults")]
mod faults;
mod fetch;
mod guard;
mod http;
mod known_links;
mod link;
mod objects;
mod outgoing;
mod published;
mod random;
mod rate_limiter;
mod refusal;
mod rpc;
mod snapshot;
mod sql;
mod vendor_http;
mod zones;

use crate::domain::values::time::Timestamp;

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
