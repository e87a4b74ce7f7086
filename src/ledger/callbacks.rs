//! What verified callbacks of marketplaces report becomes conversions, refunds and account records.

pub mod accounts;
pub mod calls;
pub mod charges;
pub mod emails;
pub mod handoff;
pub mod identifiers;
pub mod kept;
pub mod listing;
pub mod refunds;
pub mod report;
pub mod retry;
pub mod token_responses;
