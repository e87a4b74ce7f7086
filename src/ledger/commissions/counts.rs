//! Where a commission is counted in reports.

use super::super::tx::Tx;
use crate::{
    domain::{clicks::click::Device, money::WHOLE_BP},
    store::{
        SqlError,
        commissions::Commission,
        conversions::{Conversion, CreditDimensions, credits},
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
        partner_no: Some(commission.partner_no),
        occurred_at: commission.created_at,
        link_no: commission.link_no(),
        listing_no: None,
        country: None,
        device: Device::Unknown,
        currency: Some(commission.currency.to_string()),
        counted: None,
        qualified: false,
        uncounted: false,
        revenue: 0,
        refunds: 0,
        commission: 0,
    };
    let Some(conversion) = conversion else { return Ok(nowhere) };
    let earned_by = (commission.partner_no, commission.link_no());
    let is_own = |credit: &CreditDimensions| (credit.partner_no, credit.link_no) == earned_by;
    // A credit for the whole conversion is counted at the conversion's own place; shared credits have rows of their own.
    let credited = if commission.share_bp == WHOLE_BP {
        conversion.credited.clone().filter(is_own)
    } else {
        let credits = credits::of(tx.sql, conversion.no)?.into_iter();
        let mut own = credits.filter(|credit| is_own(&credit.dimensions));
        own.find(|credit| commission.touch() == Some(&credit.origin)).map(|credit| credit.dimensions)
    };
    Ok(ConversionDelta {
        occurred_at: conversion.occurred_at,
        listing_no: conversion.listing_no,
        country: credited.as_ref().and_then(|credited| credited.country),
        device: credited.map_or(Device::Unknown, |credited| credited.device),
        ..nowhere
    })
}
