//! Links: what partners share, how a link is verified, and where it leads.

pub mod destination;
pub mod engine;
pub mod keyring;
pub mod line;
pub mod link;
pub mod redirect;
pub mod snapshot;
pub mod token;
