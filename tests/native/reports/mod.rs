//! Reports: the attribution report, the counts behind it, and simulations of other rules.

mod counts;
mod dimensions;
pub mod month;
mod report;
mod simulation;
