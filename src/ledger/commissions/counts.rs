//! Where a commission is counted in reports.

use super::super::tx::Tx;
use crate::{
    domain::money::WHOLE_BP,
    store::{
        SqlError,
        commissions::Commission,
        conversions::{Conversion, credits},
        reports::counts::ConversionDelta,
    },
};

/// The place where a commission is counted, with no sums: the time and listing of its conversion, and the place of the
/// credit that earned it. A commission that no credit earned has no link and no country.
pub fn place(
    tx: &Tx<'_>,
    commission: &Commission,
    conversion: Option<&Conversion>,
) -> Result<ConversionDelta, SqlError> {
    let nowhere = ConversionDelta {
        partner_no: commission.partner_no,
        occurred_at: commission.created_at,
        link_no: commission.link_no,
        listing_no: 0,
        country: String::new(),
        device: 0,
        currency: commission.currency.to_string(),
        counted: None,
        uncounted: false,
        revenue: 0,
        refunds: 0,
        commission: 0,
    };
    let Some(conversion) = conversion else { return Ok(nowhere) };
    let earned_at = (commission.partner_no, commission.link_no);
    // A credit for the whole conversion is counted at the conversion's own place; shared credits have rows of their own.
    let place = if commission.share_bp == WHOLE_BP {
        Some(conversion.place.clone()).filter(|place| (place.partner_no, place.link_no) == earned_at)
    } else {
        let credits = credits::of(tx.sql, conversion.no)?.into_iter();
        let mut own = credits.filter(|credit| (credit.place.partner_no, credit.place.link_no) == earned_at);
        own.find(|credit| commission.click_id.as_deref() == Some(credit.click_id.as_str()))
            .map(|credit| credit.place)
    };
    let (country, device) = place.map_or_else(|| (String::new(), 0), |place| (place.country, place.device));
    let listing_no = conversion.listing_no.unwrap_or(0);
    Ok(ConversionDelta { occurred_at: conversion.occurred_at, listing_no, country, device, ..nowhere })
}
