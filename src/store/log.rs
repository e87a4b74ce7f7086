//! The event log and what derives from it: changes, the outbox to KV, stored responses, restores, and totals for comparison.

pub mod apply;
pub mod change;
pub mod events;
pub mod idempotency;
pub mod outbox;
pub mod redaction;
pub mod relay;
pub mod restored;
pub mod totals;
