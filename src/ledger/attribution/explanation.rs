//! Why a conversion was credited as it was: every touch with its verdict, from what is stored with the conversion.

use super::{
    super::{tx::Tx, view::view, viewer::Viewer},
    record::{StoredAttribution, StoredTouch},
    view::{CreditView, credits},
};
use crate::{
    domain::{
        attribution::{
            AttributionStatus, Outcome, Reason, Source, TrailState,
            rules::{Model, Precedence, RepeatCustomers},
        },
        values::{
            id::{ConversionId, CouponId, LinkId, PartnerId},
            time::Timestamp,
        },
    },
    store::{SqlError, conversions::Conversion, links, programme::partners},
};

view! {
    /// A candidate touch, and why it won or lost.
    pub struct TouchView {
        /// Click id; `null` = it is a coupon.
        click_id: Option<String>,
        /// The coupon; `null` = it is a click.
        coupon_id: Option<CouponId>,
        /// When it was clicked, or when the coupon was used.
        clicked_at: Timestamp,
        /// Its link; `null` if the ledger does not know it, or if it is a coupon.
        link_id: Option<LinkId>,
        /// The link's or coupon's partner.
        partner_id: Option<PartnerId>,
        /// Who clicked.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "crate::domain::clicks::click::Class"))]
        class: String,
        /// How it came to be a candidate.
        source: Source,
        /// What became of it.
        outcome: Outcome,
        /// Why.
        reason: Reason,
        /// Its share, basis points.
        share_bp: i64,
        /// The window of its listing, days; `null` = the programme's.
        window_days: Option<i64>,
    }

    /// Why a conversion was credited as it was.
    pub struct ExplanationView {
        /// The conversion.
        conversion_id: ConversionId,
        /// Whether somebody earns it.
        status: AttributionStatus,
        /// The model that was in force.
        model: Model,
        /// The programme's window that was in force, days.
        window_days: i64,
        /// The half-life that was in force, days; `null` if the model has none.
        half_life_days: Option<i64>,
        /// What wins if a coupon was used and a link was clicked.
        precedence: Precedence,
        /// What new touches of a returning customer earn.
        repeat_customers: RepeatCustomers,
        /// Whether the visitor's earlier clicks were weighed.
        trail: TrailState,
        /// What became of the coupon that was named, in a word; `null` = none was named, or it is another partner's.
        coupon_reason: Option<Reason>,
        /// Why, in a word.
        reason: Reason,
        /// Shares.
        credits: Vec<CreditView>,
        /// Every candidate.
        touches: Vec<TouchView>,
    }
}

fn touch(tx: &Tx<'_>, touch: &StoredTouch) -> Result<TouchView, SqlError> {
    let partner = touch.partner_no.map(|no| partners::by_no(tx.sql, no)).transpose()?.flatten();
    let coupon_id = CouponId::parse(&touch.click_id);
    Ok(TouchView {
        click_id: coupon_id.is_none().then(|| touch.click_id.clone()),
        coupon_id,
        clicked_at: Timestamp::clamped(touch.at_ms),
        link_id: links::by_no(tx.sql, touch.link_no)?.map(|link| link.id),
        partner_id: partner.map(|partner| partner.id),
        class: touch.class.clone(),
        source: touch.source,
        outcome: if touch.share_bp > 0 { Outcome::Won } else { Outcome::Lost },
        reason: touch.verdict,
        share_bp: touch.share_bp,
        window_days: touch.window_days,
    })
}

/// The whole explanation; a partner sees only its own touches.
pub fn show(tx: &Tx<'_>, conversion: &Conversion, viewer: Viewer) -> Result<ExplanationView, SqlError> {
    let stored = StoredAttribution::of(conversion)?;
    let is_visible = |touch: &&StoredTouch| match viewer {
        Viewer::Programme => true,
        Viewer::Partner(_) => touch.partner_no.is_some_and(|owner| viewer.sees(owner)),
    };
    let touches: Vec<TouchView> =
        stored.touches.iter().filter(is_visible).map(|stored| touch(tx, stored)).collect::<Result<_, _>>()?;
    let redeemed = touches.iter().find(|touch| touch.source == Source::Coupon).map(|touch| touch.reason);
    Ok(ExplanationView {
        conversion_id: conversion.id.clone(),
        status: stored.status(),
        model: stored.model,
        window_days: stored.window_days,
        half_life_days: stored.half_life_days,
        precedence: stored.precedence,
        repeat_customers: stored.repeat_customers,
        trail: stored.trail,
        coupon_reason: redeemed.or(stored.coupon_unknown.then_some(Reason::CouponUnknown)),
        reason: stored.reason,
        credits: credits(tx, &stored, viewer)?,
        touches,
    })
}
