//! Rows of the objects that deliver events: the queue of a destination, its attempts, and the destinations that the relay has not
//! reached.

pub mod attempts;
pub mod command;
pub mod config;
pub mod mails;
pub mod queue;
pub mod replays;
pub mod unreached;
