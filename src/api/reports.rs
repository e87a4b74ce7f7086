//! Reading across the whole programme: reports, balances, clicks, events, the export, and simulations.

pub mod attribution;
pub mod balances;
pub mod clicks;
pub mod events;
pub mod export;
pub mod money;
pub mod report_query;
mod report_table;
pub mod report_view;
pub mod scope;
pub mod simulation;
pub mod trial_balance;
