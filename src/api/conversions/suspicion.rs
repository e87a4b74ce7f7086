//! Why what a conversion earns is held: what the rules of `crate::domain::conversions::fraud` must know, loaded.

use super::super::{call::Call, problem::Problem};
use crate::{
    domain::{
        conversions::{
            HeldReason,
            fraud::{CouponUse, Facts, HOUR_MS, Rules, happens_once, suspicions},
        },
        programme::partner::Partner,
        values::{string_enum::Metadata, time::Timestamp},
    },
    store::conversions::{self, Conversion, customers},
};

/// Annotations of a conversion that name its customer.
const NAMES_OF_A_CUSTOMER: [&str; 2] = ["email", "customer_email"];

/// How a credit came about.
pub struct How {
    /// When its click was made; absent if it was a coupon.
    pub clicked_at: Option<Timestamp>,
    /// How its coupon was used; absent if it was a click, or no rule asks.
    pub coupon: Option<CouponUse>,
}

/// Why what a conversion earns a partner is held, the gravest reason first.
pub fn reasons(
    call: &Call<'_>,
    conversion: &Conversion,
    partner: &Partner,
    how: How,
    rules: &Rules,
) -> Result<Vec<HeldReason>, Problem> {
    let metadata: Metadata = json::read(&conversion.metadata).unwrap_or_default();
    let noted = NAMES_OF_A_CUSTOMER.iter().filter_map(|name| metadata.get(*name)).map(String::as_str);
    let own = [partner.email.as_deref(), partner.external_id.as_deref(), Some(partner.id.as_str())];
    let in_hour_before = match rules.velocity_per_hour {
        Some(limit) => {
            let since = conversion.created_at.plus_ms(HOUR_MS.saturating_neg());
            conversions::pace(call.sql, partner.no, conversion.no, since, limit)?
        }
        None => 0,
    };
    let facts = Facts {
        kind: conversion.kind,
        customer: conversion.customer_id.as_deref().into_iter().chain(noted).collect(),
        partner: own.into_iter().flatten().collect(),
        occurred_at: conversion.occurred_at,
        clicked_at: how.clicked_at,
        in_hour_before,
        is_repeat: rules.duplicate_customer
            && happens_once(conversion.kind)
            && customers::is_repeat(call.sql, conversion)?,
        coupon: how.coupon,
    };
    Ok(conversion.held_reason.into_iter().chain(suspicions(&facts, rules)).collect())
}
