//! Commissions.

use super::{
    body::Checks,
    call::Call,
    conversions::commission_counts,
    http::Response,
    problem::{Code, Problem},
    query::Query,
    views::{self, CommissionView, view},
};
use crate::{
    domain::{
        conversions::{CommissionStatus, HeldReason},
        event::EventType,
        money::{
            Currency,
            accounts::{Account, TransferKind},
        },
        values::id::{CommissionId, ConversionId, PartnerId, TransferId},
    },
    marketplace::event::Evidence,
    store::{
        SqlError,
        books::accounts::Transfer,
        commissions::{self, Commission, Filter},
        conversions,
        log::change::Change,
        programme::partners,
        reports::counts::ConversionDelta,
    },
};
use json::FromJson;

/// A rejection of a commission.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRejection {
    /// Why; kept with the event, and not shown to the partner.
    note: String,
}

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

    /// A commission that is rejected.
    pub struct RejectionView {
        /// The commission.
        id: CommissionId,
        /// The conversion that earned it; `null` = none did.
        conversion_id: Option<ConversionId>,
        /// Who earned it.
        partner_id: PartnerId,
        /// What was left of it and is taken back, minor units.
        rejected: i64,
        /// ISO 4217 code.
        currency: Currency,
        /// Why, in the operator's words.
        note: String,
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

/// The word of a query parameter, if it is one of `all`.
fn word<T: Copy>(
    query: &Query,
    name: &str,
    all: &[T],
    spelt: fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let found = all.iter().copied().find(|word| spelt(*word) == text);
    found.map(Some).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|word| spelt(*word)).collect();
        Problem::new(Code::InvalidValue, format!("{name:?} must be one of: {}.", words.join(", ")))
    })
}

/// `GET /v1/commissions`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.query(&["held", "held_reason", "status", "limit", "cursor"])?;
    let filter = Filter {
        partner: call.caller.partner,
        held: query.flag("held")?,
        held_reason: word(&query, "held_reason", HeldReason::ALL, HeldReason::as_str)?,
        status: word(&query, "status", CommissionStatus::ALL, CommissionStatus::as_str)?,
    };
    // Each choice has cursors of its own.
    let choices = [
        filter.held.map(|held| if held { "held" } else { "free" }),
        filter.held_reason.map(HeldReason::as_str),
        filter.status.map(CommissionStatus::as_str),
    ];
    let name = ["commissions"].into_iter().chain(choices.into_iter().flatten()).collect::<Vec<_>>().join(" ");
    let fetch = |page| commissions::list(call.sql, &filter, page);
    call.page_of(&query, &name, fetch, |commission| commission.no, |commission| show(call, commission))
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
    // All reasons at once; the flags stay, and tell what it was held for. Its date stays, too: it becomes payable then, or
    // with the next sweep if that is over.
    commission.held_reason = None;
    let change = Change::Released { commission_no: commission.no, partner_no: commission.partner_no };
    let view = released(call, &commission, None, body.note)?;
    call.commit(EventType::CommissionReleased, &change, &view, "")?;
    call.json(200, &show(call, &commission)?)
}

fn released(
    call: &Call<'_>,
    commission: &Commission,
    evidence: Option<Evidence>,
    note: Option<String>,
) -> Result<ReleaseView, Problem> {
    Ok(ReleaseView {
        id: commission.id.clone(),
        conversion_id: commission.conversion_id.clone(),
        partner_id: partner_id(call, commission)?,
        evidence,
        note,
    })
}

/// What was held for want of evidence is confirmed. Evidence says nothing of a fraud: what is suspect besides stays held.
pub fn confirmed(call: &Call<'_>, mut commission: Commission, evidence: Evidence) -> Result<(), Problem> {
    let unsigned = HeldReason::TransportOnly.flag();
    commission.flags.retain(|flag| *flag != unsigned);
    commission.held_reason = commission.flags.iter().filter_map(|flag| HeldReason::of_flag(flag)).min();
    let change = Change::Held {
        commission_no: commission.no,
        partner_no: commission.partner_no,
        held_reason: commission.held_reason,
        flags: commission.flags.clone(),
    };
    if commission.held_reason.is_some() {
        return call.commit(EventType::CommissionHeld, &change, &show(call, &commission)?, "");
    }
    let view = released(call, &commission, Some(evidence), None)?;
    call.commit(EventType::CommissionReleased, &change, &view, "")
}

/// The account that holds what is left of a commission, if it can be rejected.
fn rejectable(commission: &Commission) -> Result<Account, Problem> {
    let refused = |detail| Err(Problem::new(Code::NotRejectable, detail));
    match commission.status {
        CommissionStatus::Pending if commission.settled == 0 => Ok(Account::Pending),
        CommissionStatus::Payable if commission.settled == 0 => Ok(Account::Payable),
        CommissionStatus::Pending | CommissionStatus::Payable | CommissionStatus::Paid => refused(
            "It is paid or bound in a payout. Refund its conversion, and the next payout nets it; what stays negative \
             can be written off.",
        ),
        CommissionStatus::Reversed => refused("Nothing is left of it: it is rejected or refunded already."),
    }
}

/// What a rejection takes from the counts: under the conversion's own quarter hour, as a refund does.
fn uncounted(call: &Call<'_>, commission: &Commission, rest: i64) -> Result<ConversionDelta, Problem> {
    let conversion =
        commission.conversion_no.map(|no| conversions::by_no(call.sql, no)).transpose()?.flatten();
    let counts = commission_counts(call, commission, conversion.as_ref())?;
    Ok(ConversionDelta { commission: rest.saturating_neg(), ..counts })
}

/// The transfer that takes back what is left.
fn rejection(call: &Call<'_>, commission: &Commission, from: Account, rest: i64) -> Transfer {
    Transfer {
        id: call.new_id(TransferId::generate),
        partner_no: commission.partner_no,
        debit: from,
        credit: Account::Reversed,
        amount: rest,
        currency: commission.currency,
        kind: TransferKind::Rejection,
        commission_no: commission.no,
        at: call.now,
        rate: None,
        payout_no: None,
    }
}

/// `POST /v1/commissions/{id}/reject`
pub fn reject(call: &Call<'_>) -> Result<Response, Problem> {
    let mut commission = named(call)?;
    let body: NewRejection = call.body()?;
    let mut checks = Checks::default();
    checks.text("note", Some(&body.note), 500);
    checks.finish()?;
    let from = rejectable(&commission)?;
    let rest = commission.open();
    commission.reversed = commission.reversed.checked_add(rest).ok_or(SqlError::Overflow("a rejection"))?;
    commission.status = CommissionStatus::Reversed;
    commission.held_reason = None;
    let view = RejectionView {
        id: commission.id.clone(),
        conversion_id: commission.conversion_id.clone(),
        partner_id: partner_id(call, &commission)?,
        rejected: rest,
        currency: commission.currency,
        note: body.note,
    };
    let counts = uncounted(call, &commission, rest)?;
    let (commission_no, reversed) = (commission.no, commission.reversed);
    let transfer = rejection(call, &commission, from, rest);
    let change = Change::Rejected { commission_no, reversed, transfer, counts };
    call.commit(EventType::CommissionRejected, &change, &view, "")?;
    call.json(200, &show(call, &commission)?)
}
