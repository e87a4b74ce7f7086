//! Listings whose marketplaces stop calling. What is known of their calls is in a table and not in the log of changes: every
//! callback would be an event, even one that is delivered again and changes nothing, and a rebuilt Ledger learns it anew.

use super::super::{
    listing_secrets::are_lost,
    listing_view::{self, ListingView},
    tx::Tx,
    view::view,
};
use crate::{
    domain::{
        event::EventType,
        programme::{listing::ListingNo, listing_calls::ListingCalls},
        values::time::{HOUR_MS, Timestamp},
    },
    store::{Sql, SqlError, callbacks::calls, programme::listings, transaction},
};

/// The maximum number of listings that one alarm looks at. The next alarm follows at once.
const CHECKS_PER_SWEEP: i64 = 50;

view! {
    /// A listing whose marketplace has stopped calling, or calls again.
    pub struct ListingCallsView {
        /// The listing.
        #[serde(flatten)]
        listing: ListingView,
        /// When its last callback was accepted.
        last_accepted_at: Timestamp,
        /// The usual time between its callbacks.
        usual_interval_seconds: Option<i64>,
        /// Since when it is silent, or was until now.
        silent_since: Timestamp,
    }
}

/// Records that a verified callback of a listing was accepted, whether or not it was delivered before.
pub fn accepted(tx: &Tx<'_>, listing_no: ListingNo) -> Result<(), SqlError> {
    let Some(mut calls) = calls::by_listing(tx.sql, listing_no)? else {
        return calls::put(tx.sql, listing_no, &ListingCalls::first(tx.now));
    };
    let check_at = calls.check_at;
    let silent_since = calls.accept(tx.now);
    if calls.check_at == check_at {
        calls::touch(tx.sql, listing_no, &calls)?;
    } else {
        calls::put(tx.sql, listing_no, &calls)?;
    }
    note(tx, EventType::ListingRecovered, listing_no, &calls, silent_since)
}

/// Records which listings have become silent.
pub fn sweep(tx: &Tx<'_>) -> Result<(), SqlError> {
    let due = calls::due(tx.sql, tx.now, CHECKS_PER_SWEEP)?;
    if due.is_empty() {
        return Ok(());
    }
    transaction(tx.sql, || {
        due.into_iter().try_for_each(|(listing_no, mut calls)| {
            calls.check(tx.now);
            calls::put(tx.sql, listing_no, &calls)?;
            note(tx, EventType::ListingSilent, listing_no, &calls, calls.silent_since)
        })
    })
}

/// Looks at the listings later: while the Worker's secrets are missing, no callback can be verified, so silence says nothing about
/// a marketplace.
pub fn put_off(sql: &dyn Sql, now: Timestamp) -> Result<(), SqlError> {
    calls::put_off(sql, now, now.plus_ms(HOUR_MS))
}

fn note(
    tx: &Tx<'_>,
    kind: EventType,
    listing_no: ListingNo,
    calls: &ListingCalls,
    silent_since: Option<Timestamp>,
) -> Result<(), SqlError> {
    let (Some(silent_since), Some(listing)) = (silent_since, listings::by_no(tx.sql, listing_no)?) else {
        return Ok(());
    };
    let data = ListingCallsView {
        listing: listing_view::view(&listing, are_lost(tx, &listing)?)?,
        last_accepted_at: calls.last_accepted_at,
        usual_interval_seconds: calls.usual_interval_s(),
        silent_since,
    };
    tx.note(kind, &data)
}
