//! A conversion as events and responses show it. A partner sees only its own part.

use super::{
    super::{
        attribution::view::{AttributionView, summary},
        commissions::view::{CommissionView, show as show_commission},
        public_ids::listing_id,
        terms,
        tx::Tx,
        view::view,
        viewer::Viewer,
    },
    qualification::{self, QualificationView},
};
use crate::{
    domain::{
        conversions::ConversionType,
        values::{
            id::{ConversionId, ListingId},
            string_enum::Metadata,
            time::Timestamp,
        },
    },
    store::{SqlError, commissions, conversions::Conversion},
};

view! {
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
        /// The caller's id of the customer. Hidden from partners unless the programme has `partners_see_customers`.
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
        /// The decision on a lead; `null` = nobody has decided yet, or it is no lead.
        qualification: Option<QualificationView>,
        /// Free annotations. Hidden from partners like the customer.
        metadata: Metadata,
        /// When it was accepted.
        created_at: Timestamp,
    }
}

/// The conversion as it stands now.
pub fn show(tx: &Tx<'_>, conversion: &Conversion, viewer: Viewer) -> Result<ConversionView, SqlError> {
    let earned = commissions::of_conversion(tx.sql, conversion.no)?;
    let mut views = Vec::with_capacity(earned.len());
    for commission in earned.iter().filter(|commission| viewer.sees(commission.partner_no)) {
        views.push(show_commission(tx.sql, commission, viewer)?);
    }
    let listing_id = listing_id(tx.sql, conversion.listing_no)?;
    let mut view = conversion_view(conversion, listing_id, summary(tx, conversion, viewer)?, views, viewer);
    if viewer != Viewer::Programme && !terms::current(tx)?.partners_see_customers {
        // Shops put e-mail addresses and notes there.
        view.customer_id = None;
        view.metadata = Metadata::new();
    }
    Ok(view)
}

/// Puts a conversion together with its attribution and commissions.
pub fn conversion_view(
    conversion: &Conversion,
    listing_id: Option<ListingId>,
    attribution: AttributionView,
    commissions: Vec<CommissionView>,
    viewer: Viewer,
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
        click_id: conversion.click_id.clone().filter(|click| is_visible(viewer, &attribution, click)),
        customer_id: conversion.customer_id.clone(),
        coupon: conversion.coupon.clone(),
        listing_id,
        occurred_at: conversion.occurred_at,
        attribution,
        commissions,
        qualification: conversion.qualification.as_ref().map(|decided| qualification::show(decided, viewer)),
        metadata: strict_json::from_str(&conversion.metadata).unwrap_or_default(),
        created_at: conversion.created_at,
    }
}

/// Whether the click that the conversion named is visible. A partner sees it only if it earned, because the conversion may
/// have named another partner's click.
fn is_visible(viewer: Viewer, attribution: &AttributionView, click_id: &str) -> bool {
    viewer == Viewer::Programme
        || attribution.credits.iter().any(|credit| credit.click_id.as_deref() == Some(click_id))
}
