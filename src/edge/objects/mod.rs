//! The Durable Objects: storage, alarms, and calls between objects. The rules are in `api` and `store`.

mod alarm;
mod clicklog;
mod destination;
mod event_pruning;
mod event_relay;
mod ledger;
mod log_redaction;
mod relay;
mod simulation;

#[cfg(feature = "faults")]
pub use alarm::Alarm;
pub use alarm::now_ms;
