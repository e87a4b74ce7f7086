//! `POST /v1/conversions`.

use super::{
    super::http::{
        auth::Credential,
        call::Call,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    request::{NewConversion, check, check_lead},
};
use crate::{
    domain::{
        conversions::{ConversionType, HeldReason},
        values::id::ConversionId,
    },
    ledger::{
        conversions::{
            accept::{Accepted, Submitted, submit},
            reported::ReportedConversion,
        },
        view::view,
    },
    store::conversions,
};

/// The response that reports an accepted conversion.
pub fn accepted(accepted: Accepted) -> Response {
    let location = format!("/v1/conversions/{}", accepted.id);
    Response::json(201, accepted.json).with_header("location", location)
}

view! {
    /// What a web page learns of a lead that it reported with a publishable key.
    pub struct LeadReceiptView {
        /// Id.
        id: ConversionId,
        /// Always `lead`.
        #[serde(rename = "type")]
        kind: ConversionType,
        /// The page's id of it. The operator sees it with `page:` in front.
        external_id: String,
    }
}

/// `POST /v1/conversions`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewConversion = call.body()?;
    if call.caller.credential == Credential::Publishable {
        return report_lead(call, body);
    }
    let reported = check(call.tx, body)?;
    check_own_id(reported.kind, &reported.external_id)?;
    Ok(match submit(call.tx, reported)? {
        Submitted::Accepted(conversion) => accepted(conversion),
        Submitted::Replayed(json) => Response::replayed(json),
    })
}

/// What the ids of leads begin with that pages report. They are a name space of their own: otherwise a visitor who invents a lead
/// could take the id of one that the operator reports later, and that one would be refused.
const OF_PAGES: &str = "page:";

/// Refuses an id of the pages' name space in another report.
fn check_own_id(kind: ConversionType, external_id: &str) -> Result<(), Problem> {
    if kind == ConversionType::Lead && external_id.starts_with(OF_PAGES) {
        let detail = "Ids of leads that begin with \"page:\" are those that pages report. Send your own id of the lead.";
        return Err(Problem::field(Code::InvalidValue, "/external_id", detail));
    }
    Ok(())
}

/// Records a lead that a web page reported. Anybody can send what the page sends, so its commission is held until an operator
/// has looked at it, and the response says nothing about the partner.
fn report_lead(call: &Call<'_>, body: NewConversion) -> Result<Response, Failure> {
    let external_id = check_lead(&body)?.to_owned();
    let stored_id = format!("{OF_PAGES}{external_id}");
    let reported = ReportedConversion {
        external_id: stored_id.clone(),
        held_reason: Some(HeldReason::TransportOnly),
        ..check(call.tx, body)?
    };
    let status = match submit(call.tx, reported)? {
        Submitted::Accepted(_) => 201,
        Submitted::Replayed(_) => 200,
    };
    let stored = conversions::by_key(call.tx.sql, ConversionType::Lead, &stored_id)?;
    let id = stored.ok_or_else(Problem::not_found)?.id;
    call.json(status, &LeadReceiptView { id, kind: ConversionType::Lead, external_id })
}
