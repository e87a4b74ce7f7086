//! Validates the settings that every listing may have: what they say about money, and where the click id goes.

use super::super::http::{
    body::field_problem,
    checks::Checks,
    problems::{Code, Problem},
};
use crate::{
    domain::{
        programme::listing::{CLICK_ID_IN, Marketplace},
        values::limits,
    },
    ledger::{commissions::listing_settings::Settings, listing_secrets::Secrets},
    marketplace::registry::{self, ADAPTERS},
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How many plans a listing may have.
pub const MAX_PLANS: usize = 200;

/// The settings that a listing on every marketplace may have.
pub const SETTINGS_OF_ALL: &[&str] = &["plans", "fees", CLICK_ID_IN];

/// The names of all settings.
pub fn all_settings() -> BTreeSet<&'static str> {
    let own = ADAPTERS.iter().flat_map(|adapter| adapter.settings());
    SETTINGS_OF_ALL.iter().chain(own).copied().collect()
}

/// The names of all secrets.
pub fn all_secrets() -> BTreeSet<&'static str> {
    ADAPTERS.iter().flat_map(|adapter| adapter.secrets()).copied().collect()
}

/// Checks that the marketplace knows each setting by its name: a misspelt one would have no effect.
pub fn check_settings(checks: &mut Checks, marketplace: Marketplace, settings: &Map<String, Value>) {
    let own = registry::find(marketplace).map_or([].as_slice(), |adapter| adapter.settings());
    let known: Vec<&str> = SETTINGS_OF_ALL.iter().chain(own).copied().collect();
    for name in settings.keys().filter(|name| !known.contains(&name.as_str())) {
        let code = refusal(all_settings(), name);
        refuse_name(checks, code, ("settings", name), marketplace, &known);
    }
}

/// Checks that the marketplace knows each secret that is set or removed. An unknown one that is `stored` can be removed; a name
/// that is neither is misspelt, and the secret that was meant would stay in force.
pub fn check_secrets(checks: &mut Checks, marketplace: Marketplace, secrets: &Secrets, stored: &[String]) {
    let known = registry::find(marketplace).map_or([].as_slice(), |adapter| adapter.secrets());
    let is_removal = |name: &String, secret: &Option<_>| secret.is_none() && stored.contains(name);
    for (name, _) in
        secrets.iter().filter(|(name, secret)| !known.contains(&name.as_str()) && !is_removal(name, secret))
    {
        let code = refusal(all_secrets(), name);
        refuse_name(checks, code, ("secrets", name), marketplace, known);
    }
}

/// A name is unknown, or it is that of another marketplace.
fn refusal(all: BTreeSet<&str>, name: &str) -> Code {
    if all.contains(name) { Code::MisplacedField } else { Code::UnknownField }
}

fn refuse_name(
    checks: &mut Checks,
    code: Code,
    (field, name): (&str, &str),
    marketplace: Marketplace,
    known: &[&str],
) {
    let name: String = name.chars().take(limits::SECRET_NAME.max).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let detail = format!("A listing on {} has no such entry; known are: {known}.", marketplace.as_str());
    let pointer = name.replace('~', "~0").replace('/', "~1");
    checks.refuse(code, &format!("{field}/{pointer}"), detail);
}

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
