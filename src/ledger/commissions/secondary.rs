//! What a conversion earns partners who are not credited with it: holders of territories, makers of joint products and
//! referrers; and bonuses.

use super::{
    primary::Earner,
    sale::{Basis, Sale},
    sales_counters::{revenue_key, sold_key},
};
use crate::{
    domain::{
        conversions::{CommissionSource, HeldReason},
        money::{WHOLE_BP, share_half_up},
        programme::{
            partner::Partner,
            plan::{self, Bonus, Dated, Plan},
        },
        values::time::DAY_MS,
    },
    store::{SqlError, commissions::Commission},
};

/// A share of the whole conversion.
fn share(
    sale: &Sale<'_, '_>,
    partner: &Partner,
    source: CommissionSource,
    basis: Option<Basis>,
    (rate_bp, name): (i64, &str),
) -> Result<Option<Commission>, SqlError> {
    let Some((basis, (_, currency))) = basis.zip(sale.amount) else { return Ok(None) };
    let amount = share_half_up(basis.amount, rate_bp, WHOLE_BP).ok_or(SqlError::Overflow("a share"))?;
    let mut commission = Commission {
        rate_bp,
        base: Some(basis.amount),
        amount,
        plan: Some(name.to_owned()),
        ..sale.commission(partner.no, source, currency)
    };
    if let Some(reason) = basis.held {
        commission.hold(reason);
    }
    Ok(Some(commission))
}

/// Whether a conversion has earned a partner a commission from this source already.
fn is_booked(booked: &[Commission], partner: &Partner, source: CommissionSource, name: &str) -> bool {
    let is_same = |row: &Commission| (row.partner_no, row.source) == (partner.no, source);
    booked.iter().any(|row| is_same(row) && row.plan.as_deref() == Some(name))
}

