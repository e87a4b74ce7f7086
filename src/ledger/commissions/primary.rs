//! What a conversion earns the partners who are credited with it.

use super::{
    coupon_use::coupon_use,
    fraud_facts::{CreditOrigin, held_reasons},
    sale::{Basis, Sale},
    sales_counters::{is_counted, revenue_key, sales_key, sold_key},
};
use crate::{
    domain::{
        attribution::{Attribution, Credit},
        clicks::click::Class,
        conversions::{CommissionSource, CommissionStatus, HeldReason},
        money::{Currency, WHOLE_BP, share_half_up},
        programme::{
            calendar::Period,
            partner::{Partner, PartnerNo},
            plan::{self, Base, Cap, CapPer, Plan, PlanRate, TierMode},
        },
        values::id::CommissionId,
    },
    store::{
        SqlError,
        commissions::{self, Commission, CommissionOrigin},
        conversions::{self, BoundTouch, counted::CountedPeriods},
        programme::partners,
    },
};

/// The flag of a commission that a cap reduced.
const CAPPED: &str = "capped";

/// How many sales a partner has, this one included.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// The number of this sale among the partner's sales of the month: 1, 2, …
    pub sale_no: i64,
    /// Sales of the quarter so far.
    pub in_quarter: i64,
}

/// A credited partner, its plan, and how many sales it has.
pub struct Earner<'a> {
    pub partner: Partner,
    pub plan: Option<&'a Plan>,
    pub standing: Standing,
}

/// The credited partners, each once, after counting this sale.
pub fn earners<'a>(sale: &mut Sale<'a, '_>, attribution: &Attribution) -> Result<Vec<Earner<'a>>, SqlError> {
    let mut earners: Vec<Earner<'a>> = Vec::new();
    for credit in &attribution.credits {
        if earners.iter().any(|earner| earner.partner.no == credit.partner_no) {
            continue;
        }
        let partner = partners::by_no(sale.tx.sql, credit.partner_no)?;
        let partner = partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?;
        let plan = plan::select(&sale.terms.plans, &partner, sale.listing_id(), sale.conversion.occurred_at);
        let standing = count(sale, attribution, partner.no)?;
        if standing.sale_no > 0
            && let Some(plan) = plan
        {
            mark_sold(sale, plan, partner.no)?;
        }
        earners.push(Earner { partner, plan, standing });
    }
    Ok(earners)
}

/// Counts the sale for a partner.
fn count(
    sale: &mut Sale<'_, '_>,
    attribution: &Attribution,
    partner_no: PartnerNo,
) -> Result<Standing, SqlError> {
    let mut standing = Standing { sale_no: 0, in_quarter: 0 };
    if !is_counted(sale.terms, sale.conversion) {
        return Ok(standing);
    }
    // A sale that is credited late may have been refunded by then.
    let refunded = sale.conversion.refunded;
    let left = sale.amount.map(|(amount, currency)| (amount.saturating_sub(refunded), currency));
    if refunded > 0 && left.is_some_and(|(left, _)| left == 0) {
        return Ok(standing);
    }
    let Period { month, quarter, .. } = sale.period.clone();
    sale.counted.periods = Some(CountedPeriods { month, quarter });
    standing.sale_no = sale.counters.add(sales_key(partner_no, &sale.period.month), 1)?;
    standing.in_quarter = sale.counters.add(sales_key(partner_no, &sale.period.quarter), 1)?;
    if let Some((amount, currency)) = left {
        let parts = split(amount, attribution)?;
        let own = attribution.credits.iter().zip(parts).filter(|(credit, _)| credit.partner_no == partner_no);
        let revenue = own.fold(0i64, |sum, (_, part)| sum.saturating_add(part));
        sale.counters.add(revenue_key(partner_no, &sale.period.quarter, currency), revenue)?;
    }
    Ok(standing)
}

/// Notes that the partner made a sale of the quarter under a plan for one listing, on which its bonuses depend.
fn mark_sold(sale: &mut Sale<'_, '_>, plan: &Plan, partner_no: PartnerNo) -> Result<(), SqlError> {
    if plan.bonuses.is_empty() || plan.applies_to.listing_id.is_none() {
        return Ok(());
    }
    let key = sold_key(&plan.name, partner_no, &sale.period.quarter);
    if sale.counters.used(&key)? == 0 {
        sale.counters.add(key, 1)?;
    }
    Ok(())
}

