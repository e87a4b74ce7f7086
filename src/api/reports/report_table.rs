//! The attribution report as CSV: the dimensions, the counts, and a column for each sum of money and currency.

use super::{
    money::MoneyView,
    report_view::{GroupView, SumsView},
};
use crate::{
    documents::{
        DocumentError,
        table::{csv, escape_formula},
    },
    domain::money::Currency,
    store::reports::Group,
};

const COUNTS: [&str; 12] = [
    "clicks",
    "unique_clicks",
    "duplicate",
    "bot",
    "prefetch",
    "expired",
    "revoked",
    "invalid",
    "leads",
    "qualified_leads",
    "installs",
    "sales",
];

fn counts(sums: &SumsView) -> [i64; 12] {
    let filtered = &sums.filtered;
    [
        sums.clicks,
        sums.unique_clicks,
        filtered.duplicate,
        filtered.bot,
        filtered.prefetch,
        filtered.expired,
        filtered.revoked,
        filtered.invalid,
        sums.leads,
        sums.qualified_leads,
        sums.installs,
        sums.sales,
    ]
}

/// The sums of money, each with its name.
fn money(sums: &SumsView) -> [(&'static str, &[MoneyView]); 3] {
    [("revenue", &sums.revenue), ("refunds", &sums.refunds), ("commission", &sums.commission)]
}

/// A sum of money as a decimal number; empty if there is none in this currency.
fn decimal(amounts: &[MoneyView], currency: &str) -> String {
    let amount = amounts.iter().find(|money| money.currency == currency).map(|money| money.amount);
    match (amount, Currency::parse(currency)) {
        (Some(amount), Some(currency)) => currency.decimal(amount),
        (Some(amount), None) => amount.to_string(),
        (None, _) => String::new(),
    }
}

/// The table. Its columns depend on the currencies of the totals only.
pub fn render(groups: &[Group], data: &[GroupView], totals: &SumsView) -> Result<String, DocumentError> {
    let currencies: Vec<&str> = totals.revenue.iter().map(|money| money.currency.as_str()).collect();
    let has_names = |group: &&Group| group.has_names() && data.first().is_some_and(|row| row.names.is_some());
    csv(|writer| {
        let mut heading: Vec<String> = Vec::new();
        for group in groups {
            heading.push(group.as_str().to_owned());
            heading.extend(Some(group).filter(has_names).map(|group| format!("{}_name", group.as_str())));
        }
        heading.extend(COUNTS.map(str::to_owned));
        for (name, _) in money(totals) {
            heading.extend(currencies.iter().map(|currency| format!("{name}_{currency}")));
        }
        writer.write_record(&heading)?;
        for row in data {
            let mut cells: Vec<String> = Vec::new();
            for group in groups {
                let name = group.as_str();
                let key = row
                    .keys
                    .as_ref()
                    .map_or(row.key.as_ref(), |keys| keys.get(name).and_then(Option::as_ref));
                cells.push(escape_formula(key.map_or("", String::as_str)));
                let names = row.names.as_ref().filter(|_| has_names(&group));
                let named = names.map(|names| names.get(name).and_then(Option::as_deref).unwrap_or_default());
                cells.extend(named.map(escape_formula));
            }
            cells.extend(counts(&row.sums).iter().map(i64::to_string));
            for (_, amounts) in money(&row.sums) {
                cells.extend(currencies.iter().map(|currency| decimal(amounts, currency)));
            }
            writer.write_record(&cells)?;
        }
        Ok(())
    })
}
