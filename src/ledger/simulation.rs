//! Reruns past conversions under other attribution rules, to show who would gain or lose. Nothing is written.
//!
//! The touches are those that were weighed then, as they are stored with each conversion. So a touch that was bound to its
//! customer keeps the standing that it had, and clicks that nobody fetched then (a visitor's trail under the last-touch
//! model) are missing now, too.

use super::{
    attribution::record,
    error::{LedgerError, SimulationError},
    refunds::reversal::taken_back,
    terms,
    tx::Tx,
    view::view,
};
use crate::{
    domain::{
        attribution::{
            Attribution, Touch, attribute,
            rules::{RepeatCustomers, Rules},
        },
        conversions::CommissionSource,
        money::{Currency, WHOLE_BP, share_half_up},
        programme::{
            Program,
            partner::{Partner, PartnerNo},
            plan,
        },
        values::{
            id::{ConversionId, PartnerId},
            time::Timestamp,
        },
    },
    store::{
        SqlError,
        commissions::{self, Commission},
        conversions::{self, Conversion, customers},
        programme::{listings, partners},
    },
};
use std::collections::BTreeMap;

/// Conversions that one simulation reruns.
pub const MAX_CONVERSIONS: i64 = 20_000;
/// How many ids of changed conversions are listed.
const MAX_IDS: usize = 100;
/// How many conversions are read at once.
const PAGE: i64 = 500;

