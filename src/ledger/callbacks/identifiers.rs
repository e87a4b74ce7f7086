//! How a marketplace's accounts and transactions are named as customers and external ids.

use crate::domain::{
    programme::listing::Listing,
    values::{digest::sha256_hex, id::ListingId},
};

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

/// A customer's id without the listing in it, as it was before shops' customers were named with their listing; `None` for
/// an id without one. Partners may still be registered under it.
pub fn without_listing(customer_id: &str) -> Option<String> {
    let (marketplace, rest) = customer_id.split_once(':')?;
    let (listing, number) = rest.split_once('/')?;
    ListingId::parse(listing).map(|_| format!("{marketplace}:{number}"))
}
