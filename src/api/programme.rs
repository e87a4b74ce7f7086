//! The programme's own resources: its terms, keys, partners, listings, coupons and placements.

pub mod coupons;
pub mod keys;
pub mod listing_settings;
pub mod listings;
pub mod partner_terms;
pub mod partners;
pub mod placements;
pub mod rules;
pub mod term_checks;
pub mod terms;
pub mod tokens;