/// What the holder of the territory earns of a sale for which it is not credited itself.
pub fn territory(
    sale: &mut Sale<'_, '_>,
    earners: &[Earner<'_>],
    booked: &[Commission],
) -> Result<Option<Commission>, SqlError> {
    let Some(territory) = sale.territory() else { return Ok(None) };
    let Some(holder) = sale.earning(&territory.partner_id)? else { return Ok(None) };
    if earners.iter().any(|earner| earner.partner.no == holder.no)
        || is_booked(booked, &holder, CommissionSource::Territory, &territory.name)
    {
        return Ok(None);
    }
    let basis = sale.basis(territory.base)?;
    share(sale, &holder, CommissionSource::Territory, basis, (territory.rate_bp, &territory.name))
}

/// What the makers of joint products earn.
pub fn joint_products(sale: &mut Sale<'_, '_>, booked: &[Commission]) -> Result<Vec<Commission>, SqlError> {
    let mut earned = Vec::new();
    for product in &sale.terms.joint_products {
        if !product.is_in_force_at(sale.conversion.occurred_at)
            || sale.listing_id() != Some(&product.listing_id)
        {
            continue;
        }
        let Some(maker) = sale.earning(&product.partner_id)? else { continue };
        if is_booked(booked, &maker, CommissionSource::JointProduct, &product.name) {
            continue;
        }
        let basis = sale.basis(product.base)?;
        let terms = (product.rate_bp, product.name.as_str());
        let Some(mut commission) = share(sale, &maker, CommissionSource::JointProduct, basis, terms)? else {
            continue;
        };
        match product.cost_share {
            Some(cost) if cost.currency == commission.currency => {
                let key = format!("cost {}", product.name);
                let taken = sale.bear(key, cost.amount, commission.amount)?;
                if taken > 0 {
                    commission.flags.push("cost_share_held_back".to_owned());
                }
                commission.amount = commission.amount.saturating_sub(taken);
            }
            Some(_) => commission.hold(HeldReason::RateMissing),
            None => {}
        }
        earned.push(commission);
    }
    Ok(earned)
}

/// What the referrers of the credited partners earn.
pub fn referrals(
    sale: &Sale<'_, '_>,
    earners: &[Earner<'_>],
    credited: &[Commission],
) -> Result<Vec<Commission>, SqlError> {
    let Some(referral) = &sale.terms.referral else { return Ok(Vec::new()) };
    let mut earned = Vec::new();
    for commission in credited.iter().filter(|commission| commission.amount > 0) {
        let Some(earner) = earners.iter().find(|earner| earner.partner.no == commission.partner_no) else {
            continue;
        };
        let Some(by) = &earner.partner.referred_by else { continue };
        if !referral.is_in_force(&earner.partner, sale.conversion.occurred_at) {
            continue;
        }
        let Some(referrer) = sale.earning(by)? else { continue };
        let amount = share_half_up(commission.amount, referral.rate_bp, WHOLE_BP);
        earned.push(Commission {
            rate_bp: referral.rate_bp,
            base: Some(commission.amount),
            amount: amount.ok_or(SqlError::Overflow("a referrer's share"))?,
            subject: Some(earner.partner.id.to_string()),
            // A commission that is held holds its referral, too.
            held_reason: commission.held_reason,
            flags: commission
                .flags
                .iter()
                .filter(|flag| HeldReason::from_flag(flag).is_some())
                .cloned()
                .collect(),
            ..sale.commission(referrer.no, CommissionSource::Referral, commission.currency)
        });
    }
    Ok(earned)
}

/// The bonuses of the quarter whose targets this sale reaches. All of a partner's sales are counted together, so this sale
/// may fall under another plan than the bonus.
pub fn bonuses(sale: &mut Sale<'_, '_>, earners: &[Earner<'_>]) -> Result<Vec<Commission>, SqlError> {
    let mut earned = Vec::new();
    let (terms, at) = (sale.terms, sale.conversion.occurred_at);
    for earner in earners {
        // A sale in another partner's exclusive territory reaches no bonus.
        if sale.is_closed_to(&earner.partner).is_some() {
            continue;
        }
        for plan in terms.plans.iter().filter(|plan| !plan.bonuses.is_empty()) {
            if !plan::is_open_to(plan, &terms.plans, &earner.partner, at) || !has_sold(sale, earner, plan)? {
                continue;
            }
            for (place, bonus) in plan.bonuses.iter().enumerate() {
                if reached(sale, earner, bonus)? {
                    earned.extend(award(sale, earner, plan, place, bonus)?);
                }
            }
        }
    }
    Ok(earned)
}

/// Whether the partner has sold under a plan in the quarter, as far as the plan is for one listing.
fn has_sold(sale: &Sale<'_, '_>, earner: &Earner<'_>, plan: &Plan) -> Result<bool, SqlError> {
    if plan.applies_to.listing_id.is_none() || earner.plan.is_some_and(|own| own.name == plan.name) {
        return Ok(true);
    }
    Ok(sale.counters.used(&sold_key(&plan.name, earner.partner.no, &sale.period.quarter))? > 0)
}

fn reached(sale: &Sale<'_, '_>, earner: &Earner<'_>, bonus: &Bonus) -> Result<bool, SqlError> {
    if bonus.from_sales.is_some_and(|target| earner.standing.in_quarter >= target) {
        return Ok(true);
    }
    let Some(target) = &bonus.from_revenue else { return Ok(false) };
    let key = revenue_key(earner.partner.no, &sale.period.quarter, target.currency);
    Ok(sale.counters.used(&key)? >= target.amount)
}

/// Awards a bonus, once a quarter. Its hold begins at the end of the quarter, so that the quarter's refunds are known by
/// the time it is payable.
fn award(
    sale: &mut Sale<'_, '_>,
    earner: &Earner<'_>,
    plan: &Plan,
    place: usize,
    bonus: &Bonus,
) -> Result<Option<Commission>, SqlError> {
    let key = format!("bonus {} {place} {} {}", plan.name, earner.partner.no, sale.period.quarter);
    if sale.counters.add(key, 1)? > 1 {
        sale.counters.added.pop();
        return Ok(None);
    }
    let hold_ms = sale.terms.hold_days.saturating_mul(DAY_MS);
    Ok(Some(Commission {
        conversion_no: None,
        conversion_id: None,
        amount: bonus.amount,
        plan: Some(plan.name.clone()),
        subject: Some(sale.period.quarter.clone()),
        matures_at: sale.period.quarter_ends.plus_ms(hold_ms),
        ..sale.commission(earner.partner.no, CommissionSource::Bonus, bonus.currency)
    }))
}
