//! Rows of the programme: partners, listings, coupons, placements and API keys.

pub mod coupons;
pub mod keys;
pub mod listings;
pub mod origins;
pub mod partner_words;
pub mod partners;
pub mod placements;
