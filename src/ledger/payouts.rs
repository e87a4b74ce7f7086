//! Payout runs and payouts: computing and approving a run, settling its payouts, exchange rates, payout details, and
//! writing off negative balances.

pub mod details;
pub mod payment_files;
pub mod rates;
pub mod run_view;
pub mod runs;
pub mod settlement;
pub mod view;
pub mod write_off;
