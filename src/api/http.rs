//! What every HTTP handler uses: requests and responses, authentication, bodies, queries, cursors and problems.

pub mod auth;
pub mod body;
pub mod call;
pub mod checks;
pub mod cors;
pub mod cursor;
pub mod etag;
pub mod failure;
pub mod media;
pub mod message;
pub mod problems;
pub mod query;
pub mod table;
