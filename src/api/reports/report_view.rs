//! The attribution report as the API shows it.

use super::money::MoneyView;
use crate::{
    domain::values::time::Timestamp,
    ledger::view::view,
    store::reports::{Amounts, Sums},
};
use std::collections::BTreeMap;

view! {
    /// Visits that are not human clicks, each in one bucket.
    pub struct FilteredView {
        /// The same visitor on the same link within an hour.
        duplicate: i64,
        /// Crawlers, link previews, script agents, HEAD.
        bot: i64,
        /// Prefetches.
        prefetch: i64,
        /// On expired links.
        expired: i64,
        /// On revoked links and those of paused or terminated partners.
        revoked: i64,
        /// With tampered or unknown tokens.
        invalid: i64,
    }

    /// Sums of a group.
    pub struct SumsView {
        /// Human clicks.
        clicks: i64,
        /// First clicks of a visitor on a link in a UTC day.
        unique_clicks: i64,
        /// Other visits.
        filtered: FilteredView,
        /// Leads.
        leads: i64,
        /// Of the leads: those that an operator has qualified.
        qualified_leads: i64,
        /// Installs.
        installs: i64,
        /// Sales and subscription charges.
        sales: i64,
        /// Gross, by currency.
        revenue: Vec<MoneyView>,
        /// Refunded, by currency.
        refunds: Vec<MoneyView>,
        /// Commission net of reversals, by currency.
        commission: Vec<MoneyView>,
    }

    /// A group.
    pub struct GroupView {
        /// Hour `2026-11-22T10:00:00+01:00`, day `2026-11-22`, ISO week `2026-W47`, month `2026-11`, id, country, device or
        /// campaign; `null` = unattributed or unknown. With two dimensions, the key in the first.
        key: Option<String>,
        /// With two dimensions: the key in each.
        #[serde(skip_serializing_if = "Option::is_none")]
        keys: Option<BTreeMap<String, Option<String>>>,
        /// With `expand=names`: the name of the partner or listing, the slug or campaign of the link, by dimension.
        #[serde(skip_serializing_if = "Option::is_none")]
        names: Option<BTreeMap<String, Option<String>>>,
        #[serde(flatten)]
        sums: SumsView,
    }

    /// The attribution report.
    pub struct ReportView {
        /// Groups, in the order of their keys.
        data: Vec<GroupView>,
        /// Sums of all groups.
        totals: SumsView,
        /// Time of the newest data in it; `null` if there are none. Changes only with data.
        complete_through: Option<Timestamp>,
    }
}

fn money(amounts: &Amounts) -> Vec<MoneyView> {
    amounts
        .iter()
        .map(|(currency, amount)| MoneyView { amount: *amount, currency: currency.clone() })
        .collect()
}

/// The view of sums.
pub fn show(sums: &Sums) -> SumsView {
    SumsView {
        clicks: sums.clicks,
        unique_clicks: sums.uniques,
        filtered: FilteredView {
            duplicate: sums.duplicate,
            bot: sums.bot,
            prefetch: sums.prefetch,
            expired: sums.expired,
            revoked: sums.revoked,
            invalid: sums.invalid,
        },
        leads: sums.leads,
        qualified_leads: sums.qualified_leads,
        installs: sums.installs,
        sales: sums.sales,
        revenue: money(&sums.revenue),
        refunds: money(&sums.refunds),
        commission: money(&sums.commission),
    }
}
