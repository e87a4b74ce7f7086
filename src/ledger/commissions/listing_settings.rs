//! What a listing's settings say about money: what its plans cost, where the marketplace reports no amounts
//! (`settings.plans`), and what the marketplace keeps (`settings.fees`).

use crate::domain::money::{Currency, Money, amount::Amount};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The part of a listing's settings that concerns money; the rest belongs to its marketplace.
#[derive(Deserialize)]
pub struct Settings {
    /// Prices by plan.
    pub plans: Option<BTreeMap<String, Price>>,
    /// What the marketplace keeps.
    pub fees: Option<Fees>,
    /// Where in the listing's URL the click id goes: [`CLICK_ID_IN`](crate::domain::programme::listing::CLICK_ID_IN).
    pub click_id_in: Option<String>,
}

/// What the marketplace keeps of a listing's sales.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fees {
    /// Basis points of each sale's net amount.
    pub rate_bp: Option<i64>,
    /// A monthly fee on top of that. The month's first sales on the listing in its currency bear it, whoever earns them and by
    /// whatever plan, until it is covered; what a refunded sale bore is borne by later sales of the month.
    pub monthly: Option<Money>,
}

/// What a plan costs each time that it is charged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    amount: Amount,
    currency: Currency,
}

/// What the marketplace keeps, if the settings say so.
pub fn fees(settings: &str) -> Option<Fees> {
    // Settings that are older than their validation may hold anything under this name.
    strict_json::from_str::<Settings>(settings).ok()?.fees
}

/// Where the click id goes, if the settings say so.
pub fn click_id_in(settings: &str) -> Option<String> {
    strict_json::from_str::<Settings>(settings).ok()?.click_id_in
}

/// What a plan costs, minor units and ISO 4217 currency; `None` if the settings do not say.
pub fn price(settings: &str, plan: &str) -> Option<(i64, String)> {
    // Settings that are older than their validation may hold anything under this name.
    let read: Settings = strict_json::from_str(settings).ok()?;
    let price = read.plans?.remove(plan)?;
    Some((price.amount.0, price.currency.to_string()))
}
