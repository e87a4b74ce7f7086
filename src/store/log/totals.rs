//! Totals of a Ledger, for comparison with a Ledger rebuilt from its log.

use crate::domain::values::{time::Timestamp, zone::Span};
use crate::store::{
    Sql, SqlError,
    books::accounts,
    log::events,
    reports::{self, Filter, Group, Sums, counts},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All balances and counts of a Ledger. Two Ledgers with the same history have equal totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Totals {
    /// `partner currency` → earned, pending, payable, paid, reversed, in payout, written off and exchange, in minor
    /// units.
    pub balances: BTreeMap<String, [String; 8]>,
    /// Click counts by bucket and conversion counts by type.
    pub counts: BTreeMap<String, String>,
}

/// How far a Ledger's totals include its logs. An export whose lines end elsewhere cannot be compared with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Included {
    /// The last event.
    pub events: i64,
    /// For each shard that has counted clicks, its number and the last click that the counts include.
    pub clicks: Vec<(u8, i64)>,
}

/// Returns how far the totals include the logs; `None` if a shard does not say.
pub fn included(sql: &dyn Sql) -> Result<Option<Included>, SqlError> {
    let events = events::last_seq(sql)?;
    Ok(counts::counted_through(sql)?.map(|clicks| Included { events, clicks }))
}

/// Returns the totals as of `to`, or all of them if it is absent.
pub fn totals(sql: &dyn Sql, to: Option<Timestamp>) -> Result<Totals, SqlError> {
    let mut balances = BTreeMap::new();
    for balance in accounts::balances_until(sql, to, None)? {
        let parts = [
            balance.earned,
            balance.pending,
            balance.payable,
            balance.paid,
            balance.reversed,
            balance.in_payout,
            balance.written_off,
            balance.exchange,
        ];
        let owner = format!("{} {}", balance.partner_no, balance.currency);
        balances.insert(owner, parts.map(|part| part.to_string()));
    }
    let filter =
        Filter { partner: None, link: None, listing: None, from: None, to: to.map(Timestamp::quarter) };
    let mut sums = Sums::default();
    if let Some((first, last)) = reports::extent(sql, &filter)? {
        let span = Span { from: first, to: filter.to.unwrap_or(last).min(last), offset_seconds: 0 };
        for group in reports::groups(sql, &filter, &[Group::Partner], &[span])?.values() {
            sums.add(group)?;
        }
    }
    let mut counts = BTreeMap::new();
    let plain = [
        ("clicks", sums.clicks),
        ("unique_clicks", sums.uniques),
        ("duplicate", sums.duplicate),
        ("bot", sums.bot),
        ("prefetch", sums.prefetch),
        ("revoked", sums.revoked),
        ("expired", sums.expired),
        ("invalid", sums.invalid),
        ("leads", sums.leads),
        ("installs", sums.installs),
        ("sales", sums.sales),
    ];
    counts.extend(plain.into_iter().map(|(name, count)| (name.to_owned(), count.to_string())));
    // Exports of versions that did not qualify leads lack this count, and comparing with them must find no difference.
    if sums.qualified_leads != 0 {
        counts.insert("qualified_leads".to_owned(), sums.qualified_leads.to_string());
    }
    for (name, sums) in
        [("revenue", &sums.revenue), ("refunds", &sums.refunds), ("commission", &sums.commission)]
    {
        counts.extend(sums.iter().map(|(currency, sum)| (format!("{name} {currency}"), sum.to_string())));
    }
    Ok(Totals { balances, counts })
}
