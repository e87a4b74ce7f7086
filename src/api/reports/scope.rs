//! Whose data a query asks for.

use super::super::http::{call::Call, problems::Problem};
use crate::{
    domain::{programme::partner::PartnerNo, values::id::PartnerId},
    store::programme::partners,
};

/// The partner that the query names, restricted to what the caller may see; `None` = all partners.
pub fn partner_of_query(call: &Call<'_>, text: Option<&str>) -> Result<Option<PartnerNo>, Problem> {
    let Some(text) = text else { return Ok(call.caller.partner) };
    let id = PartnerId::parse(text).ok_or_else(Problem::not_found)?;
    let partner = partners::by_id(call.tx.sql, &id)?.filter(|partner| call.caller.sees(partner.no));
    Ok(Some(partner.ok_or_else(Problem::not_found)?.no))
}
