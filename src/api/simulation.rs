//! History under other rules: who would gain or lose. Nothing is written.
//!
//! What is weighed is what was weighed then, as it is kept with each conversion. So a touch that was bound to its customer
//! keeps the standing that it had, and what nobody asked for then (under last touch, a visitor's earlier clicks) is not
//! there now.

use super::{
    body::Checks,
    call::Call,
    conversions::explain,
    http::Response,
    problem::{Code, Problem},
    programme, refunds,
    rules::NewAttribution,
    views::view,
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
use json::FromJson;
use std::collections::BTreeMap;

/// Conversions that are rerun at once.
pub const MOST_CONVERSIONS: i64 = 20_000;
/// Ids that are told of those that change.
const MOST_IDS: usize = 100;
/// Conversions that are read at once.
const PAGE: i64 = 500;

/// Rules to try.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewSimulation {
    /// Attribution rules as `PUT /v1/program` takes them: what is left out takes its default.
    attribution: NewAttribution,
    /// Only conversions that occurred from this time on.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Timestamp>"))]
    from: Option<String>,
    /// Only conversions that occurred before this time.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Timestamp>"))]
    to: Option<String>,
}

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

/// What the rules are applied with.
struct Rerun<'a, 'c> {
    call: &'a Call<'c>,
    rules: Rules,
    terms: Program,
    partners: BTreeMap<PartnerNo, Option<Partner>>,
    sums: Sums,
}

/// `POST /v1/attribution/simulate`
pub fn simulate(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewSimulation = call.body()?;
    let mut checks = Checks::default();
    body.attribution.check(&mut checks);
    let from = checks.time("from", body.from.as_deref()).unwrap_or_else(|| Timestamp::clamped(0));
    let to = checks.time("to", body.to.as_deref()).unwrap_or_else(|| Timestamp::clamped(i64::MAX));
    checks.finish()?;
    let found = conversions::number_between(call.sql, from, to, MOST_CONVERSIONS.saturating_add(1))?;
    if found > MOST_CONVERSIONS {
        let detail = "More than 20,000 conversions occurred then. Send a shorter time from `from` to `to`, one after the \
                      other; the figures of several add up.";
        return Err(Problem::new(Code::TooManyConversions, detail));
    }
    let mut rerun = Rerun {
        call,
        rules: body.attribution.rules(),
        terms: programme::current(call)?,
        partners: BTreeMap::new(),
        sums: Sums::default(),
    };
    let mut after = (from, 0);
    loop {
        let page = conversions::between(call.sql, after, to, PAGE)?;
        let Some(last) = page.last() else { break };
        after = (last.occurred_at, last.no);
        page.iter().try_for_each(|conversion| rerun.conversion(conversion))?;
    }
    call.json(200, &rerun.answer()?)
}

impl Rerun<'_, '_> {
    fn partner(&mut self, no: PartnerNo) -> Result<Option<&Partner>, SqlError> {
        if !self.partners.contains_key(&no) {
            self.partners.insert(no, partners::by_no(self.call.sql, no)?);
        }
        Ok(self.partners.get(&no).and_then(Option::as_ref))
    }

    /// The touches as they were weighed, with what is known of their partners now.
    fn touches(&mut self, conversion: &Conversion) -> Result<(Vec<Touch>, Vec<i64>), SqlError> {
        let (mut touches, shares) = explain::weighed(conversion)?;
        let is_repeat = match &conversion.customer_id {
            Some(customer) if self.rules.repeat_customers == RepeatCustomers::Ignore => {
                customers::had_bought(self.call.sql, customer, conversion.occurred_at)?
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

    fn conversion(&mut self, conversion: &Conversion) -> Result<(), Problem> {
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
            if self.sums.changed_ids.len() < MOST_IDS {
                self.sums.changed_ids.push(conversion.id.clone());
            }
        }
        self.commission(conversion, is_changed.then_some(&attribution))
    }

    /// Adds what the conversion earned, and what it would earn if `changed`.
    fn commission(&mut self, conversion: &Conversion, changed: Option<&Attribution>) -> Result<(), Problem> {
        let Some((sale, currency)) = conversion.amount.as_ref().filter(|_| conversion.kind.earns()) else {
            return Ok(());
        };
        let Some(currency) = Currency::parse(currency) else { return Ok(()) };
        let mut earned = commissions::of_conversion(self.call.sql, conversion.no)?;
        // Fixed amounts are no shares: they are left out of both sides.
        earned.retain(|row| {
            row.source == CommissionSource::Conversion && (row.base.is_some() || row.rate_bp > 0)
        });
        let net = |amount: i64| -> Result<i64, SqlError> {
            Ok(amount.saturating_sub(refunds::taken_back(amount, conversion.refunded, *sale)?))
        };
        for commission in &earned {
            let before = net(commission.amount)?;
            let after = if changed.is_some() { 0 } else { before };
            self.sums.add(commission.partner_no, currency, before, after);
        }
        let Some(attribution) = changed else { return Ok(()) };
        // What rates were applied to, which a plan may make less than the sale.
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

    /// The rate that the partner had on this conversion, else the one of its terms: as if it were the month's first sale,
    /// and the subscription's first charge.
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
        let listing =
            conversion.listing_no.map(|no| listings::by_no(self.call.sql, no)).transpose()?.flatten();
        let listing = listing.map(|listing| listing.id);
        let Some(partner) = self.partner(partner_no)?.cloned() else { return Ok(0) };
        let at = conversion.occurred_at;
        Ok(match plan::select(&self.terms.plans, &partner, listing.as_ref(), at) {
            Some(plan) => plan.rate(conversion.kind, 1, at, at).bp(),
            None => partner.commission_bp.unwrap_or(self.terms.commission_bp),
        })
    }

    fn answer(mut self) -> Result<SimulationView, Problem> {
        let commission = std::mem::take(&mut self.sums.commission);
        let mut data = Vec::with_capacity(commission.len());
        for ((partner_no, currency), (before, after)) in commission {
            let partner = self.partner(partner_no)?;
            let partner = partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?;
            let difference = after.saturating_sub(before);
            data.push(SimulatedView { partner_id: partner.id.clone(), currency, before, after, difference });
        }
        let Sums { conversions, changed, changed_ids, .. } = self.sums;
        Ok(SimulationView { conversions, changed, changed_ids, data })
    }
}
