//! What an import books that no request of the API does: clicks, commissions, opening balances and payouts of before the
//! programme moved here. Everything else that is imported takes the way of its request.

pub mod clicks;
pub mod commissions;
pub mod payouts;
