//! Names of the counters of a partner's sales and revenue, and what a refund subtracts from them.

use super::{
    super::{terms, tx::Tx},
    sale::{period, reopened},
};
use crate::{
    domain::{
        money::Currency,
        programme::{Program, calendar::Period, partner::PartnerNo},
    },
    store::{
        SqlError,
        commissions::usage_counters::Usage,
        conversions::{Conversion, counted::CountedPeriods},
    },
};

/// Name of the counter of a partner's sales in a month or a quarter.
pub fn sales_key(partner_no: PartnerNo, period: &str) -> String {
    format!("sales {partner_no} {period}")
}

/// Name of the counter of a partner's revenue in a quarter.
pub fn revenue_key(partner_no: PartnerNo, quarter: &str, currency: Currency) -> String {
    format!("revenue {partner_no} {quarter} {currency}")
}

/// Name of the mark that a partner made a sale of a quarter under a plan.
pub fn sold_key(plan: &str, partner_no: PartnerNo, quarter: &str) -> String {
    format!("sold {plan} {partner_no} {quarter}")
}

/// Whether a sale is counted: sales are, from the first one after the programme had plans.
pub fn is_counted(terms: &Program, conversion: &Conversion) -> bool {
    conversion.kind.is_sale() && terms.counted_from.is_some_and(|first| conversion.no >= first)
}

/// The periods in which a sale is counted; `None` if it is not.
fn periods(tx: &Tx<'_>, conversion: &Conversion) -> Result<Option<CountedPeriods>, SqlError> {
    if let Some(periods) = conversion.counted.as_ref().and_then(|counted| counted.periods.clone()) {
        return Ok(Some(periods));
    }
    // A sale that was counted before its periods were kept with it.
    let terms = terms::current(tx)?;
    if !is_counted(&terms, conversion) {
        return Ok(None);
    }
    let Period { month, quarter, .. } = period(tx, &terms, conversion)?;
    Ok(Some(CountedPeriods { month, quarter }))
}

/// What a refund subtracts from the counters of a sale: each credited partner's part of the revenue, one sale each if
/// nothing is left of the sale, and what the refunded part bore of fees and costs. `refunded` is what is refunded in all.
pub fn subtracted_by_refund(
    tx: &Tx<'_>,
    conversion: &Conversion,
    parts: &[(PartnerNo, i64)],
    refunded: i64,
    is_whole: bool,
) -> Result<Vec<Usage>, SqlError> {
    let mut usage: Vec<Usage> = Vec::new();
    for borne in conversion.counted.iter().flat_map(|counted| &counted.borne) {
        usage.extend(reopened(conversion, borne, conversion.refunded, refunded)?);
    }
    let currency = conversion.amount.as_ref().and_then(|(_, currency)| Currency::parse(currency));
    let Some((currency, periods)) = currency.zip(periods(tx, conversion)?) else { return Ok(usage) };
    let mut subtract = |key: String, by: i64| usage.push(Usage { key, added: by.saturating_neg() });
    for (place, (partner_no, part)) in parts.iter().enumerate() {
        subtract(revenue_key(*partner_no, &periods.quarter, currency), *part);
        let is_new = !parts.iter().take(place).any(|(before, _)| before == partner_no);
        if is_whole && is_new {
            subtract(sales_key(*partner_no, &periods.month), 1);
            subtract(sales_key(*partner_no, &periods.quarter), 1);
        }
    }
    Ok(usage)
}
