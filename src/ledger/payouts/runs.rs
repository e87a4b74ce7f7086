//! Payout runs: one key asks for a draft, and another key approves it.

use super::{
    super::{
        error::{LedgerError, RunError},
        maturity,
        tx::Tx,
        view::view,
    },
    run_view::{RunView, show},
};
use crate::{
    domain::{
        event::EventType,
        money::Currency,
        payouts::{PayoutStatus, RunStatus, UnpaidReason},
        programme::partner::PartnerNo,
        values::id::{PartnerId, RunId},
    },
    store::{
        SqlError,
        log::change::Change,
        payouts::{
            self, Payout,
            runs::{self, Run, RunTerms},
        },
        programme::keys,
        value::{MAX_SAFE_INTEGER, json_text},
    },
};
use std::collections::BTreeSet;

view! {
    /// A payout that is held, as the partner's events show it.
    pub struct PayoutHeldEventView {
        /// The partner.
        partner_id: PartnerId,
        /// The run that does not pay it.
        run_id: RunId,
        /// ISO 4217 code.
        currency: Currency,
        /// Minor units.
        amount: i64,
        /// Why.
        reason: UnpaidReason,
    }
}

/// What became of a run that a caller asked for.
pub enum Requested {
    /// A new draft.
    Created {
        /// Its id.
        id: RunId,
        /// Its JSON.
        json: String,
    },
    /// The same run was asked for before; its JSON as of now.
    Known(String),
}

/// Whether partners may see a run.
#[must_use]
pub fn is_public(status: RunStatus) -> bool {
    match status {
        RunStatus::Approved | RunStatus::Settled => true,
        RunStatus::Draft | RunStatus::Cancelled => false,
    }
}

/// The run as it stands after a change.
fn view_of(tx: &Tx<'_>, no: i64) -> Result<RunView, SqlError> {
    let run = runs::by_no(tx.sql, no)?;
    show(tx, &run.ok_or(SqlError::Shape { column: 0, expected: "a run that exists" })?)
}

/// Creates a draft, or returns the run that exists for the same period, currency and terms.
pub fn create(tx: &Tx<'_>, terms: RunTerms) -> Result<Requested, LedgerError> {
    if let Some(first) = runs::active(tx.sql, terms.from, terms.to, terms.currency)? {
        check_same(&first, &terms)?;
        return Ok(Requested::Known(json_text(&show(tx, &first)?)?));
    }
    tx.with_entropy(|entropy| maturity::sweep_all(tx.sql, tx.now, entropy))?;
    let (no, id) = (terms.no, terms.id.clone());
    let change = Change::Run { terms: Box::new(terms), details_required: true };
    let json = tx.commit_computed(EventType::PayoutRunCreated, &change, || view_of(tx, no))?;
    notify_held(tx, no, &BTreeSet::new())?;
    Ok(Requested::Created { id, json })
}

/// Refuses a request for a run that exists with other terms.
fn check_same(first: &Run, terms: &RunTerms) -> Result<(), RunError> {
    let field = match (first.terms.minimum == terms.minimum, first.terms.rate_date == terms.rate_date) {
        (true, true) => return Ok(()),
        (false, _) => "minimum",
        (true, false) => "rate_date",
    };
    Err(RunError::Conflict { run: first.terms.id.clone(), field })
}

/// The number of a run that is still a draft.
fn draft_no(run: &Run) -> Result<i64, RunError> {
    match run.status {
        RunStatus::Draft => Ok(run.terms.no),
        RunStatus::Approved | RunStatus::Settled | RunStatus::Cancelled => {
            Err(RunError::Immutable { status: run.status })
        }
    }
}

