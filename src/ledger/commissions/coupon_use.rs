//! How a partner's coupon is used: by how many customers a day, and whether they also came by a click.

use super::sale::Sale;
use crate::{
    domain::{conversions::fraud::CouponUse, programme::partner::PartnerNo},
    store::{SqlError, conversions::BoundTouch},
};

/// The use of the coupon that credits a partner; `None` if a click credits the partner, or if no rule limits coupons.
/// Customers are counted from the time when the rule is set.
pub fn coupon_use(
    sale: &mut Sale<'_, '_>,
    credited: Option<&BoundTouch>,
    partner_no: PartnerNo,
    candidates: &[BoundTouch],
) -> Result<Option<CouponUse>, SqlError> {
    let coupon = credited.and_then(|bound| bound.touch.coupon());
    let Some(coupon) = coupon.filter(|_| sale.terms.fraud.coupon_uses_per_day.is_some()) else {
        return Ok(None);
    };
    let day = format!("coupon {coupon} {}", sale.conversion.occurred_at.utc_day());
    // A sale without a customer counts as one customer.
    let customer = sale.conversion.customer_id.as_deref().unwrap_or(&sale.conversion.external_id);
    let own = format!("{day} {customer}");
    if sale.counters.used(&own)? == 0 {
        sale.counters.add(own, 1)?;
        sale.counters.add(day.clone(), 1)?;
    }
    let is_own_click = |bound: &&BoundTouch| {
        bound.touch.coupon().is_none() && bound.touch.partner.is_some_and(|(no, _)| no == partner_no)
    };
    let has_click = candidates.iter().any(|bound| is_own_click(&bound));
    Ok(Some(CouponUse { has_click, customers_in_day: sale.counters.used(&day)? }))
}
