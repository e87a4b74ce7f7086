//! Signpost: signed referral links, verified conversions, and a double-entry ledger at the edge.
//!
//! Layers import one way: `edge → api → ledger → store → domain` (ARCHITECTURE.md). Everything but `edge` is
//! synchronous and free of JavaScript, so the very code that runs in workerd runs in `cargo test`.

// A panic ends the wasm instance that everyone shares, so what can panic does not compile. Tests may.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::let_underscore_must_use
    )
)]

pub mod api;
pub mod delivery;
pub mod documents;
#[cfg(target_arch = "wasm32")]
mod edge;
pub mod ledger;
pub mod mail;
pub mod marketplace;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
#[cfg(not(target_arch = "wasm32"))]
pub mod replay;
pub mod store;

pub use domain;
