//! Deliveries of events to systems outside: to which hosts they may go, in which order, how often they are attempted, and how they
//! are signed.

pub mod endpoint;
pub mod host;
pub mod ordering;
pub mod receiver_url;
pub mod retry;
pub mod signature;
