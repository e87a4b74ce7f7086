//! Kept callbacks are read again when the operator asks for it.

use super::{
    super::{error::LedgerError, tx::Tx},
    kept::{close, listing_of, owner},
    listing, report,
};
use crate::{
    domain::{callback::CallbackStatus, programme::listing::Listing},
    marketplace::{
        adapter::{self, CallbackContext, ParsedCallback, Unreadable, unreadable},
        kept::KeptMessage,
        receive::{Report, Token},
        registry,
        signature::Callback,
    },
    store::{
        SqlError,
        callbacks::kept::{self as rows, KeptRow},
    },
};

/// Reads a kept callback again, and records what it reports. Returns its row as it is then. One that is processed or
/// refused stays as it is.
pub fn retry(tx: &Tx<'_>, mut row: KeptRow) -> Result<KeptRow, LedgerError> {
    let Some(sealed) = row.sealed.clone() else { return Ok(row) };
    let listing = listing_of(tx, &row)?;
    let message = tx.open_sealed(&sealed, &owner(&listing, &row.digest))?;
    row.tries = row.tries.saturating_add(1);
    row.tried_at = Some(tx.now);
    let (parsed, single_use) = match read(tx, &listing, &row, &message)? {
        Ok(read) => read,
        Err(Unreadable(why)) => {
            row.reason = why;
            rows::update(tx.sql, &row)?;
            return Ok(row);
        }
    };
    let mut events = parsed.events;
    for event in &mut events {
        // An event without a time happened when it arrived, and not now.
        event.occurred_at.get_or_insert(row.received_at);
    }
    let (names, emails) = (parsed.names, parsed.emails);
    let report = Report { names, emails, events, single_use, ..Report::new(listing.no) };
    if report::write_all(tx, &report)? == report::Reported::Replayed {
        let why = "its single-use token was used before";
        return Ok(close(tx, row, CallbackStatus::Refused, why)?);
    }
    match parsed.unprocessed {
        // A part of it can still not be read.
        Some(why) => {
            row.reason = why;
            rows::update(tx.sql, &row)?;
            Ok(row)
        }
        None => Ok(close(tx, row, CallbackStatus::Processed, "it was tried again")?),
    }
}

/// What a message reports, with its single-use token; the inner error says why it can still not be read.
type Read = Result<(ParsedCallback, Option<Token>), Unreadable>;

fn read(tx: &Tx<'_>, listing: &Listing, row: &KeptRow, message: &str) -> Result<Read, SqlError> {
    let damaged = || SqlError::Engine("a kept callback is damaged".to_owned());
    let message: KeptMessage = strict_json::from_str(message).map_err(|_| damaged())?;
    let reopened = message.reopen().ok_or_else(damaged)?;
    let proof = reopened.proof().ok_or_else(damaged)?;
    let opened = listing::opened(tx, listing.id.as_str())?.ok_or_else(damaged)?;
    let opened: adapter::Listing = strict_json::from_str(&opened).map_err(|_| damaged())?;
    let adapter = registry::find(listing.marketplace);
    let kinds = adapter.map_or([].as_slice(), adapter::Adapter::kinds);
    let (Some(adapter), Some(kind)) = (adapter, kinds.iter().find(|kind| kind.name == row.kind)) else {
        return Ok(Err(unreadable("the marketplace has no such callback any more")));
    };
    let (method, url, rest, body) = reopened.request();
    let headers = reopened.headers();
    let callback = Callback { method, url, headers: &headers, body };
    let context = CallbackContext { callback, kind: *kind, rest, listing: &opened, now: row.received_at };
    let token = proof.verified.single_use().map(|token| Token {
        key: token.key().to_owned(),
        keep_until: token.keep_until(),
        again_at: None,
    });
    Ok(adapter.parse(&proof, &context).map(|parsed| (parsed, token)))
}
