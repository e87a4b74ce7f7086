//! Loads the facts that the fraud rules (`crate::domain::conversions::fraud`) need, and applies the rules.

use super::super::{callbacks::identifiers::without_listing, tx::Tx};
use crate::{
    domain::{
        conversions::{
            HeldReason,
            fraud::{CouponUse, Facts, HOUR_MS, Rules, hold_reasons, is_once_per_customer},
        },
        programme::partner::Partner,
        values::{string_enum::Metadata, time::Timestamp},
    },
    store::{
        SqlError,
        conversions::{self, Conversion, customers},
    },
};

/// Metadata keys of a conversion that name its customer.
const CUSTOMER_KEYS: [&str; 2] = ["email", "customer_email"];

/// How a credit came about.
pub struct CreditOrigin {
    /// When its click was made; `None` if it is a coupon's.
    pub clicked_at: Option<Timestamp>,
    /// Whether a browser loaded its link as part of a page.
    pub is_embedded: bool,
    /// How its coupon was used; `None` if it is a click's, or if no rule limits coupons.
    pub coupon: Option<CouponUse>,
}

/// Why what a conversion earns a partner is held, the gravest reason first.
pub fn held_reasons(
    tx: &Tx<'_>,
    conversion: &Conversion,
    partner: &Partner,
    origin: CreditOrigin,
    rules: &Rules,
) -> Result<Vec<HeldReason>, SqlError> {
    let metadata: Metadata = strict_json::from_str(&conversion.metadata).unwrap_or_default();
    let noted = CUSTOMER_KEYS.iter().filter_map(|key| metadata.get(*key)).map(String::as_str);
    let own = [partner.email.as_deref(), partner.external_id.as_deref(), Some(partner.id.as_str())];
    let conversions_in_last_hour = match rules.velocity_per_hour {
        Some(limit) => {
            let until = conversion.created_at;
            let hour = (until.plus_ms(HOUR_MS.saturating_neg()), until);
            conversions::count_recent(tx.sql, partner.no, conversion.no, hour, limit)?
        }
        None => 0,
    };
    let unscoped = conversion.customer_id.as_deref().and_then(without_listing);
    let customer = conversion.customer_id.as_deref().into_iter().chain(unscoped.as_deref()).chain(noted);
    let facts = Facts {
        kind: conversion.kind,
        customer: customer.collect(),
        partner: own.into_iter().flatten().collect(),
        occurred_at: conversion.occurred_at,
        clicked_at: origin.clicked_at,
        is_embedded: origin.is_embedded,
        conversions_in_last_hour,
        is_repeat: rules.duplicate_customer
            && is_once_per_customer(conversion.kind)
            && customers::is_repeat(tx.sql, conversion)?,
        coupon: origin.coupon,
    };
    Ok(conversion.held_reason.into_iter().chain(hold_reasons(&facts, rules)).collect())
}