/// Splits an amount among the credits; the parts add up to it.
fn split(amount: i64, attribution: &Attribution) -> Result<Vec<i64>, SqlError> {
    attribution.parts(amount).ok_or(SqlError::Overflow("the parts of a conversion"))
}

/// Flags of a commission: what a person should look at before it is paid.
fn flags(class: Option<Class>, held: &[HeldReason]) -> Vec<String> {
    let click = match class {
        Some(Class::Bot) => Some("bot_click".to_owned()),
        Some(Class::Prefetch) => Some("prefetch_click".to_owned()),
        // The reason for which it is held has a flag of its own.
        Some(Class::Embedded | Class::Human) | None => None,
    };
    click.into_iter().chain(held.iter().map(|reason| reason.flag())).collect()
}

/// A credit while its commissions are computed.
struct Part<'p> {
    credit: &'p Credit,
    /// Its index among the credits.
    place: usize,
    touch: Option<&'p BoundTouch>,
    /// Why its commissions are held, the gravest reason first.
    held: Vec<HeldReason>,
}

impl Part<'_> {
    fn commission(&self, sale: &Sale<'_, '_>, currency: Currency) -> Commission {
        let touch = self.touch.map(|bound| &bound.touch);
        Commission {
            origin: touch.map(|touch| CommissionOrigin::Touch(touch.origin.clone())),
            share_bp: self.credit.share_bp,
            flags: flags(touch.map(|touch| touch.class), &self.held),
            held_reason: self.held.first().copied(),
            ..sale.commission(self.credit.partner_no, CommissionSource::Conversion, currency)
        }
    }

    /// The credit's part of `whole`.
    fn of(&self, whole: i64, attribution: &Attribution) -> Result<i64, SqlError> {
        Ok(split(whole, attribution)?.get(self.place).copied().unwrap_or(0))
    }
}

