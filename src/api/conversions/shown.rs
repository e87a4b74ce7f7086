//! How a conversion looks in answers: to a partner's key as far as it is that partner's.

use super::{
    super::{
        call::Call,
        problem::Problem,
        views::{self, CommissionView, CreditView, view},
    },
    explain,
};
use crate::{
    domain::{
        attribution::{AttributionStatus, Reason, rules::Model},
        conversions::ConversionType,
        values::{
            id::{ConversionId, LinkId, ListingId, PartnerId},
            string_enum::Metadata,
            time::Timestamp,
        },
    },
    store::{
        SqlError, commissions,
        conversions::Conversion,
        links,
        programme::{listings, partners},
    },
};

view! {
    /// Who earns a conversion, and why.
    pub struct AttributionView {
        /// Whether somebody earns it.
        status: AttributionStatus,
        /// The model in force.
        model: Model,
        /// Shares; they add up to 10,000.
        credits: Vec<CreditView>,
        /// Why, in a word.
        reason: Reason,
    }

    /// A conversion.
    pub struct ConversionView {
        /// Id.
        id: ConversionId,
        /// What happened.
        #[serde(rename = "type")]
        kind: ConversionType,
        /// The caller's id.
        external_id: String,
        /// Amount in minor units.
        amount: Option<i64>,
        /// ISO 4217 currency.
        currency: Option<String>,
        /// Of the amount: tax, minor units.
        tax: Option<i64>,
        /// Of the amount: discount, minor units.
        discount: Option<i64>,
        /// Of the amount: shipping, minor units.
        shipping: Option<i64>,
        /// Refunded so far, minor units.
        refunded: i64,
        /// Where the customer is, as sent.
        country: Option<String>,
        /// Click id as sent.
        click_id: Option<String>,
        /// The caller's id of the customer.
        customer_id: Option<String>,
        /// Coupon as sent.
        coupon: Option<String>,
        /// The listing it happened on.
        listing_id: Option<ListingId>,
        /// When it happened.
        occurred_at: Timestamp,
        /// Who earns it.
        attribution: AttributionView,
        /// What they earn.
        commissions: Vec<CommissionView>,
        /// Free annotations.
        metadata: Metadata,
        /// When it was accepted.
        created_at: Timestamp,
    }
}

/// The conversion as it stands now.
pub fn show(call: &Call<'_>, conversion: &Conversion) -> Result<ConversionView, Problem> {
    let listing = conversion.listing_no.map(|no| listings::by_no(call.sql, no)).transpose()?.flatten();
    let earned = commissions::of_conversion(call.sql, conversion.no)?;
    let mut shown = Vec::with_capacity(earned.len());
    for commission in earned.iter().filter(|commission| call.caller.sees(commission.partner_no)) {
        shown.push(views::commission(commission, &partner_id(call, commission.partner_no)?));
    }
    let listing_id = listing.map(|listing| listing.id);
    Ok(view(call, conversion, listing_id, explain::summary(call, conversion)?, shown))
}

/// A conversion with what is worked out or read of it besides.
pub fn view(
    call: &Call<'_>,
    conversion: &Conversion,
    listing_id: Option<ListingId>,
    attribution: AttributionView,
    commissions: Vec<CommissionView>,
) -> ConversionView {
    ConversionView {
        id: conversion.id.clone(),
        kind: conversion.kind,
        external_id: conversion.external_id.clone(),
        amount: conversion.amount.as_ref().map(|(amount, _)| *amount),
        currency: conversion.amount.as_ref().map(|(_, currency)| currency.clone()),
        tax: conversion.tax,
        discount: conversion.discount,
        shipping: conversion.shipping,
        refunded: conversion.refunded,
        country: conversion.sold_in.clone(),
        click_id: conversion.click_id.clone().filter(|click| own_click(call, &attribution, click)),
        customer_id: conversion.customer_id.clone(),
        coupon: conversion.coupon.clone(),
        listing_id,
        occurred_at: conversion.occurred_at,
        attribution,
        commissions,
        metadata: json::read(&conversion.metadata).unwrap_or_default(),
        created_at: conversion.created_at,
    }
}

/// Whether the caller may see the click that a conversion named: a partner's key sees the one that earned, for the
/// conversion may have named another partner's.
fn own_click(call: &Call<'_>, attribution: &AttributionView, click_id: &str) -> bool {
    call.caller.partner.is_none()
        || attribution.credits.iter().any(|credit| credit.click_id.as_deref() == Some(click_id))
}

/// The id of a partner that there is.
pub fn partner_id(call: &Call<'_>, no: u32) -> Result<PartnerId, Problem> {
    let partner = partners::by_no(call.sql, no)?;
    Ok(partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?.id)
}

/// The id of a link that there is.
pub fn link_id(call: &Call<'_>, no: u32) -> Result<LinkId, Problem> {
    let link = links::by_no(call.sql, no)?;
    Ok(link.ok_or(SqlError::Shape { column: 0, expected: "a link that exists" })?.id)
}
