//! Verified callbacks that could not be read are kept sealed.

use super::super::{tx::Tx, view::view};
use crate::{
    domain::{
        callback::CallbackStatus,
        event::EventType,
        programme::listing::{Listing, Marketplace},
        values::{
            id::{CallbackId, ListingId},
            time::{DAY_MS, Timestamp},
        },
    },
    marketplace::kept::KeptCallback,
    store::{
        SqlError,
        callbacks::kept::{self as rows, KeptRow},
        programme::listings,
        value::json_text,
    },
};

/// A kept callback is deleted so long after it arrived.
pub const KEPT_MS: i64 = 90 * DAY_MS;
/// The longest message that is kept, in bytes: a row of the database holds no more than 2 MB.
const MAX_MESSAGE_BYTES: usize = 1_450_000;
/// The number of unprocessed messages of a listing that are kept.
const MAX_MESSAGES: i64 = 10_000;
/// The characters that they may take up.
const MAX_CHARACTERS: i64 = 256 * 1024 * 1024;
/// How many expired callbacks are deleted with each that is kept.
const EXPIRED_PER_WRITE: i64 = 10;

view! {
    /// A callback that was kept because it, or a part of it, could not be read.
    pub struct KeptCallbackView {
        /// Id.
        id: CallbackId,
        /// The listing that it was sent to.
        listing_id: ListingId,
        /// The marketplace that sent it.
        marketplace: Marketplace,
        /// The last part of its address, such as `orders`.
        kind: String,
        /// What became of it.
        status: CallbackStatus,
        /// Why it could not be read, or why it is refused. It quotes nothing but the names of fields.
        reason: String,
        /// How often it was tried again.
        tries: i64,
        /// When it arrived first.
        created_at: Timestamp,
        /// When it was tried again last.
        tried_at: Option<Timestamp>,
        /// When it is deleted, whether or not it is processed by then.
        expires_at: Timestamp,
    }
}

/// A kept callback as responses and events show it.
pub fn show(tx: &Tx<'_>, row: &KeptRow) -> Result<KeptCallbackView, SqlError> {
    let listing = listing_of(tx, row)?;
    Ok(KeptCallbackView {
        id: row.id.clone(),
        listing_id: listing.id,
        marketplace: listing.marketplace,
        kind: row.kind.clone(),
        status: row.status,
        reason: row.reason.clone(),
        tries: row.tries,
        created_at: row.received_at,
        tried_at: row.tried_at,
        expires_at: row.expires_at,
    })
}

/// The listing that a callback was sent to.
pub fn listing_of(tx: &Tx<'_>, row: &KeptRow) -> Result<Listing, SqlError> {
    listings::by_no(tx.sql, row.listing_no)?
        .ok_or(SqlError::Shape { column: 2, expected: "a listing that exists" })
}

/// A sealed message opens only for its listing and digest.
pub fn owner(listing: &Listing, digest: &str) -> String {
    format!("{} callback {digest}", listing.id)
}

/// Keeps a callback, once however often it comes. An error means that it cannot be kept, so its vendor must not get a
/// success.
pub fn keep(tx: &Tx<'_>, listing: &Listing, callback: &KeptCallback) -> Result<(), SqlError> {
    rows::expire(tx.sql, tx.now, EXPIRED_PER_WRITE)?;
    if rows::by_digest(tx.sql, &callback.digest)?.is_some() {
        return Ok(());
    }
    let message = json_text(&callback.message)?;
    let (count, characters) = rows::size(tx.sql, listing.no)?;
    if message.len() > MAX_MESSAGE_BYTES || count >= MAX_MESSAGES || characters >= MAX_CHARACTERS {
        let why = format!("no room for an unprocessed callback of {}: {}", listing.id, callback.reason);
        return Err(SqlError::Engine(why));
    }
    let row = KeptRow {
        no: 0,
        id: tx.new_id(CallbackId::generate),
        listing_no: listing.no,
        kind: callback.kind.clone(),
        status: CallbackStatus::Unprocessed,
        reason: callback.reason.clone(),
        digest: callback.digest.clone(),
        sealed: Some(tx.seal(&message, &owner(listing, &callback.digest))?),
        tries: 0,
        received_at: tx.now,
        tried_at: None,
        expires_at: tx.now.plus_ms(KEPT_MS),
    };
    rows::insert(tx.sql, &row)?;
    tx.note(EventType::CallbackUnprocessed, &show(tx, &row)?)
}

/// Notes that a callback was read when it came again, if an earlier delivery was kept.
pub fn came_again(tx: &Tx<'_>, digest: &str) -> Result<(), SqlError> {
    match rows::by_digest(tx.sql, digest)? {
        Some(row) if row.status == CallbackStatus::Unprocessed => {
            close(tx, row, CallbackStatus::Processed, "it was sent again").map(drop)
        }
        Some(_) | None => Ok(()),
    }
}

/// Ends the life of a message: what it reports is recorded, or will never be.
pub fn close(tx: &Tx<'_>, row: KeptRow, status: CallbackStatus, reason: &str) -> Result<KeptRow, SqlError> {
    let row = KeptRow { status, reason: reason.to_owned(), sealed: None, ..row };
    rows::update(tx.sql, &row)?;
    let kind = match status {
        CallbackStatus::Refused => EventType::CallbackRefused,
        CallbackStatus::Processed | CallbackStatus::Unprocessed => EventType::CallbackProcessed,
    };
    tx.note(kind, &show(tx, &row)?)?;
    Ok(row)
}
