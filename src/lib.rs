//! Signpost: signed referral links, verified conversions, and a double-entry ledger at the edge.
//!
//! Layers import one way: `edge → api → store → domain` (ARCHITECTURE.md). Everything but `edge` is
//! synchronous and free of JavaScript, so the very code that runs in workerd runs in `cargo test`.

pub mod api;
pub mod domain;
#[cfg(target_arch = "wasm32")]
mod edge;
pub mod replay;
pub mod store;