/// Computes a draft again, and returns its JSON.
pub fn refresh(tx: &Tx<'_>, run: &Run, by: &str) -> Result<String, LedgerError> {
    let run_no = draft_no(run)?;
    tx.with_entropy(|entropy| maturity::sweep_all(tx.sql, tx.now, entropy))?;
    let notified = held_for_details(tx, run_no)?
        .into_iter()
        .map(|(payout, reason)| (payout.partner_no, reason))
        .collect();
    let change = Change::RunRefreshed { run_no, by: by.to_owned(), details_required: true };
    let json = tx.commit_computed(EventType::PayoutRunRefreshed, &change, || view_of(tx, run_no))?;
    notify_held(tx, run_no, &notified)?;
    Ok(json)
}

/// The payouts of a draft that are held for the partner's payout details, with the reason.
fn held_for_details(tx: &Tx<'_>, run_no: i64) -> Result<Vec<(Payout, UnpaidReason)>, SqlError> {
    let held = payouts::of_run(tx.sql, run_no, PayoutStatus::Held, MAX_SAFE_INTEGER)?;
    Ok(held
        .into_iter()
        .filter_map(|payout| Some((payout.reason.filter(is_about_details)?, payout)))
        .map(|(reason, payout)| (payout, reason))
        .collect())
}

/// Whether the partner itself can do something about a payout that is held.
fn is_about_details(reason: &UnpaidReason) -> bool {
    match reason {
        UnpaidReason::DetailsMissing | UnpaidReason::DetailsRecent => true,
        UnpaidReason::Negative
        | UnpaidReason::BelowMinimum
        | UnpaidReason::RateMissing
        | UnpaidReason::InOtherRun => false,
    }
}

/// Writes an event for each partner whose payout a draft holds for its payout details, except those `notified` before.
fn notify_held(
    tx: &Tx<'_>,
    run_no: i64,
    notified: &BTreeSet<(PartnerNo, UnpaidReason)>,
) -> Result<(), SqlError> {
    for (payout, reason) in held_for_details(tx, run_no)? {
        let partner_no = payout.partner_no;
        if notified.contains(&(partner_no, reason)) {
            continue;
        }
        let event = PayoutHeldEventView {
            partner_id: payout.partner_id,
            run_id: payout.run_id,
            currency: payout.currency,
            amount: payout.amount,
            reason,
        };
        tx.commit(EventType::PayoutHeld, &Change::PayoutHeld { run_no, partner_no }, &event, "")?;
    }
    Ok(())
}

/// Cancels a draft, and returns its JSON.
pub fn cancel(tx: &Tx<'_>, run: &Run) -> Result<String, LedgerError> {
    let run_no = draft_no(run)?;
    let change = Change::RunCancelled { run_no };
    Ok(tx.commit_computed(EventType::PayoutRunCancelled, &change, || view_of(tx, run_no))?)
}

/// Whether a key, or a key that led to it by making keys, is among the makers of a run.
fn is_of_makers(tx: &Tx<'_>, run: &Run, by: &str) -> Result<bool, SqlError> {
    let mut key = Some(by.to_owned());
    while let Some(id) = key {
        if run.terms.maker == id || run.refreshed_by.as_ref() == Some(&id) {
            return Ok(true);
        }
        // A key is made by a key that exists, so this ends.
        key = keys::maker_of(tx.sql, &id)?;
    }
    Ok(false)
}

/// Approves a draft, and returns its JSON. The key that created or last refreshed it may not, nor may a key that those made,
/// directly or through other keys. What the run pays must not have changed since it was computed.
pub fn approve(tx: &Tx<'_>, run: &Run, by: &str) -> Result<String, LedgerError> {
    let run_no = draft_no(run)?;
    if is_of_makers(tx, run, by)? {
        return Err(RunError::OwnRun.into());
    }
    if let Some(change) = payouts::changed_since(tx.sql, run)? {
        return Err(RunError::Outdated { change, computed_at: run.computed_at }.into());
    }
    let change = Change::RunApproved { run_no, by: by.to_owned() };
    Ok(tx.commit_computed(EventType::PayoutRunApproved, &change, || view_of(tx, run_no))?)
}
