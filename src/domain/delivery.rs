//! Deliveries of events to systems outside: to which hosts they may go, how often they are attempted, and how they are
//! signed.

pub mod endpoint;
pub mod host;
pub mod receiver_url;
pub mod retry;
pub mod signature;
