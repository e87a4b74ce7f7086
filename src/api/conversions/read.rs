//! Reading conversions.

use super::super::http::{call::Call, failure::Failure, message::Response, problems::Problem};
use crate::{
    domain::values::id::ConversionId,
    ledger::{attribution::explanation, conversions::view::show},
    store::{
        SqlError,
        conversions::{self, Conversion, credits},
    },
};

/// The conversion that the path names, if the caller may see it. A partner sees those that it has a share of.
pub fn named(call: &Call<'_>) -> Result<Conversion, Problem> {
    let id = call.id(ConversionId::parse)?;
    let conversion = conversions::by_id(call.tx.sql, &id)?.ok_or_else(Problem::not_found)?;
    if is_visible(call, &conversion)? { Ok(conversion) } else { Err(Problem::not_found()) }
}

/// Whether the caller may see a conversion. A partner sees those that it was credited with. A partner that earns on another
/// partner's conversion (a territory, a joint product, a referral) does not see the conversion.
pub fn is_visible(call: &Call<'_>, conversion: &Conversion) -> Result<bool, SqlError> {
    let Some(partner) = call.caller.partner else { return Ok(true) };
    Ok(conversion.credited.as_ref().is_some_and(|credited| credited.partner_no == partner)
        || credits::is_shared_by(call.tx.sql, conversion.no, partner)?)
}

/// `GET /v1/conversions`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let fetch = |page| conversions::list(call.tx.sql, call.caller.partner, page);
    let viewer = call.caller.viewer();
    call.page("conversions", fetch, |conversion| conversion.no, |row| show(call.tx, row, viewer))
}

/// `GET /v1/conversions/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(call.tx, &named(call)?, call.caller.viewer())?)
}

/// `GET /v1/conversions/{id}/attribution`
pub fn attribution(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &explanation::show(call.tx, &named(call)?, call.caller.viewer())?)
}
