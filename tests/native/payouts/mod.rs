//! Payouts: from what is payable to the provider's reference, and back.
//!
//! Failure is: a unit that is paid twice, or never; a run that changes after it was approved; a refusal that writes anything; an
//! account number in the log, in an error, or in an answer; a file or a statement that differs from its golden copy; balances of a
//! replay that differ.

mod details;
mod files;
mod fx;
mod life;
mod lists;
mod random;
mod refusals;
mod reports;
mod statements;
mod tables;
mod world;
