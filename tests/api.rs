//! The HTTP contract, natively: each route, each outcome, and what stands in the tables afterwards.

mod support;

#[path = "api/money.rs"]
mod money;
