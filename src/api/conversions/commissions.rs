//! Commissions: reading, releasing and rejecting them.

use super::{
    super::{
        http::{
            call::Call, checks::Checks, failure::Failure, message::Response, problems::Problem, query::Query,
            table::Row,
        },
        reports::scope::partner_of_query,
    },
    read::is_visible,
};
use crate::{
    domain::{
        conversions::{CommissionStatus, HeldReason},
        values::{
            id::{CommissionId, ConversionId},
            limits,
        },
    },
    ledger::commissions::{
        rejection, release,
        view::{CommissionView, show},
    },
    store::{
        Sql, SqlError,
        commissions::{self, Commission, list::Filter},
        conversions,
    },
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

/// The filters of the list. Partners do not see why a commission is held, so they cannot filter by the last one.
const FILTERS: &[&str] = &[
    "partner_id",
    "conversion_id",
    "plan",
    "status",
    "held",
    "from",
    "to",
    "limit",
    "cursor",
    "count",
    "held_reason",
];

/// The conversion that the query names. A partner may name those that it sees or earns on.
fn conversion_of_query(call: &Call<'_>, query: &Query) -> Result<Option<i64>, Problem> {
    let Some(text) = query.text("conversion_id") else { return Ok(None) };
    let id = ConversionId::parse(text).ok_or_else(Problem::not_found)?;
    let conversion = conversions::by_id(call.tx.sql, &id)?.ok_or_else(Problem::not_found)?;
    let earns = |partner| {
        let of_conversion = commissions::of_conversion(call.tx.sql, conversion.no)?;
        Ok::<_, SqlError>(of_conversion.iter().any(|commission| commission.partner_no == partner))
    };
    match call.caller.partner {
        Some(partner) if !is_visible(call, &conversion)? && !earns(partner)? => Err(Problem::not_found()),
        Some(_) | None => Ok(Some(conversion.no)),
    }
}

fn filter(call: &Call<'_>, query: &Query) -> Result<Filter, Problem> {
    Ok(Filter {
        partner: partner_of_query(call, query.text("partner_id"))?,
        conversion_no: conversion_of_query(call, query)?,
        plan: query.text("plan").map(str::to_owned),
        held: query.flag("held")?,
        held_reason: query.choice("held_reason", HeldReason::ALL, HeldReason::as_str)?,
        status: query.choice("status", CommissionStatus::ALL, CommissionStatus::as_str)?,
        period: query.period()?,
    })
}

impl Row for CommissionView {
    const COLUMNS: &'static str = "id,conversion_id,source,partner_id,amount,reversed,currency,status,rate_bp,share_bp,base,plan,subject,flags,\
         held_reason,payable_at,created_at";
}

/// `GET /v1/commissions`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let is_programme = call.caller.partner.is_none();
    let known = FILTERS.split_last().map_or(FILTERS, |(_, rest)| if is_programme { FILTERS } else { rest });
    let query = call.query(known)?;
    let filter = filter(call, &query)?;
    let fetch = |sql: &dyn Sql, page| commissions::list::list(sql, &filter, page);
    let view = |commission: &Commission| show(call.tx.sql, commission, call.caller.viewer());
    if filter.period.is_bounded() {
        return call.timed_page_of(&query, "commissions", fetch, |row| (row.created_at, row.no), view);
    }
    call.page_of(&query, "commissions", fetch, |row| row.no, view)
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
