//! Computes what a conversion earns by the terms in force when it occurred. Nothing is written.

use super::{super::tx::Tx, primary, sale::Sale, secondary};
use crate::{
    domain::{attribution::Attribution, money::Currency, programme::Program, values::id::ListingId},
    store::{
        SqlError,
        commissions::{self, Commission, usage_counters::Usage},
        conversions::{BoundTouch, Conversion, counted::Counted},
        programme::listings,
    },
};

/// What a conversion earns, not yet written.
pub struct EarnedCommissions {
    /// Commissions that the conversion itself earns its partners.
    pub primary_commissions: Vec<Commission>,
    /// Commissions that it triggers without being their source: tier adjustments of earlier sales, and bonuses.
    pub secondary_commissions: Vec<Commission>,
    /// What is added to the counters of the terms.
    pub usage: Vec<Usage>,
    /// What the conversion has added to them in all, for its refunds.
    pub counted: Option<Counted>,
    /// The listing that it happened on.
    pub listing_id: Option<ListingId>,
}

/// Computes the commissions of a conversion. `booked` are those that it has already: territories and joint products earn
/// from a conversion that nobody is credited with, and do not earn again when it is credited later.
pub fn compute(
    tx: &Tx<'_>,
    conversion: &Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    currency: Option<Currency>,
    terms: &Program,
    booked: &[Commission],
) -> Result<EarnedCommissions, SqlError> {
    let listing = conversion.listing_no.map(|no| listings::by_no(tx.sql, no)).transpose()?.flatten();
    let mut sale = Sale::new(tx, conversion, currency, terms, listing)?;
    sale.bear_monthly_fee()?;
    let earners = primary::earners(&mut sale, attribution)?;
    let mut own = primary::commissions(&mut sale, attribution, candidates, &earners)?;
    let referrals = secondary::referrals(&sale, &earners, &own)?;
    own.extend(secondary::territory(&mut sale, &earners, booked)?);
    own.extend(secondary::joint_products(&mut sale, booked)?);
    own.extend(referrals);
    let mut triggered = primary::adjustments(&mut sale, &earners)?;
    triggered.extend(secondary::bonuses(&mut sale, &earners)?);
    let first = commissions::next_no(tx.sql)?;
    for (no, commission) in (first..).zip(own.iter_mut().chain(&mut triggered)) {
        commission.no = no;
    }
    Ok(EarnedCommissions {
        listing_id: sale.listing_id().cloned(),
        primary_commissions: own,
        secondary_commissions: triggered,
        counted: sale.counted.some(),
        usage: sale.counters.added,
    })
}
