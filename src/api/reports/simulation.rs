//! `POST /v1/attribution/simulate`: history under other attribution rules or plans.

use super::super::{
    http::{call::Call, checks::Checks, failure::Failure, message::Response},
    programme::{rules::NewAttribution, term_checks},
};
use crate::{
    domain::{
        programme::{Program, plan::Plan},
        values::time::Timestamp,
    },
    ledger::{
        simulation::{self, Trial},
        terms,
    },
};
use serde::Deserialize;

/// Rules to try.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewSimulation {
    /// Attribution rules as `PUT /v1/program` takes them: what is left out takes its default. If absent, the rules that were in
    /// force.
    attribution: Option<NewAttribution>,
    /// Plans as `PUT /v1/program` takes them, in place of all plans; they may also be other than those in force. If absent, the
    /// plans in force.
    plans: Option<Vec<Plan>>,
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
    if let Some(attribution) = &body.attribution {
        attribution.check(&mut checks);
    }
    let from = checks.time("from", body.from.as_deref()).unwrap_or_else(|| Timestamp::clamped(0));
    let to = checks.time("to", body.to.as_deref()).unwrap_or_else(|| Timestamp::clamped(i64::MAX));
    if let Some(plans) = &body.plans {
        let tried = Program { plans: plans.clone(), ..terms::default_terms() };
        term_checks::check(call.tx, &mut checks, &tried)?;
    }
    checks.finish()?;
    let rules = body.attribution.map(|attribution| attribution.rules());
    let view = simulation::simulate(call.tx, &Trial { rules, plans: body.plans, from, to })?;
    call.json(200, &view)
}
