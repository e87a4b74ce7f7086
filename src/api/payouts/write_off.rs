//! `POST /v1/partners/{id}/write-off`.

use super::super::{
    http::{call::Call, checks::Checks, failure::Failure, message::Response},
    programme::partners::named,
};
use crate::domain::values::limits;
use crate::{domain::money::Currency, ledger::payouts::write_off};
use serde::Deserialize;

/// A negative balance to write off.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewWriteOff {
    /// The balance's currency.
    currency: Currency,
    /// The reason. It is kept with the event, and partners do not see it.
    note: Option<String>,
}

/// `POST /v1/partners/{id}/write-off`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let partner = named(call)?;
    let body: NewWriteOff = call.body()?;
    let mut checks = Checks::default();
    checks.text("note", body.note.as_deref(), limits::NOTE);
    checks.finish()?;
    call.json(201, &write_off::write_off(call.tx, &partner, body.currency, body.note)?)
}
