//! `POST /v1/attribution/simulate`: history under other attribution rules.

use super::super::{
    http::{call::Call, checks::Checks, failure::Failure, message::Response},
    programme::rules::NewAttribution,
};
use crate::{domain::values::time::Timestamp, ledger::simulation};
use serde::Deserialize;

/// Rules to try.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewSimulation {
    /// Attribution rules as `PUT /v1/program` takes them: what is left out takes its default.
    attribution: NewAttribution,
    /// Only conversions that occurred from this time on.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Timestamp>"))]
    from: Option<String>,
    /// Only conversions that occurred before this time.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Timestamp>"))]
    to: Option<String>,
}

/// `POST /v1/attribution/simulate`
pub fn simulate(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewSimulation = call.body()?;
    let mut checks = Checks::default();
    body.attribution.check(&mut checks);
    let from = checks.time("from", body.from.as_deref()).unwrap_or_else(|| Timestamp::clamped(0));
    let to = checks.time("to", body.to.as_deref()).unwrap_or_else(|| Timestamp::clamped(i64::MAX));
    checks.finish()?;
    let view = simulation::simulate(call.tx, body.attribution.rules(), from, to)?;
    call.json(200, &view)
}
