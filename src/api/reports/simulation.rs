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
        simulation::{self, Simulation, SimulationView, Trial},
        terms,
    },
    store::{SqlError, scratch::Extent},
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

fn first() -> Timestamp {
    Timestamp::clamped(0)
}

fn last() -> Timestamp {
    Timestamp::clamped(i64::MAX)
}

/// `POST /v1/attribution/simulate`. The response is the result of a simulation on a copy.
pub fn simulate(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewSimulation = call.body()?;
    let mut checks = Checks::default();
    if let Some(attribution) = &body.attribution {
        attribution.check(&mut checks);
    }
    let from = checks.time("from", body.from.as_deref()).unwrap_or_else(first);
    let to = checks.time("to", body.to.as_deref()).unwrap_or_else(last);
    if let Some(plans) = &body.plans {
        let tried = Program { plans: plans.clone(), ..terms::default_terms() };
        term_checks::check(call.tx, &mut checks, &tried)?;
    }
    checks.finish()?;
    match simulation::extent(call.tx, &trial(body, from, to))? {
        Some(extent) => Err(Failure::SimulationNeeded(extent)),
        None => call.json(200, &SimulationView::empty()),
    }
}

fn trial(body: NewSimulation, from: Timestamp, to: Timestamp) -> Trial {
    let rules = body.attribution.map(|attribution| attribution.rules());
    Trial { rules, plans: body.plans, from, to }
}

/// The simulation of a request that was accepted, on a copy of `extent`.
pub fn begin(body: &[u8], extent: Extent) -> Result<Simulation, SqlError> {
    let invalid = |error: &dyn std::fmt::Display| SqlError::Engine(error.to_string());
    let body = str::from_utf8(body).map_err(|error| invalid(&error))?;
    let body: NewSimulation = strict_json::from_str(body).map_err(|error| invalid(&error))?;
    let from = body.from.as_deref().and_then(Timestamp::parse).unwrap_or_else(first);
    let to = body.to.as_deref().and_then(Timestamp::parse).unwrap_or_else(last);
    Ok(Simulation::new(trial(body, from, to), extent))
}
