//! Commands of the Ledger to the object of a destination.

use super::{config::Config, queue::Event};
use serde::{Deserialize, Serialize};

/// A command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Use this configuration from now on.
    Configure(Config),
    /// Deliver these events, which are a test or were requested again.
    Deliver(Vec<Event>),
    /// Deliver the events after `after` up to `through` again.
    Replay {
        /// The event before the first.
        after: i64,
        /// The last event.
        through: i64,
    },
    /// Delete everything. The destination is gone.
    Discard,
}
