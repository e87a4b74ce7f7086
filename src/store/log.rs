//! The event log and what derives from it: changes, the outbox to KV, the deletion of old events and their reading from KV, stored
//! responses, restores, and totals for comparison.

pub mod apply;
pub mod archive;
pub mod change;
pub mod events;
pub mod idempotency;
pub mod outbox;
pub mod pruning;
pub mod redaction;
pub mod relay;
pub mod restored;
pub mod totals;
