//! Callbacks of marketplaces that were kept because they could not be read.

use super::http::{call::Call, failure::Failure, message::Response, problems::Problem, table::Row};
use crate::{
    domain::{
        callback::CallbackStatus,
        values::id::{CallbackId, ListingId},
    },
    ledger::callbacks::{
        kept::{KeptCallbackView, show},
        retry,
    },
    store::{Sql, callbacks::kept, programme::listings},
};

impl Row for KeptCallbackView {
    const COLUMNS: &'static str =
        "id,listing_id,marketplace,kind,status,reason,tries,created_at,tried_at,expires_at";
}

/// `GET /v1/callbacks`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["status", "listing_id", "limit", "cursor", "count"])?;
    let status = query.choice("status", CallbackStatus::ALL, CallbackStatus::as_str)?;
    let listing = match query.text("listing_id") {
        Some(id) => {
            let listing = ListingId::parse(id).map(|id| listings::by_id(call.tx.sql, &id)).transpose()?;
            Some(listing.flatten().ok_or_else(Problem::not_found)?)
        }
        None => None,
    };
    let fetch =
        |sql: &dyn Sql, page| kept::list(sql, listing.as_ref().map(|listing| listing.no), status, page);
    call.page_of(&query, "callbacks", fetch, |row| row.no, |row| show(call.tx, row))
}

/// `POST /v1/callbacks/{id}/retry`
pub fn retry(call: &Call<'_>) -> Result<Response, Failure> {
    let id = call.id(CallbackId::parse)?;
    let row = kept::by_id(call.tx.sql, &id)?.ok_or_else(Problem::not_found)?;
    call.json(200, &show(call.tx, &retry::retry(call.tx, row)?)?)
}