/// The commissions of the credited partners.
pub fn commissions(
    sale: &mut Sale<'_, '_>,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    earners: &[Earner<'_>],
) -> Result<Vec<Commission>, SqlError> {
    let mut earned = Vec::with_capacity(attribution.credits.len());
    for (place, credit) in attribution.credits.iter().enumerate() {
        let Some(earner) = earners.iter().find(|earner| earner.partner.no == credit.partner_no) else {
            continue;
        };
        let touch = candidates.get(credit.touch);
        let click = touch.map(|bound| &bound.touch).filter(|touch| touch.coupon().is_none());
        let coupon = coupon_use(sale, touch, credit.partner_no, candidates)?;
        let origin = CreditOrigin {
            clicked_at: click.map(|touch| touch.at),
            is_embedded: click.is_some_and(|touch| touch.class == Class::Embedded),
            coupon,
        };
        let held = held_reasons(sale.tx, sale.conversion, &earner.partner, origin, &sale.terms.fraud)?;
        let part = Part { credit, place, touch, held };
        if let Some(territory) = sale.is_closed_to(&earner.partner) {
            // A commission of zero shows the partner why it earns nothing; a missing commission would not.
            if let Some((_, currency)) = sale.amount {
                let mut refused = part.commission(sale, currency);
                refused.plan = Some(territory.name.clone());
                refused.flags.push("territory_exclusive".to_owned());
                earned.push(refused);
            }
            continue;
        }
        match earner.plan {
            Some(plan) => by_plan(sale, attribution, &part, earner, plan, &mut earned)?,
            None => {
                let rate_bp = earner.partner.commission_bp.unwrap_or(sale.terms.commission_bp);
                let basis = sale.basis(Base::Gross)?;
                earned.extend(at_rate(sale, attribution, &part, basis, rate_bp)?);
            }
        }
    }
    Ok(earned)
}

/// The commission at a rate of the credit's part; `None` if there is no amount.
fn at_rate(
    sale: &Sale<'_, '_>,
    attribution: &Attribution,
    part: &Part<'_>,
    basis: Option<Basis>,
    rate_bp: i64,
) -> Result<Option<Commission>, SqlError> {
    let Some((basis, (_, currency))) = basis.zip(sale.amount) else { return Ok(None) };
    let base = part.of(basis.amount, attribution)?;
    let amount = share_half_up(base, rate_bp, WHOLE_BP).ok_or(SqlError::Overflow("a commission"))?;
    let mut commission = Commission { rate_bp, base: Some(base), amount, ..part.commission(sale, currency) };
    if let Some(reason) = basis.held {
        commission.hold(reason);
    }
    Ok(Some(commission))
}

fn by_plan(
    sale: &mut Sale<'_, '_>,
    attribution: &Attribution,
    part: &Part<'_>,
    earner: &Earner<'_>,
    plan: &Plan,
    earned: &mut Vec<Commission>,
) -> Result<(), SqlError> {
    let kind = sale.conversion.kind;
    let mut due = Vec::new();
    if plan.rate_bp.is_some() || !plan.tiers.is_empty() || !plan.recurring.is_empty() {
        let at = sale.conversion.occurred_at;
        let since = if plan.recurring.is_empty() { at } else { sale.subscribed_since()? };
        let rate = plan.rate(kind, earner.standing.sale_no, since, at);
        let basis = sale.basis(plan.base)?;
        if let Some(mut commission) = at_rate(sale, attribution, part, basis, rate.bp())? {
            match rate {
                PlanRate::RecurringOver => commission.flags.push("recurring_over".to_owned()),
                PlanRate::Plain(_) | PlanRate::Tiered(_) if kind.is_sale() && lifts(plan) => {
                    commission.subject = Some(sale.period.month.clone());
                }
                PlanRate::Plain(_) | PlanRate::Tiered(_) | PlanRate::Recurring(_) => {}
            }
            due.push(commission);
        }
    }
    for flat in plan.flat.iter().filter(|flat| flat.event == kind) {
        let amount = part.of(flat.amount, attribution)?;
        due.push(Commission { amount, ..part.commission(sale, flat.currency) });
    }
    for mut commission in due {
        commission.plan = Some(plan.name.clone());
        let of_conversion = earned_of_conversion(&commission, earned.iter());
        cap(sale, plan, &mut commission, sale.conversion.customer_id.as_deref(), of_conversion)?;
        earned.push(commission);
    }
    Ok(())
}

/// What the partner of a commission earned of the same conversion by the same plan and in the same currency, minor units:
/// all of its touches, fixed amounts and tier adjustments together.
fn earned_of_conversion<'c>(commission: &Commission, others: impl Iterator<Item = &'c Commission>) -> i64 {
    let key = |row: &Commission| (row.conversion_no, row.partner_no, row.currency);
    let same = others.filter(|other| {
        matches!(other.source, CommissionSource::Conversion | CommissionSource::TierAdjustment)
            && key(other) == key(commission)
            && other.plan == commission.plan
    });
    same.fold(0i64, |sum, other| sum.saturating_add(other.amount))
}

/// Whether a later sale can raise what earlier sales of the month earn by this plan.
fn lifts(plan: &Plan) -> bool {
    !plan.tiers.is_empty() && plan.tier_mode == TierMode::WholeMonth
}

/// Limits a commission to what the plan's caps leave. A refund does not free a cap, because a cap limits what was earned.
/// `customer` is the customer of the conversion; a conversion without one is a customer of its own. `of_conversion` is what
/// the conversion has earned the partner by the plan so far ([`earned_of_conversion`]).
fn cap(
    sale: &mut Sale<'_, '_>,
    plan: &Plan,
    commission: &mut Commission,
    customer: Option<&str>,
    of_conversion: i64,
) -> Result<(), SqlError> {
    let before = commission.amount;
    let fits = |cap: &&Cap| cap.currency == commission.currency;
    if !plan.caps.is_empty() && !plan.caps.iter().any(|cap| fits(&cap)) {
        commission.hold(HeldReason::RateMissing);
        return Ok(());
    }
    let owner = format!("cap {} {} {}", plan.name, commission.partner_no, commission.currency);
    let mut counted: Vec<String> = Vec::new();
    for cap in plan.caps.iter().filter(fits) {
        let used = match (cap.per, customer) {
            (CapPer::Conversion, _) | (CapPer::Customer, None) => of_conversion,
            (CapPer::Customer, Some(customer)) => {
                counted.push(format!("{owner} customer {customer}"));
                counted.last().map_or(Ok(0), |key| sale.counters.used(key))?
            }
            (CapPer::Month, _) => {
                counted.push(format!("{owner} {}", sale.period.month));
                counted.last().map_or(Ok(0), |key| sale.counters.used(key))?
            }
        };
        commission.amount = commission.amount.min(cap.amount.saturating_sub(used).max(0));
    }
    for key in counted {
        sale.counters.add(key, commission.amount)?;
    }
    if commission.amount < before && !commission.flags.iter().any(|flag| flag == CAPPED) {
        commission.flags.push(CAPPED.to_owned());
    }
    Ok(())
}

