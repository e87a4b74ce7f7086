//! The HTTP contract, natively: each route, each outcome, and what stands in the tables afterwards.

mod support;

#[path = "api/money.rs"]
mod money;

#[path = "api/auth.rs"]
mod auth;
#[path = "api/links.rs"]
mod links;
#[path = "api/listings.rs"]
mod listings;
#[path = "api/partners.rs"]
mod partners;
#[path = "api/programme.rs"]
mod programme;
