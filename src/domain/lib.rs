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

pub mod agreement;
pub mod attribution;
pub mod bot;
pub mod bucket;
pub mod calendar;
pub mod click;
pub mod conversion;
pub mod coupon;
pub mod date;
pub mod destination;
pub mod digest;
pub mod entropy;
pub mod event;
pub mod fraud;
pub mod fx;
pub mod guide;
pub mod iban;
pub mod id;
pub mod key;
pub mod keyring;
pub mod ledger;
pub mod link;
pub mod listing;
pub mod money;
pub mod order;
pub mod partner;
pub mod payer;
pub mod payout;
pub mod placement;
pub mod plan;
pub mod program;
pub mod programme_id;
pub mod redirect;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod token;
pub mod trail;
pub mod visit;
pub mod visitor;
pub mod words;
pub mod zone;
