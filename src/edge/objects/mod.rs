//! The Durable Objects: storage, alarms, and calls to one another. What they decide is decided in `api` and `store`.

mod alarm;
mod clicklog;
mod ledger;

#[cfg(feature = "faults")]
pub use alarm::Alarm;
