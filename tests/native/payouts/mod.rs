//! Payouts, from the payable balance to the provider's reference and back.
//!
//! These tests fail if an amount is paid twice or never; if a run changes after its approval; if a refused request
//! writes anything; if an account number appears in the log, in an error or in a response; if a file or a statement
//! differs from its golden copy; or if a replay has other balances.

mod destinations;
mod details;
mod files;
mod fx;
mod lifecycle;
mod lists;
mod random;
mod refusals;
mod reports;
mod returns;
mod statements;
mod tables;
mod world;
