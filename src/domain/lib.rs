//! The domain rules: pure, synchronous functions of their arguments. Nothing here reads a clock, draws a random number
//! or accesses a store; callers pass in the time, randomness and rows.
//!
//! This is a separate crate for two reasons: it cannot depend on the layers above it, and the release profile optimises
//! it for speed while the rest of the Worker is optimised for size (see the workspace's Cargo.toml), because every
//! redirect runs through this code.

// A panic aborts the wasm instance that all requests share, so panicking operations are denied outside of tests.
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

pub mod attribution;
pub mod callback;
pub mod clicks;
pub mod conversions;
pub mod delivery;
pub mod event;
pub mod import;
pub mod links;
pub mod money;
pub mod payouts;
pub mod programme;
pub mod values;
