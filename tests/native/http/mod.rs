//! The HTTP contract, natively: each route, each outcome, and what stands in the tables afterwards.

mod answers;
mod auth;
mod bad_fields;
pub mod bad_input;
mod examples;
mod lists;
mod problems;
