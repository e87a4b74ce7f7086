//! What plans cost, where a marketplace tells no amounts: a listing's `settings.plans`.

use super::{
    body::{Amount, field_problem},
    problem::{Code, Problem},
};
use crate::domain::money::Currency;
use json::FromJson;
use std::collections::BTreeMap;

/// Plans of a listing at most.
pub const MAX_PLANS: usize = 200;

/// What is read of a listing's settings here; the rest is its marketplace's business.
#[derive(FromJson)]
struct Settings {
    plans: Option<BTreeMap<String, Price>>,
}

/// What a plan costs each time that it is charged for.
#[derive(FromJson)]
#[serde(deny_unknown_fields)]
struct Price {
    amount: Amount,
    currency: Currency,
}

/// Checks the plans of a listing's settings.
pub fn check(settings: &str) -> Result<(), Problem> {
    let read: Settings = json::read(settings)
        .map_err(|error| field_problem(format!("/settings{}", error.pointer()), &error.to_string()))?;
    let count = read.plans.map_or(0, |plans| plans.len());
    if count > MAX_PLANS {
        let detail = format!("{count} plans; at most {MAX_PLANS} are kept.");
        return Err(Problem::field(Code::OutOfRange, "/settings/plans", detail));
    }
    Ok(())
}

/// What a plan costs, minor units and ISO 4217 currency; nothing if the settings do not say.
pub fn price(settings: &str, plan: &str) -> Option<(i64, String)> {
    // Settings of before there was this check may hold anything under the name.
    let read: Settings = json::read(settings).ok()?;
    let price = read.plans?.remove(plan)?;
    Some((price.amount.0, price.currency.to_string()))
}
