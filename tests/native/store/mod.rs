//! The store: its schema versions, the cost of its statements, and rebuilding a Ledger from its log.

mod flat;
mod migrations;
pub mod replay;
mod segments;
mod statements;
