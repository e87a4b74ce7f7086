//! What a listing's settings say of money: what plans cost, where a marketplace tells no amounts (`settings.plans`), and
//! what the marketplace keeps (`settings.fees`).

use super::{
    body::{Amount, Checks, field_problem},
    problem::{Code, Problem},
};
use crate::domain::money::{Currency, Money, WHOLE_BP};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Plans of a listing at most.
pub const MAX_PLANS: usize = 200;

/// What is read of a listing's settings here; the rest is its marketplace's business.
#[derive(Deserialize)]
struct Settings {
    plans: Option<BTreeMap<String, Price>>,
    fees: Option<Fees>,
}

/// What the marketplace keeps of a listing's sales.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fees {
    /// Basis points of each sale's net amount.
    pub rate_bp: Option<i64>,
    /// What is due a month besides; its first sales bear it.
    pub monthly: Option<Money>,
}

/// What a plan costs each time that it is charged for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    amount: Amount,
    currency: Currency,
}

/// Checks the plans and fees of a listing's settings.
pub fn check(settings: &str) -> Result<(), Problem> {
    let read: Settings = strict_json::from_str(settings)
        .map_err(|error| field_problem(format!("/settings{}", error.pointer()), &error.to_string()))?;
    if let Some(fees) = &read.fees {
        let mut checks = Checks::under("/settings/fees".to_owned());
        checks.range("rate_bp", fees.rate_bp, 0, WHOLE_BP);
        checks.money("monthly", fees.monthly.as_ref());
        checks.finish()?;
    }
    let count = read.plans.map_or(0, |plans| plans.len());
    if count > MAX_PLANS {
        let detail = format!("{count} plans; at most {MAX_PLANS} are kept.");
        return Err(Problem::field(Code::OutOfRange, "/settings/plans", detail));
    }
    Ok(())
}

/// What the marketplace keeps, if the settings say it.
pub fn fees(settings: &str) -> Option<Fees> {
    // Settings of before there was this check may hold anything under the name.
    strict_json::from_str::<Settings>(settings).ok()?.fees
}

/// What a plan costs, minor units and ISO 4217 currency; nothing if the settings do not say.
pub fn price(settings: &str, plan: &str) -> Option<(i64, String)> {
    // Settings of before there was this check may hold anything under the name.
    let read: Settings = strict_json::from_str(settings).ok()?;
    let price = read.plans?.remove(plan)?;
    Some((price.amount.0, price.currency.to_string()))
}
