//! `POST /v1/conversions/{id}/qualify`.

use super::{
    super::http::{call::Call, checks::Checks, failure::Failure, message::Response},
    read::named,
};
use crate::{
    domain::{conversions::qualification::QualificationStatus, values::limits},
    ledger::conversions::{qualification::decide, view::show},
};
use serde::Deserialize;

/// A decision on a lead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewQualification {
    /// The decision.
    status: QualificationStatus,
    /// Why. It is shown to the programme's keys only; leave personal data out, because it is kept for good.
    reason: Option<String>,
}

/// `POST /v1/conversions/{id}/qualify`
pub fn qualify(call: &Call<'_>) -> Result<Response, Failure> {
    let conversion = named(call)?;
    let body: NewQualification = call.body()?;
    let mut checks = Checks::default();
    checks.text("reason", body.reason.as_deref(), limits::REASON);
    checks.finish()?;
    let decided = decide(call.tx, conversion, body.status, body.reason)?;
    call.json(200, &show(call.tx, &decided, call.caller.viewer())?)
}
