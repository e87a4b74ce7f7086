//! Whose data a query asks for: the partner, link and listing that it names, restricted to what the caller may see.

use super::super::{
    http::{call::Call, problems::Problem, query::Query},
    programme::listings::visible,
};
use crate::{
    domain::{
        links::link::Link,
        programme::{listing::ListingNo, partner::PartnerNo},
        values::id::{LinkId, ListingId, PartnerId},
    },
    store::{links, programme::partners},
};

/// The partner that the query names, restricted to what the caller may see; `None` = all partners.
pub fn partner_of_query(call: &Call<'_>, text: Option<&str>) -> Result<Option<PartnerNo>, Problem> {
    let Some(text) = text else { return Ok(call.caller.partner) };
    let id = PartnerId::parse(text).ok_or_else(Problem::not_found)?;
    let partner = partners::by_id(call.tx.sql, &id)?.filter(|partner| call.caller.sees(partner.no));
    Ok(Some(partner.ok_or_else(Problem::not_found)?.no))
}

/// The link that the query names as `link_id`.
pub fn link_of_query(call: &Call<'_>, query: &Query) -> Result<Option<Link>, Problem> {
    let Some(text) = query.text("link_id") else { return Ok(None) };
    let id = LinkId::parse(text).ok_or_else(Problem::not_found)?;
    let link = links::by_id(call.tx.sql, &id)?.filter(|link| call.caller.sees(link.partner_no));
    link.map(Some).ok_or_else(Problem::not_found)
}

/// The listing that the query names as `listing_id`.
pub fn listing_of_query(call: &Call<'_>, query: &Query) -> Result<Option<ListingNo>, Problem> {
    let Some(text) = query.text("listing_id") else { return Ok(None) };
    let id = ListingId::parse(text).ok_or_else(Problem::not_found)?;
    Ok(Some(visible(call, &id)?.no))
}
