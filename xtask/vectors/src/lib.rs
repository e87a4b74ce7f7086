//! Request vectors: reading them, and running them through the verifiers that run in production.

pub mod outcome;
pub mod platform;
pub mod shared_secret;
pub mod token;
pub mod vector;
