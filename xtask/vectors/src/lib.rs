//! Request vectors: parses them and runs them through the verifiers of the Worker.

pub mod outcome;
pub mod platform;
pub mod shared_secret;
pub mod token;
pub mod vector;
