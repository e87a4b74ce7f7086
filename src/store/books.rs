//! Rows of the double-entry books: accounts, transfers, exchange rates and the trial balance.

pub mod accounts;
pub mod fx;
pub mod transfers;
pub mod trial_balance;
