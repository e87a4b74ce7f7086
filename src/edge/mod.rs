//! The Worker: the only layer that uses `worker` and `wasm_bindgen`. Redirects use one synchronous export (`link.rs`).
//! Everything else is asynchronous Rust, and the JavaScript in `js/` only manages its instances.

mod assets;
mod callbacks;
mod clicks;
mod clicks_page;
mod cors;
mod deliveries_page;
mod dev_mail;
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
mod mail_reports;
mod mailer;
mod objects;
mod outgoing;
mod published;
mod random;
mod rate_limiter;
mod receiver;
mod refusal;
mod refused_callbacks;
mod report;
mod request_limit;
mod rpc;
mod simulations;
mod snapshot;
mod sql;
mod texts;
mod turns;
mod vendor_http;
mod zones;

use crate::domain::values::time::Timestamp;

/// The error of a call to an object that failed for this reason.
fn failed(error: impl std::fmt::Display) -> worker::Error {
    worker::Error::RustError(error.to_string())
}

/// Converts a time of JavaScript's clock, Unix milliseconds.
#[allow(clippy::as_conversions, reason = "a float of whole milliseconds; `as` saturates and maps NaN to 0")]
fn timestamp(ms: f64) -> Timestamp {
    Timestamp::clamped(ms as i64)
}

/// Converts whole milliseconds for JavaScript.
#[allow(clippy::as_conversions, reason = "times are far below 2^53, so the float is exact")]
fn milliseconds(ms: i64) -> f64 {
    ms as f64
}

/// Converts a whole number from JavaScript.
#[allow(
    clippy::as_conversions,
    reason = "positions and sequence numbers are whole and far below 2^53; `as` saturates"
)]
fn whole(number: f64) -> i64 {
    number as i64
}
