//! `POST /v1/conversions/{id}/refunds`.

use super::{
    super::http::{call::Call, checks::Checks, failure::Failure, message::Response, problems::Code},
    read::named,
};
use crate::domain::values::limits;
use crate::{
    domain::money::amount::Amount,
    ledger::refunds::refund::{Submitted, submit},
};
use serde::Deserialize;

/// A refund to book.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRefund {
    /// Your id of it: unique within the conversion.
    external_id: String,
    /// Amount in minor units of the conversion's currency; all that is left if absent.
    amount: Option<Amount>,
}

/// `POST /v1/conversions/{id}/refunds`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let conversion = named(call)?;
    let body: NewRefund = call.body()?;
    let mut checks = Checks::default();
    checks.text("external_id", Some(&body.external_id), limits::EXTERNAL_ID);
    // Only the clock of an import can be before the conversion.
    if call.tx.now < conversion.created_at {
        let detail =
            format!("The conversion was accepted at {}; a refund follows it.", conversion.created_at);
        checks.refuse(Code::RefundBeforeSale, "created_at", detail);
    }
    checks.finish()?;
    let amount = body.amount.map(|amount| amount.0);
    Ok(match submit(call.tx, &conversion, body.external_id, amount)? {
        Submitted::Recorded(json) => Response::json(201, json),
        Submitted::Replayed(json) => Response::replayed(json),
    })
}
