//! The HTTP contract, natively: each route, each outcome, and what stands in the tables afterwards.

mod support;

#[path = "api/answers.rs"]
mod answers;
#[path = "api/attribution.rs"]
mod attribution;
#[path = "api/auth.rs"]
mod auth;
#[path = "api/bad_fields.rs"]
mod bad_fields;
#[path = "api/bad_input.rs"]
mod bad_input;
#[path = "api/conversions.rs"]
mod conversions;
#[path = "api/counts.rs"]
mod counts;
#[path = "api/coupons.rs"]
mod coupons;
#[path = "api/examples.rs"]
mod examples;
#[path = "api/fraud.rs"]
mod fraud;
#[path = "api/installs.rs"]
mod installs;
#[path = "api/links.rs"]
mod links;
#[path = "api/listings.rs"]
mod listings;
#[path = "api/lists.rs"]
mod lists;
#[path = "api/money.rs"]
mod money;
#[path = "api/month.rs"]
mod month;
#[path = "api/partners.rs"]
mod partners;
#[path = "api/placements.rs"]
mod placements;
#[path = "api/programme.rs"]
mod programme;
#[path = "api/refunds.rs"]
mod refunds;
#[path = "api/rejections.rs"]
mod rejections;
#[path = "api/report.rs"]
mod report;
#[path = "api/shared.rs"]
mod shared;
#[path = "api/simulation.rs"]
mod simulation;
#[path = "api/terms.rs"]
mod terms;
