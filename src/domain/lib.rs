//! The rules: pure, synchronous functions of their arguments. Nothing here reads a clock, draws a random
//! number or touches a store; time, entropy and rows come in as arguments.
//!
//! A crate of its own for two reasons: it cannot even name what lies above it, and it is compiled for speed while the rest
//! is compiled for size (Cargo.toml), because a redirect runs through here and through nothing else of ours. What no
//! redirect runs through is `#[inline]`: such a function is compiled with the crate that calls it, and so for size.

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

pub mod attribution;
pub mod clicks;
pub mod conversions;
pub mod event;
pub mod links;
pub mod money;
pub mod payouts;
pub mod programme;
pub mod values;
