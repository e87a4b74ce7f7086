//! Validates the settings that every listing may have: what they say about money, and where the click id goes.

use super::super::http::{
    body::field_problem,
    checks::Checks,
    problems::{Code, Problem},
};
use crate::{domain::values::limits, ledger::commissions::listing_settings::Settings};

/// How many plans a listing may have.
pub const MAX_PLANS: usize = 200;

/// Checks the plans and fees of a listing's settings.
pub fn check(settings: &str) -> Result<(), Problem> {
    let read: Settings = strict_json::from_str(settings)
        .map_err(|error| field_problem(format!("/settings{}", error.pointer()), &error.to_string()))?;
    if let Some(fees) = &read.fees {
        let mut checks = Checks::under("/settings/fees".to_owned());
        checks.range("rate_bp", fees.rate_bp, limits::RATE_BP);
        checks.money("monthly", fees.monthly.as_ref());
        checks.finish()?;
    }
    if !matches!(read.click_id_in.as_deref(), None | Some("query" | "fragment")) {
        let detail = "`query` or `fragment`: where in the listing's URL the click id goes.";
        return Err(Problem::field(Code::InvalidText, "/settings/click_id_in", detail));
    }
    let count = read.plans.map_or(0, |plans| plans.len());
    if count > MAX_PLANS {
        let detail = format!("{count} plans; at most {MAX_PLANS} are kept.");
        return Err(Problem::field(Code::OutOfRange, "/settings/plans", detail));
    }
    Ok(())
}
