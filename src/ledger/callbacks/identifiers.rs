//! How a marketplace's accounts and transactions are named as customers and external ids.

use crate::domain::{programme::listing::Listing, values::digest::sha256_hex};

/// Longest id that a conversion keeps, in characters.
const MAX_CHARACTERS: usize = 255;

/// A text as an id: as it is, or its hash if it is too long.
fn fitting(text: String) -> String {
    if text.chars().count() <= MAX_CHARACTERS { text } else { sha256_hex(text.as_bytes()) }
}

/// The customer id of a marketplace's account.
pub fn customer_id(listing: &Listing, account: &str) -> String {
    fitting(format!("{}:{account}", listing.marketplace.as_str()))
}

/// The external id of a marketplace's transaction.
pub fn external_id(listing: &Listing, transaction: &str) -> String {
    fitting(format!("{}/{transaction}", listing.id))
}