/// The customer of an earlier sale, if a cap of the plan is per customer.
fn customer_of(
    sale: &Sale<'_, '_>,
    plan: &Plan,
    commission: &Commission,
) -> Result<Option<String>, SqlError> {
    let asks = plan.caps.iter().any(|cap| cap.per == CapPer::Customer);
    let Some(no) = commission.conversion_no.filter(|_| asks) else { return Ok(None) };
    Ok(conversions::by_no(sale.tx.sql, no)?.and_then(|conversion| conversion.customer_id))
}

/// What the month's earlier sales still have to earn, if this sale reaches a tier that applies to the whole month. All of a
/// partner's sales are counted together, so this sale may fall under another plan than those that it lifts.
pub fn adjustments(sale: &mut Sale<'_, '_>, earners: &[Earner<'_>]) -> Result<Vec<Commission>, SqlError> {
    let mut adjusted = Vec::new();
    let terms = sale.terms;
    for earner in earners {
        let sale_no = earner.standing.sale_no;
        for plan in terms.plans.iter().filter(|plan| plan.reaches_whole_month_tier(sale_no)) {
            let rate_bp = plan.tier_bp(sale_no).unwrap_or(0);
            lift(sale, earner.partner.no, plan, rate_bp, &mut adjusted)?;
        }
    }
    Ok(adjusted)
}

/// Lifts what a partner's earlier sales of the month earn by a plan to `rate_bp`.
fn lift(
    sale: &mut Sale<'_, '_>,
    partner_no: PartnerNo,
    plan: &Plan,
    rate_bp: i64,
    adjusted: &mut Vec<Commission>,
) -> Result<(), SqlError> {
    let rows = commissions::of_month(sale.tx.sql, partner_no, &plan.name, &sale.period.month)?;
    let is_of = |row: &&Commission, source| row.source == source;
    for first in rows.iter().filter(|row| is_of(row, CommissionSource::Conversion)) {
        let added = rows.iter().filter(|row| {
            is_of(row, CommissionSource::TierAdjustment)
                && (row.conversion_no, &row.origin) == (first.conversion_no, &first.origin)
        });
        let already = added.fold(first.amount, |sum, row| sum.saturating_add(row.amount));
        let base = first.base.unwrap_or(0);
        let due = share_half_up(base, rate_bp, WHOLE_BP).ok_or(SqlError::Overflow("a commission"))?;
        // A commission that an operator rejected stays rejected.
        if due <= already || first.status == CommissionStatus::Reversed {
            continue;
        }
        let mut more = Commission {
            id: sale.tx.new_id(CommissionId::generate),
            amount: due.saturating_sub(already),
            rate_bp: rate_bp.saturating_sub(first.rate_bp),
            status: CommissionStatus::Pending,
            source: CommissionSource::TierAdjustment,
            reversed: 0,
            created_at: sale.tx.now,
            settled: 0,
            written_off: 0,
            ..first.clone()
        };
        if !plan.caps.is_empty() {
            let customer = customer_of(sale, plan, &more)?;
            let recorded = match more.conversion_no {
                Some(no) => commissions::of_conversion(sale.tx.sql, no)?,
                None => Vec::new(),
            };
            let of_conversion = earned_of_conversion(&more, recorded.iter().chain(adjusted.iter()));
            cap(sale, plan, &mut more, customer.as_deref(), of_conversion)?;
        }
        if more.amount > 0 {
            adjusted.push(more);
        }
    }
    Ok(())
}
