//! Refunds: they take commission back in proportion, so that a sale refunded in any number of parts ends at exactly zero.

pub mod refund;
pub mod reversal;
pub mod view;
