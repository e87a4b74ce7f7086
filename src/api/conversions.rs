//! Conversions, their refunds and their commissions.

pub mod commissions;
pub mod create;
pub mod history;
pub mod installs;
pub mod qualify;
pub mod read;
pub mod refunds;
pub mod request;
