//! Payout runs, payouts, and what belongs to them.

pub mod details;
pub mod files;
pub mod rates;
pub mod read;
pub mod runs;
mod selection;
pub mod settlement;
pub mod statement;
pub mod write_off;
