//! Writes what a verified callback reports. A redelivery changes nothing, and any order of arrival ends in the same rows.
//! Events are joined by the marketplace's account id, which is the customer.

use super::{
    super::{error::LedgerError, trails::TrailRequest, tx::Tx},
    accounts, calls, charges, emails, kept, refunds, token_responses,
};
use crate::{
    domain::{conversions::ConversionType, programme::listing::Listing},
    marketplace::{
        event::{Event, EventKind, Evidence},
        receive::{BROWSER_HANDOFF_MS, Report, Token},
    },
    store::{
        SqlError,
        callbacks::{self, BrowserHandoff},
        programme::listings,
        transaction,
    },
};
use serde::{Deserialize, Serialize};

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// All of it is written.
    Written,
    /// Its single-use token was used before: nothing is written.
    Replayed,
    /// Nothing of the callback could be read, and it is kept.
    Kept,
    /// Everything is written. The framed account has completed its handoff before.
    #[serde(rename = "known")]
    HandoffCompleted,
    /// The response that was kept under the code that the report names; `None` if the code is unknown or too old.
    HandedOver(Option<String>),
    /// Nothing is written: fetch this trail, then submit the report again with it.
    #[serde(rename = "trail_wished")]
    TrailNeeded(TrailRequest),
}

/// Writes a report, all or nothing, in a transaction of its own.
pub fn write(tx: &Tx<'_>, report: &Report) -> Result<Reported, LedgerError> {
    let written = transaction(tx.sql, || {
        let reported = write_all(tx, report)?;
        // The app's own messages say nothing about the marketplace.
        if !report.is_from_app {
            calls::accepted(tx, report.listing_no)?;
        }
        Ok(reported)
    });
    match written {
        Err(LedgerError::TrailNeeded(request)) => Ok(Reported::TrailNeeded(request)),
        outcome => outcome,
    }
}

/// The same in a transaction that is open.
pub fn write_all(tx: &Tx<'_>, report: &Report) -> Result<Reported, LedgerError> {
    if let Some(token) = &report.single_use
        && !use_token(tx, token)?
    {
        return Ok(Reported::Replayed);
    }
    let listing = listings::by_no(tx.sql, report.listing_no)?;
    let listing = listing.ok_or(SqlError::Shape { column: 0, expected: "a listing that exists" })?;
    for name in &report.names {
        accounts::learn_name(tx, &listing, name)?;
    }
    for email in &report.emails {
        emails::learn(tx, &listing, email)?;
    }
    let mut events = report.events.clone();
    // Events about accounts come first: a plan may price a charge of the same message.
    for event in &mut events {
        event.account = accounts::resolved(tx, &listing, event.alias.as_deref(), &event.account)?;
        if !moves_money(event.kind) {
            accounts::record(tx, &listing, event)?;
        }
    }
    for event in &events {
        apply(tx, &listing, event)?;
    }
    match (&report.unprocessed, &report.digest) {
        (Some(callback), digest) => {
            kept::keep(tx, &listing, callback)?;
            if digest.is_none() {
                return Ok(Reported::Kept);
            }
        }
        (None, Some(digest)) => kept::came_again(tx, digest)?,
        (None, None) => {}
    }
    if let Some(response) = &report.store_token_response {
        token_responses::keep(tx, &listing, response)?;
    }
    if let Some(handoff) = &report.browser_handoff {
        let account = accounts::resolved(tx, &listing, None, &handoff.account)?;
        if handoff.in_frame && callbacks::is_handoff_completed(tx.sql, listing.no, &account)? {
            return Ok(Reported::HandoffCompleted);
        }
        let row = BrowserHandoff { listing_no: listing.no, account, location: handoff.location.clone() };
        let expires_at = tx.now.plus_ms(BROWSER_HANDOFF_MS);
        callbacks::put_browser_handoff(tx.sql, &handoff.id_hash, &row, expires_at, tx.now)?;
    }
    match &report.requested_code_hash {
        Some(code_hash) => Ok(Reported::HandedOver(token_responses::fetch(tx, &listing, code_hash)?)),
        None => Ok(Reported::Written),
    }
}

/// Uses a single-use token up. It is valid if it is new, or if it is used again where it was used first and may be.
fn use_token(tx: &Tx<'_>, token: &Token) -> Result<bool, SqlError> {
    let is_new = callbacks::use_token(tx.sql, &token.key, token.keep_until, tx.now)?;
    let Some(place) = &token.again_at else { return Ok(is_new) };
    let here = format!("{}@{place}", token.key);
    if is_new {
        callbacks::use_token(tx.sql, &here, token.keep_until, tx.now)
    } else {
        callbacks::is_token_used(tx.sql, &here)
    }
}

fn moves_money(kind: EventKind) -> bool {
    matches!(kind, EventKind::Charged | EventKind::Refunded)
}

fn apply(tx: &Tx<'_>, listing: &Listing, event: &Event) -> Result<(), LedgerError> {
    // Anybody who reads the callback's address in a log can send an unsigned message, so it must not move money.
    if event.evidence == Evidence::UnsignedBound && (event.amount.is_some() || moves_money(event.kind)) {
        return Err(SqlError::Engine("an unsigned message must not move money".to_owned()).into());
    }
    match event.kind {
        EventKind::Charged => charges::convert(tx, listing, event, ConversionType::Sale),
        EventKind::Refunded => refunds::record(tx, listing, event),
        EventKind::Installed => charges::convert(tx, listing, event, ConversionType::Install),
        EventKind::Uninstalled => charges::convert(tx, listing, event, ConversionType::Uninstall),
        EventKind::Activated | EventKind::PlanChanged | EventKind::Suspended | EventKind::Reinstated => {
            Ok(())
        }
    }
}
