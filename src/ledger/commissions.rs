//! What a conversion earns its partners by the programme's terms, what of it is held, and how commissions are recorded,
//! released and rejected.

pub mod booking;
pub mod compute;
pub mod counts;
pub mod coupon_use;
pub mod fraud_facts;
pub mod listing_settings;
pub mod placement_fee;
pub mod primary;
pub mod rejection;
pub mod release;
pub mod sale;
pub mod sales_counters;
pub mod secondary;
pub mod usage_counters;
pub mod view;
