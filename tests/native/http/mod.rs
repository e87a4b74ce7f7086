//! The HTTP contract: each route, each outcome, and the rows that it leaves in the tables.

mod answers;
mod auth;
mod bad_fields;
pub mod bad_input;
mod browsers;
mod examples;
mod filter_costs;
mod filters;
mod lists;
mod page_leads;
mod problems;
mod queries;
mod tables;
mod visibility;
