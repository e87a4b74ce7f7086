//! The log of events and what follows from it: changes, the outbox to KV, first answers, and totals for comparison.

pub mod change;
pub mod events;
pub mod idempotency;
pub mod outbox;
pub mod totals;
