//! Reading conversions.

use super::super::http::{call::Call, failure::Failure, message::Response, problems::Problem};
use crate::{
    domain::values::id::ConversionId,
    ledger::{attribution::explanation, conversions::view::show},
    store::conversions::{self, Conversion, credits},
};

/// The conversion that the path names, if the caller may see it. A partner sees those that it has a share of.
pub fn named(call: &Call<'_>) -> Result<Conversion, Problem> {
    let id = call.id(ConversionId::parse)?;
    let conversion = conversions::by_id(call.tx.sql, &id)?.ok_or_else(Problem::not_found)?;
    match call.caller.partner {
        Some(partner)
            if conversion.place.partner_no != partner
                && !credits::is_shared_by(call.tx.sql, conversion.no, partner)? =>
        {
            Err(Problem::not_found())
        }
        Some(_) | None => Ok(conversion),
    }
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
