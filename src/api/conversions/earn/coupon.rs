//! How a partner's own coupon is used: by how many customers a day, and whether they also came by a click.

use super::{super::super::problem::Problem, sale::Sale};
use crate::{
    domain::{conversions::fraud::CouponUse, programme::partner::PartnerNo},
    store::conversions::BoundTouch,
};

/// The use of the coupon that credits a partner; nothing if it was a click, or if no rule asks. Customers are counted from
/// when the rule is set.
pub fn used(
    sale: &mut Sale<'_, '_>,
    credited: Option<&BoundTouch>,
    partner_no: PartnerNo,
    candidates: &[BoundTouch],
) -> Result<Option<CouponUse>, Problem> {
    let coupon = credited.and_then(|bound| bound.touch.coupon());
    let Some(coupon) = coupon.filter(|_| sale.terms.fraud.coupon_uses_per_day.is_some()) else {
        return Ok(None);
    };
    let day = format!("coupon {coupon} {}", sale.conversion.occurred_at.utc_day());
    // A sale that names no customer is one of a customer of its own.
    let customer = sale.conversion.customer_id.as_deref().unwrap_or(&sale.conversion.external_id);
    let own = format!("{day} {customer}");
    if sale.tally.used(&own)? == 0 {
        sale.tally.add(own, 1)?;
        sale.tally.add(day.clone(), 1)?;
    }
    let is_own_click = |bound: &&BoundTouch| {
        bound.touch.coupon().is_none() && bound.touch.partner.is_some_and(|(no, _)| no == partner_no)
    };
    let has_click = candidates.iter().any(|bound| is_own_click(&bound));
    Ok(Some(CouponUse { has_click, customers_in_day: sale.tally.used(&day)? }))
}
