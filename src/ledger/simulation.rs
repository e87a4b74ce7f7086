//! Simulates other rules and plans on past conversions, to show who would gain or lose. Nothing of the Ledger is changed.
//!
//! History is rerun twice in a copy of the Ledger's rows ([`scratch`](crate::store::scratch)), by the code that accepts
//! conversions: as it was, and with the other terms. The first rerun is the proof: where it does not lead to what was booked,
//! the terms of that time are no longer known, and the conversion is left as it was booked and listed.
//!
//! A simulation is a value that is advanced by a few conversions at a time ([`Simulation::advance`]), because whoever runs it
//! shares a thread with the Ledger.

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
        commissions::usage_counters::{self, Usage},
        conversions::uses,
        scratch::{self, Extent},
        value::MAX_SAFE_INTEGER,
    },
};
use history::{Earned, History, Past};
use rerun::{Outcome, Rerun};
pub use rerun::{Scratch, Trial};
use std::collections::BTreeMap;

/// Conversions that one simulation reruns.
pub const MAX_CONVERSIONS: i64 = 10_000;
/// Reading, deleting or comparing rows takes less time than accepting a conversion.
const ROWS_PER_CONVERSION: usize = 8;
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

/// Returns which part of history a trial needs to rerun, or `None` if no conversion occurred in its period.
pub fn extent(tx: &Tx<'_>, trial: &Trial) -> Result<Option<Extent>, LedgerError> {
    first_to_rerun(tx, trial)?.map(|first| Ok(scratch::extent(tx.sql, first, tx.now)?)).transpose()
}

/// The first conversion that has to be rerun; `None` if none occurred in the period. All later ones are rerun as well, because
/// what they add to the counters of the terms must not be there before. If there are not too many, all conversions are rerun.
fn first_to_rerun(tx: &Tx<'_>, trial: &Trial) -> Result<Option<i64>, LedgerError> {
    let Trial { from, to, .. } = *trial;
    let Some(beyond) = scratch::beyond(tx.sql, MAX_CONVERSIONS)? else {
        return Ok(scratch::is_any_between(tx.sql, from, to, MAX_SAFE_INTEGER)?.then_some(1));
    };
    if scratch::is_any_between(tx.sql, from, to, beyond)? {
        return Err(SimulationError::TooManyConversions.into());
    }
    let Some(first) = scratch::first_between(tx.sql, from, to)? else { return Ok(None) };
    let plans = trial.plans.iter().flatten();
    if has_counters(&terms::current(tx)?, plans) && !uses::is_known(tx.sql, first)? {
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
    fn add(&mut self, past: &Past, control: &Outcome, tried: &Outcome) -> Result<(), SqlError> {
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

    fn finish(self, data: Vec<SimulatedView>) -> SimulationView {
        let Self { conversions, changed, changed_ids, inexact, inexact_conversions, .. } = self;
        SimulationView { conversions, changed, changed_ids, inexact, inexact_conversions, data }
    }
}

impl SimulationView {
    /// The result of a simulation of no conversions.
    pub fn empty() -> Self {
        Sums::default().finish(Vec::new())
    }
}

/// What a simulation does next.
enum Stage {
    ReadHistory,
    Clear,
    /// Write the base after this page.
    WriteBase(i64),
    /// Take back what the conversions have added to counters.
    TakeBack(Vec<Usage>),
    Run(Box<Rerun>),
    /// Compare the conversion at this index.
    Compare(usize),
    Show(Vec<SimulatedView>),
}

/// A simulation in a copy, and how far it has come.
pub struct Simulation {
    trial: Trial,
    history: History,
    stage: Stage,
    /// The outcomes of the reruns: as it was, and with the other terms.
    control: Option<Vec<Outcome>>,
    tried: Vec<Outcome>,
    sums: Sums,
}

impl Simulation {
    /// Returns the simulation of a trial on an extent, whose rows were copied.
    pub fn new(trial: Trial, extent: Extent) -> Self {
        let (history, stage) = (History::new(extent), Stage::ReadHistory);
        Self { trial, history, stage, control: None, tried: Vec::new(), sums: Sums::default() }
    }

    /// Advances it by about `limit` conversions. Returns the result at the end.
    pub fn advance(
        &mut self,
        scratch: &Scratch<'_>,
        limit: usize,
    ) -> Result<Option<SimulationView>, LedgerError> {
        let rows = i64::try_from(limit.saturating_mul(ROWS_PER_CONVERSION)).unwrap_or(i64::MAX);
        let trial = self.control.is_some().then_some(&self.trial);
        let next = match &mut self.stage {
            Stage::ReadHistory => self.history.read_some(scratch.sql, rows)?.then_some(Stage::Clear),
            Stage::Clear => scratch::clear(scratch.sql, rows)?.then_some(Stage::WriteBase(0)),
            Stage::WriteBase(page) => {
                match scratch::write_base(scratch.sql, *page, self.control.is_none())? {
                    Some(written) => Some(Stage::WriteBase(written)),
                    None => Some(Stage::TakeBack(self.history.added())),
                }
            }
            Stage::TakeBack(added) => {
                let rest = added.len().saturating_sub(limit);
                usage_counters::add(scratch.sql, &added.split_off(rest))?;
                match added.is_empty() {
                    true => Some(Stage::Run(Box::new(Rerun::begin(scratch.sql, &self.history, trial)?))),
                    false => None,
                }
            }
            Stage::Run(rerun) => match rerun.run_some(scratch, &self.history, trial, limit, rows)? {
                Some(outcomes) if self.control.is_none() => {
                    self.control = Some(outcomes);
                    Some(Stage::Clear)
                }
                Some(outcomes) => {
                    self.tried = outcomes;
                    Some(Stage::Compare(0))
                }
                None => None,
            },
            Stage::Compare(place) => {
                let end = place.saturating_add(limit.saturating_mul(ROWS_PER_CONVERSION));
                let control = self.control.as_deref().unwrap_or_default();
                let compared = self.history.conversions.iter().zip(control).zip(&self.tried);
                for ((past, control), tried) in compared.take(end).skip(*place) {
                    if self.trial.covers(past.row.occurred_at) {
                        self.sums.add(past, control, tried)?;
                    }
                }
                let is_end = end >= self.history.conversions.len();
                Some(if is_end { Stage::Show(Vec::new()) } else { Stage::Compare(end) })
            }
            Stage::Show(data) => {
                for _ in 0..limit {
                    let Some(((partner_no, currency), (before, after))) = self.sums.commission.pop_first()
                    else {
                        return Ok(Some(std::mem::take(&mut self.sums).finish(std::mem::take(data))));
                    };
                    let partner_id = partner_id(scratch.sql, partner_no)?;
                    let difference = after.saturating_sub(before);
                    data.push(SimulatedView { partner_id, currency, before, after, difference });
                }
                None
            }
        };
        if let Some(next) = next {
            self.stage = next;
        }
        Ok(None)
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
