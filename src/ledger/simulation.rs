//! Simulates other rules and plans on past conversions, to show who would gain or lose. Nothing remains written.
//!
//! History is rerun twice in a copy of the state, by the code that accepts conversions: as it was, and with the other terms.
//! The first rerun is the proof: where it does not lead to what was booked, the terms of that time are no longer known, and
//! the conversion is left as it was booked and listed.

mod history;
mod rerun;

use super::{
    error::{LedgerError, SimulationError},
    public_ids::partner_id,
    refunds::reversal::taken_back,
    terms,
    tx::Tx,
    view::view,
};
use crate::{
    domain::{
        attribution::TrailState,
        money::Currency,
        programme::{
            Program,
            partner::PartnerNo,
            plan::{Base, Plan},
        },
        values::{
            id::{ConversionId, PartnerId},
            string_enum::string_enum,
        },
    },
    store::{
        SqlError,
        conversions::{rewind, uses},
    },
};
use history::{Earned, History, Past};
use rerun::Rerun;
pub use rerun::Trial;
use std::collections::BTreeMap;

/// Conversions that one simulation reruns.
pub const MAX_CONVERSIONS: i64 = 10_000;
/// How many ids of changed conversions are listed.
const MAX_IDS: usize = 100;
/// How many inexact conversions are listed.
const MAX_INEXACT: usize = 1_000;

string_enum! {
    /// Why a simulation is not exact for a conversion.
    InexactReason {
        /// The terms as they are now do not lead to what was booked, because they were changed since. It is left as it was
        /// booked.
        BookedOtherwise = "booked_otherwise";
        /// The rules weigh the visitor's earlier clicks, which were not fetched when it was accepted. It is simulated without
        /// them.
        TrailUnknown = "trail_unknown";
    }
}

view! {
    /// What the rules would change for a partner in one currency.
    pub struct SimulatedView {
        /// The partner.
        partner_id: PartnerId,
        /// ISO 4217 code.
        currency: Currency,
        /// Commission as it was booked, net of refunds, minor units.
        before: i128,
        /// Commission as these rules would have booked it, net of the same refunds.
        after: i128,
        /// Gained (positive) or lost.
        difference: i128,
    }

    /// A conversion for which the simulation is not exact.
    pub struct InexactConversionView {
        /// The conversion.
        conversion_id: ConversionId,
        /// Why.
        reason: InexactReason,
    }

    /// What other rules would have made of history.
    pub struct SimulationView {
        /// Conversions that were simulated.
        conversions: i64,
        /// Conversions that others, or others in other shares, would earn, or that would earn other amounts.
        changed: i64,
        /// The first of them, at most 100, in the order in which they were accepted.
        changed_ids: Vec<ConversionId>,
        /// Conversions for which the simulation is not exact.
        inexact: i64,
        /// The first of them, at most 1,000, each with the reason.
        inexact_conversions: Vec<InexactConversionView>,
        /// By partner and currency, in the order in which the partners were added.
        data: Vec<SimulatedView>,
    }
}

/// Sums so far, before and after.
#[derive(Default)]
struct Sums {
    conversions: i64,
    changed: i64,
    changed_ids: Vec<ConversionId>,
    inexact: i64,
    inexact_conversions: Vec<InexactConversionView>,
    commission: BTreeMap<(PartnerNo, Currency), (i128, i128)>,
}

/// Simulates a trial.
pub fn simulate(tx: &Tx<'_>, trial: &Trial) -> Result<SimulationView, LedgerError> {
    let mut sums = Sums::default();
    if let Some(first) = first_to_rerun(tx, trial)? {
        let history = History::read(tx, first)?;
        let control = rerun::rerun(tx, &history, None)?;
        let tried = rerun::rerun(tx, &history, Some(trial))?;
        for ((past, control), tried) in history.conversions.iter().zip(&control).zip(&tried) {
            if trial.covers(past.row.occurred_at) {
                sums.add(past, control, tried)?;
            }
        }
    }
    Ok(sums.finish(tx)?)
}

