//! E-mail addresses of customers, as marketplaces report them. A partner who buys through its own link is recognised by
//! them, also when later callbacks about the customer contain none. Only keyed hashes are stored.

use super::{
    super::{tx::Tx, view::view},
    accounts::resolved,
    identifiers::customer_id,
};
use crate::{
    domain::{
        event::EventType,
        programme::listing::Listing,
        values::{email, id::ListingId},
    },
    marketplace::adapter::AccountEmail,
    store::{SqlError, conversions::customers, log::change::Change},
};

/// How many addresses of a customer are stored. An organisation of thousands may be one customer.
const MAX_EMAILS: i64 = 50;

view! {
    /// A customer of which a marketplace reported an e-mail address.
    pub struct CustomerEmailView {
        /// The listing.
        listing_id: ListingId,
        /// The customer, as conversions name it.
        customer_id: String,
    }
}

/// Stores the hash of an address, unless it is known.
pub fn learn(tx: &Tx<'_>, listing: &Listing, reported: &AccountEmail) -> Result<(), SqlError> {
    let Some(folded) = email::fold(&reported.email) else { return Ok(()) };
    let customer_id = customer_id(listing, &resolved(tx, listing, None, &reported.account)?);
    let digest = tx.config.sealer.digest(&folded);
    if customers::has_email(tx.sql, &customer_id, &digest)?
        || customers::count_emails(tx.sql, &customer_id)? >= MAX_EMAILS
    {
        return Ok(());
    }
    let view = CustomerEmailView { listing_id: listing.id.clone(), customer_id: customer_id.clone() };
    tx.commit(EventType::CustomerEmailLearned, &Change::CustomerEmail { customer_id, digest }, &view, "")
}
