//! Which touches earn a conversion, why, and how several of them share it.

pub mod candidates;
pub mod explanation;
pub mod record;
pub mod shares;
pub mod view;
