//! Commissions: reading, releasing and rejecting them.

use super::super::http::{
    call::Call, checks::Checks, failure::Failure, message::Response, problems::Problem,
};
use crate::{
    domain::{
        conversions::{CommissionStatus, HeldReason},
        values::{id::CommissionId, limits},
    },
    ledger::commissions::{rejection, release, view::show},
    store::commissions::{self, Commission, Filter},
};
use serde::Deserialize;

/// A rejection of a commission.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRejection {
    /// The reason. It is kept with the event, and partners do not see it.
    note: String,
}

/// A release of a commission that is held.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRelease {
    /// The reason. It is kept with the event, and partners do not see it.
    note: Option<String>,
}

/// The commission that the path names, if the caller may see it.
pub fn named(call: &Call<'_>) -> Result<Commission, Problem> {
    let id = call.id(CommissionId::parse)?;
    commissions::by_id(call.tx.sql, &id)?
        .filter(|commission| call.caller.sees(commission.partner_no))
        .ok_or_else(Problem::not_found)
}

/// `GET /v1/commissions`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let known = ["held", "status", "limit", "cursor", "held_reason"];
    // Partners do not see why a commission is held, so they cannot ask for it either.
    let visible = if call.caller.partner.is_some() {
        known.split_last().map_or(&known[..], |(_, rest)| rest)
    } else {
        &known
    };
    let query = call.query(visible)?;
    let filter = Filter {
        partner: call.caller.partner,
        held: query.flag("held")?,
        held_reason: query.choice("held_reason", HeldReason::ALL, HeldReason::as_str)?,
        status: query.choice("status", CommissionStatus::ALL, CommissionStatus::as_str)?,
    };
    // Each choice of filters has cursors of its own.
    let choices = [
        filter.held.map(|held| if held { "held" } else { "free" }),
        filter.held_reason.map(HeldReason::as_str),
        filter.status.map(CommissionStatus::as_str),
    ];
    let name = ["commissions"].into_iter().chain(choices.into_iter().flatten()).collect::<Vec<_>>().join(" ");
    let fetch = |page| commissions::list(call.tx.sql, &filter, page);
    call.page_of(
        &query,
        &name,
        fetch,
        |commission| commission.no,
        |commission| show(call.tx.sql, commission, call.caller.viewer()),
    )
}

/// `GET /v1/commissions/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(call.tx.sql, &named(call)?, call.caller.viewer())?)
}

/// `POST /v1/commissions/{id}/release`
pub fn release(call: &Call<'_>) -> Result<Response, Failure> {
    let commission = named(call)?;
    let body: NewRelease = call.body()?;
    let mut checks = Checks::default();
    checks.text("note", body.note.as_deref(), limits::NOTE);
    checks.finish()?;
    let released = release::release(call.tx, commission, body.note)?;
    call.json(200, &show(call.tx.sql, &released, call.caller.viewer())?)
}

/// `POST /v1/commissions/{id}/reject`
pub fn reject(call: &Call<'_>) -> Result<Response, Failure> {
    let commission = named(call)?;
    let body: NewRejection = call.body()?;
    let mut checks = Checks::default();
    checks.text("note", Some(&body.note), limits::NOTE);
    checks.finish()?;
    let rejected = rejection::reject(call.tx, commission, body.note)?;
    call.json(200, &show(call.tx.sql, &rejected, call.caller.viewer())?)
}