/// The first conversion that has to be rerun; `None` if none occurred in the period. All later ones are rerun as well, because
/// what they add to the counters of the terms must not be there before. If there are not too many, all conversions are rerun.
fn first_to_rerun(tx: &Tx<'_>, trial: &Trial) -> Result<Option<i64>, LedgerError> {
    let Some(first) = rewind::first_between(tx.sql, trial.from, trial.to)? else { return Ok(None) };
    let most = MAX_CONVERSIONS.saturating_add(1);
    if rewind::number_from(tx.sql, 1, most)? <= MAX_CONVERSIONS {
        return Ok(Some(1));
    }
    if rewind::number_from(tx.sql, first, most)? > MAX_CONVERSIONS {
        return Err(SimulationError::TooManyConversions.into());
    }
    let plans = trial.plans.iter().flatten();
    if has_counters(&terms::current(tx)?, plans) && uses::since(tx.sql, first)?.is_none() {
        return Err(SimulationError::TooManyConversions.into());
    }
    Ok(Some(first))
}

/// Whether amounts depend on earlier conversions.
fn has_counters<'p>(terms: &'p Program, plans: impl Iterator<Item = &'p Plan>) -> bool {
    let counts = |plan: &Plan| {
        let is_plain = plan.tiers.is_empty() && plan.caps.is_empty() && plan.bonuses.is_empty();
        !is_plain || plan.base == Base::NetOfFees
    };
    terms.plans.iter().chain(plans).any(counts)
        || terms.joint_products.iter().any(|product| product.cost_share.is_some())
}

impl Sums {
    fn add(&mut self, past: &Past, control: &Rerun, tried: &Rerun) -> Result<(), SqlError> {
        self.conversions = self.conversions.saturating_add(1);
        let is_exact = control.earned == past.earned;
        let after = if is_exact { &tried.earned } else { &past.earned };
        if !is_exact {
            self.note(past, InexactReason::BookedOtherwise);
        } else if tried.trail == TrailState::Unavailable && past.stored.trail == TrailState::NotNeeded {
            self.note(past, InexactReason::TrailUnknown);
        }
        if is_exact && (tried.shares != control.shares || tried.earned != control.earned) {
            self.changed = self.changed.saturating_add(1);
            if self.changed_ids.len() < MAX_IDS {
                self.changed_ids.push(past.row.id.clone());
            }
        }
        for earned in &past.earned {
            let net = net(past, earned)?;
            let (before, _) = self.commission.entry((earned.partner_no, earned.currency)).or_default();
            *before = before.saturating_add(i128::from(net));
        }
        for earned in after {
            let net = net(past, earned)?;
            let (_, after) = self.commission.entry((earned.partner_no, earned.currency)).or_default();
            *after = after.saturating_add(i128::from(net));
        }
        Ok(())
    }

    fn note(&mut self, past: &Past, reason: InexactReason) {
        self.inexact = self.inexact.saturating_add(1);
        if self.inexact_conversions.len() < MAX_INEXACT {
            let conversion_id = past.row.id.clone();
            self.inexact_conversions.push(InexactConversionView { conversion_id, reason });
        }
    }

    fn finish(self, tx: &Tx<'_>) -> Result<SimulationView, SqlError> {
        let mut data = Vec::with_capacity(self.commission.len());
        for ((partner_no, currency), (before, after)) in self.commission {
            let partner_id = partner_id(tx.sql, partner_no)?;
            let difference = after.saturating_sub(before);
            data.push(SimulatedView { partner_id, currency, before, after, difference });
        }
        let Self { conversions, changed, changed_ids, inexact, inexact_conversions, .. } = self;
        Ok(SimulationView { conversions, changed, changed_ids, inexact, inexact_conversions, data })
    }
}

/// What refunds leave of a commission, minor units. A bonus belongs to no sale, so refunds leave all of it.
fn net(past: &Past, earned: &Earned) -> Result<i64, SqlError> {
    let sale = past.row.amount.as_ref().map_or(0, |(amount, _)| *amount);
    if earned.is_bonus() {
        return Ok(earned.amount);
    }
    Ok(earned.amount.saturating_sub(taken_back(earned.amount, past.row.refunded, sale)?))
}
