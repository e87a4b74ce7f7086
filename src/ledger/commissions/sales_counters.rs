//! Names of the counters of a partner's sales and revenue, and what a refund subtracts from them.

use super::{
    super::{terms, tx::Tx},
    sale::period,
};
use crate::{
    domain::{
        money::Currency,
        programme::{Program, partner::PartnerNo},
    },
    store::{SqlError, commissions::usage_counters::Usage, conversions::Conversion},
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

/// What a refund subtracts from the counters of a sale: each credited partner's part of the revenue, and one sale each if
/// nothing is left of the sale.
pub fn subtracted_by_refund(
    tx: &Tx<'_>,
    conversion: &Conversion,
    parts: &[(PartnerNo, i64)],
    is_whole: bool,
) -> Result<Vec<Usage>, SqlError> {
    let terms = terms::current(tx)?;
    let currency = conversion.amount.as_ref().and_then(|(_, currency)| Currency::parse(currency));
    let Some(currency) = currency.filter(|_| is_counted(&terms, conversion)) else { return Ok(Vec::new()) };
    let period = period(tx, &terms, conversion)?;
    let mut usage: Vec<Usage> = Vec::new();
    let mut subtract = |key: String, by: i64| usage.push(Usage { key, added: by.saturating_neg() });
    for (place, (partner_no, part)) in parts.iter().enumerate() {
        subtract(revenue_key(*partner_no, &period.quarter, currency), *part);
        let is_new = !parts.iter().take(place).any(|(before, _)| before == partner_no);
        if is_whole && is_new {
            subtract(sales_key(*partner_no, &period.month), 1);
            subtract(sales_key(*partner_no, &period.quarter), 1);
        }
    }
    Ok(usage)
}
