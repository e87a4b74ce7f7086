//! The browser's handoff: a visitor whose account a callback named comes back to our own origin with its cookies, and goes
//! on to the product from there.

use super::{
    super::{error::LedgerError, tx::Tx},
    charges::bind,
    identifiers::customer_id,
};
use crate::{
    domain::{clicks::trail::Trail, values::digest::sha256_hex},
    store::{callbacks, programme::listings, transaction},
};

/// Binds the clicks of the browser that comes back to its account, and returns where it goes on to. `None` if the id is
/// unknown, too old, or was used before.
pub fn resume(tx: &Tx<'_>, id: &str, cookies: &str) -> Result<Option<String>, LedgerError> {
    transaction(tx.sql, || {
        let Some(handoff) = callbacks::take_browser_handoff(tx.sql, &sha256_hex(id.as_bytes()), tx.now)?
        else {
            return Ok(None);
        };
        if let Some(listing) = listings::by_no(tx.sql, handoff.listing_no)? {
            callbacks::complete_handoff(tx.sql, listing.no, &handoff.account)?;
            let customer = customer_id(&listing, &handoff.account);
            let trail = Trail::parse(cookies, &tx.config.ring).joined();
            let clicks: Vec<_> = trail.split('.').map(str::to_owned).collect();
            if let Some(click_id) = clicks.last().filter(|id| !id.is_empty()) {
                bind(tx, &customer, click_id, &clicks)?;
            }
        }
        Ok(Some(handoff.location))
    })
}
