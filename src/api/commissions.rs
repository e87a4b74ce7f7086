//! Commissions.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    problem::{Code, Problem},
    views::{self, CommissionView, view},
};
use crate::{
    domain::{
        event::EventType,
        id::{CommissionId, ConversionId, PartnerId},
    },
    marketplace::event::Evidence,
    store::{
        SqlError,
        change::Change,
        commissions::{self, Commission},
        partners,
    },
};
use json::FromJson;

/// A release of a commission that is held.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRelease {
    /// Why; kept with the event, and not shown to the partner.
    note: Option<String>,
}

view! {
    /// A commission that is no longer held.
    pub struct ReleaseView {
        /// The commission.
        id: CommissionId,
        /// The conversion that earned it; `null` = none did.
        conversion_id: Option<ConversionId>,
        /// Who earns.
        partner_id: PartnerId,
        /// What confirmed it; `null` = an operator released it.
        evidence: Option<Evidence>,
        /// Why, in the operator's words.
        note: Option<String>,
    }
}

fn partner_id(call: &Call<'_>, commission: &Commission) -> Result<PartnerId, SqlError> {
    let partner = partners::by_no(call.sql, commission.partner_no)?;
    Ok(partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?.id)
}

/// How a commission looks.
pub fn show(call: &Call<'_>, commission: &Commission) -> Result<CommissionView, Problem> {
    Ok(views::commission(commission, &partner_id(call, commission)?))
}

/// The commission that the path names, if the caller may see it.
pub fn named(call: &Call<'_>) -> Result<Commission, Problem> {
    let id = call.id(CommissionId::parse)?;
    commissions::by_id(call.sql, &id)?
        .filter(|commission| call.caller.sees(commission.partner_no))
        .ok_or_else(Problem::not_found)
}

/// `GET /v1/commissions`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.query(&["held", "limit", "cursor"])?;
    let held = query.flag("held")?;
    let name = match held {
        None => "commissions",
        Some(true) => "commissions held",
        Some(false) => "commissions free",
    };
    let fetch = |page| commissions::list(call.sql, call.caller.partner, held, page);
    call.page_of(&query, name, fetch, |commission| commission.no, |commission| show(call, commission))
}

/// `GET /v1/commissions/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
}

/// `POST /v1/commissions/{id}/release`
pub fn release(call: &Call<'_>) -> Result<Response, Problem> {
    let mut commission = named(call)?;
    let body: NewRelease = call.body()?;
    let mut checks = Checks::default();
    checks.text("note", body.note.as_deref(), 500);
    checks.finish()?;
    if commission.held_reason.is_none() {
        return Err(Problem::new(Code::NotHeld, "It is released already, or was never held."));
    }
    let_go(call, &mut commission, None, body.note)?;
    call.json(200, &show(call, &commission)?)
}

/// Holds a commission no longer. Its date stays: it becomes payable then, or with the next sweep if that is over.
pub fn let_go(
    call: &Call<'_>,
    commission: &mut Commission,
    evidence: Option<Evidence>,
    note: Option<String>,
) -> Result<(), Problem> {
    commission.held_reason = None;
    let view = ReleaseView {
        id: commission.id.clone(),
        conversion_id: commission.conversion_id.clone(),
        partner_id: partner_id(call, commission)?,
        evidence,
        note,
    };
    let change = Change::Released { commission_no: commission.no, partner_no: commission.partner_no };
    call.commit(EventType::CommissionReleased, &change, &view, "")
}
