//! Public ids of rows, looked up by their internal numbers.

use crate::{
    domain::{
        links::link::LinkNo,
        programme::{listing::ListingNo, partner::PartnerNo},
        values::id::{LinkId, ListingId, PartnerId},
    },
    store::{
        Sql, SqlError, links,
        programme::{listings, partners},
    },
};

/// The id of an existing partner.
pub fn partner_id(sql: &dyn Sql, no: PartnerNo) -> Result<PartnerId, SqlError> {
    let partner = partners::by_no(sql, no)?;
    Ok(partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?.id)
}

/// The id of an existing link.
pub fn link_id(sql: &dyn Sql, no: LinkNo) -> Result<LinkId, SqlError> {
    let link = links::by_no(sql, no)?;
    Ok(link.ok_or(SqlError::Shape { column: 0, expected: "a link that exists" })?.id)
}

/// The id of the listing with this number, if there is one.
pub fn listing_id(sql: &dyn Sql, no: Option<ListingNo>) -> Result<Option<ListingId>, SqlError> {
    let listing = no.map(|no| listings::by_no(sql, no)).transpose()?.flatten();
    Ok(listing.map(|listing| listing.id))
}