view! {
    /// What the rules would change for a partner in one currency.
    pub struct SimulatedView {
        /// The partner.
        partner_id: PartnerId,
        /// ISO 4217 code.
        currency: Currency,
        /// Commission as it was credited, net of refunds, minor units.
        before: i128,
        /// Commission as these rules would have it.
        after: i128,
        /// Gained (positive) or lost.
        difference: i128,
    }

    /// What other rules would have made of history.
    pub struct SimulationView {
        /// Conversions that were rerun.
        conversions: i64,
        /// Conversions that others, or others in other shares, would earn.
        changed: i64,
        /// The first of them, at most 100, in the order in which they occurred.
        changed_ids: Vec<ConversionId>,
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
    commission: BTreeMap<(PartnerNo, Currency), (i128, i128)>,
}

impl Sums {
    fn add(&mut self, partner_no: PartnerNo, currency: Currency, before: i64, after: i64) {
        let (all_before, all_after) = self.commission.entry((partner_no, currency)).or_default();
        *all_before = all_before.saturating_add(i128::from(before));
        *all_after = all_after.saturating_add(i128::from(after));
    }
}

/// The state of a simulation.
struct Rerun<'a, 'c> {
    tx: &'a Tx<'c>,
    rules: Rules,
    terms: Program,
    partners: BTreeMap<PartnerNo, Option<Partner>>,
    sums: Sums,
}

/// Reruns the conversions that occurred from `from` on and before `to`.
pub fn simulate(
    tx: &Tx<'_>,
    rules: Rules,
    from: Timestamp,
    to: Timestamp,
) -> Result<SimulationView, LedgerError> {
    let found = conversions::number_between(tx.sql, from, to, MAX_CONVERSIONS.saturating_add(1))?;
    if found > MAX_CONVERSIONS {
        return Err(SimulationError::TooManyConversions.into());
    }
    let terms = terms::current(tx)?;
    let mut rerun = Rerun { tx, rules, terms, partners: BTreeMap::new(), sums: Sums::default() };
    let mut after = (from, 0);
    loop {
        let page = conversions::between(tx.sql, after, to, PAGE)?;
        let Some(last) = page.last() else { break };
        after = (last.occurred_at, last.no);
        page.iter().try_for_each(|conversion| rerun.conversion(conversion))?;
    }
    Ok(rerun.finish()?)
}

impl Rerun<'_, '_> {
    fn partner(&mut self, no: PartnerNo) -> Result<Option<&Partner>, SqlError> {
        if !self.partners.contains_key(&no) {
            self.partners.insert(no, partners::by_no(self.tx.sql, no)?);
        }
        Ok(self.partners.get(&no).and_then(Option::as_ref))
    }

    /// The touches as they were weighed, with what is known of their partners today.
    fn touches(&mut self, conversion: &Conversion) -> Result<(Vec<Touch>, Vec<i64>), SqlError> {
        let (mut touches, shares) = record::weighed(conversion)?;
        let is_repeat = match &conversion.customer_id {
            Some(customer) if self.rules.repeat_customers == RepeatCustomers::Ignore => {
                customers::has_bought_before(self.tx.sql, customer, conversion.occurred_at)?
            }
            Some(_) | None => false,
        };
        for touch in &mut touches {
            touch.is_repeat = is_repeat;
            if let Some((no, terminated_at)) = &mut touch.partner {
                *terminated_at = self.partner(*no)?.and_then(|partner| partner.terminated_at);
            }
        }
        Ok((touches, shares))
    }

    fn conversion(&mut self, conversion: &Conversion) -> Result<(), SqlError> {
        let (touches, shares) = self.touches(conversion)?;
        let attribution = attribute(&touches, conversion.occurred_at, self.rules);
        let mut now = vec![0; shares.len()];
        for credit in &attribution.credits {
            if let Some(share) = now.get_mut(credit.touch) {
                *share = credit.share_bp;
            }
        }
        self.sums.conversions = self.sums.conversions.saturating_add(1);
        let is_changed = now != shares;
        if is_changed {
            self.sums.changed = self.sums.changed.saturating_add(1);
            if self.sums.changed_ids.len() < MAX_IDS {
                self.sums.changed_ids.push(conversion.id.clone());
            }
        }
        self.commission(conversion, is_changed.then_some(&attribution))
    }

    /// Adds what the conversion earned, and what it would earn under `changed`.
    fn commission(&mut self, conversion: &Conversion, changed: Option<&Attribution>) -> Result<(), SqlError> {
        let Some((sale, currency)) = conversion.amount.as_ref().filter(|_| conversion.kind.earns()) else {
            return Ok(());
        };
        let Some(currency) = Currency::parse(currency) else { return Ok(()) };
        let mut earned = commissions::of_conversion(self.tx.sql, conversion.no)?;
        // Fixed amounts do not depend on shares, so they are left out of both sums.
        earned.retain(|row| {
            row.source == CommissionSource::Conversion && (row.base.is_some() || row.rate_bp > 0)
        });
        let net = |amount: i64| -> Result<i64, SqlError> {
            Ok(amount.saturating_sub(taken_back(amount, conversion.refunded, *sale)?))
        };
        for commission in &earned {
            let before = net(commission.amount)?;
            let after = if changed.is_some() { 0 } else { before };
            self.sums.add(commission.partner_no, currency, before, after);
        }
        let Some(attribution) = changed else { return Ok(()) };
        // The base of the rates; a plan may make it less than the sale.
        let bases = earned
            .iter()
            .filter_map(|row| row.base)
            .fold(None, |sum: Option<i64>, base| Some(sum.unwrap_or(0).saturating_add(base)));
        let parts = attribution.parts(bases.unwrap_or(*sale)).unwrap_or_default();
        for (credit, part) in attribution.credits.iter().zip(parts) {
            let rate_bp = self.rate(&earned, credit.partner_no, conversion)?;
            let amount = share_half_up(part, rate_bp, WHOLE_BP).ok_or(SqlError::Overflow("a commission"))?;
            self.sums.add(credit.partner_no, currency, 0, net(amount)?);
        }
        Ok(())
    }

    /// The rate that the partner had on this conversion, else that of its terms, as if this were the month's first sale and
    /// the subscription's first charge.
    fn rate(
        &mut self,
        earned: &[Commission],
        partner_no: PartnerNo,
        conversion: &Conversion,
    ) -> Result<i64, SqlError> {
        let had = earned.iter().find(|commission| commission.partner_no == partner_no);
        if let Some(commission) = had {
            return Ok(commission.rate_bp);
        }
        let listing = conversion.listing_no.map(|no| listings::by_no(self.tx.sql, no)).transpose()?.flatten();
        let listing = listing.map(|listing| listing.id);
        let Some(partner) = self.partner(partner_no)?.cloned() else { return Ok(0) };
        let at = conversion.occurred_at;
        Ok(match plan::select(&self.terms.plans, &partner, listing.as_ref(), at) {
            Some(plan) => plan.rate(conversion.kind, 1, at, at).bp(),
            None => partner.commission_bp.unwrap_or(self.terms.commission_bp),
        })
    }

    fn finish(mut self) -> Result<SimulationView, SqlError> {
        let commission = std::mem::take(&mut self.sums.commission);
        let mut data = Vec::with_capacity(commission.len());
        for ((partner_no, currency), (before, after)) in commission {
            let partner = self.partner(partner_no)?;
            let partner = partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?;
            let partner_id = partner.id.clone();
            let difference = after.saturating_sub(before);
            data.push(SimulatedView { partner_id, currency, before, after, difference });
        }
        let Sums { conversions, changed, changed_ids, .. } = self.sums;
        Ok(SimulationView { conversions, changed, changed_ids, data })
    }
}
