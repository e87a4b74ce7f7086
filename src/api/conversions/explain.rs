//! Why a conversion was credited as it was: kept with the conversion, word for word.

use super::{
    super::{
        call::Call,
        problem::Problem,
        views::{CreditView, view},
    },
    AttributionView, earn,
    touches::Candidates,
};
use crate::{
    domain::{
        attribution::{
            Attribution, AttributionStatus, Outcome, Reason, Source, Touch, TrailState,
            rules::{Model, Precedence, RepeatCustomers, Rules},
        },
        clicks::click::Class,
        values::{
            id::{ConversionId, CouponId, LinkId, PartnerId},
            time::Timestamp,
        },
    },
    store::{SqlError, conversions::Conversion, links, programme::partners, value::json_text},
};
use json::FromJson;
use serde::Serialize;

/// A touch as it was weighed; of a coupon `click_id` is the coupon's id.
#[derive(Serialize, FromJson)]
struct StoredTouch {
    click_id: String,
    at_ms: i64,
    link_no: u32,
    partner_no: Option<u32>,
    class: String,
    source: Source,
    verdict: Reason,
    share_bp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window_days: Option<i64>,
}

/// An attribution as it is kept. What was added later is absent where it was not there yet, and where it is as it was then.
#[derive(Serialize, FromJson)]
struct Stored {
    model: Model,
    window_days: i64,
    reason: Reason,
    touches: Vec<StoredTouch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    half_life_days: Option<i64>,
    #[serde(default, skip_serializing_if = "is_default")]
    precedence: Precedence,
    #[serde(default, skip_serializing_if = "is_default")]
    repeat_customers: RepeatCustomers,
    #[serde(default, skip_serializing_if = "is_default")]
    trail: TrailState,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    coupon_unknown: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What was found out about the candidates as a whole.
#[derive(Default)]
pub struct Found {
    trail: TrailState,
    coupon_unknown: bool,
}

impl Found {
    /// What was found out about these.
    pub fn of(candidates: &Candidates) -> Self {
        Self { trail: candidates.trail, coupon_unknown: candidates.coupon_unknown }
    }
}

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
        /// The half-life that was in force, days; `null` where the model knows none.
        half_life_days: Option<i64>,
        /// What wins where a coupon was used and a link was clicked.
        precedence: Precedence,
        /// What new touches of a customer earn who has bought before.
        repeat_customers: RepeatCustomers,
        /// Whether the visitor's clicks of before the conversion's own were weighed.
        trail: TrailState,
        /// What became of the coupon that was named, in a word; `null` = none was, or it is another partner's.
        coupon_reason: Option<Reason>,
        /// Why, in a word.
        reason: Reason,
        /// Shares.
        credits: Vec<CreditView>,
        /// Every candidate.
        touches: Vec<TouchView>,
    }
}

/// The attribution as it is kept.
pub fn stored(
    touches: &[Touch],
    attribution: &Attribution,
    rules: Rules,
    found: Found,
) -> Result<String, SqlError> {
    let share = |index: usize| {
        let credit = attribution.credits.iter().find(|credit| credit.touch == index);
        credit.map_or(0, |credit| credit.share_bp)
    };
    let kept = touches.iter().zip(&attribution.verdicts).enumerate();
    json_text(&Stored {
        model: rules.model,
        window_days: rules.window_days,
        reason: attribution.reason,
        touches: kept
            .map(|(index, (touch, verdict))| StoredTouch {
                click_id: touch.click_id.clone(),
                at_ms: touch.at.ms(),
                link_no: touch.link_no,
                partner_no: touch.partner.map(|(no, _)| no),
                class: touch.class.as_str().to_owned(),
                source: touch.source,
                verdict: *verdict,
                share_bp: share(index),
                window_days: touch.window_days,
            })
            .collect(),
        half_life_days: (rules.model == Model::TimeDecay).then_some(rules.half_life_days),
        precedence: rules.precedence,
        repeat_customers: rules.repeat_customers,
        trail: found.trail,
        coupon_unknown: found.coupon_unknown,
    })
}

fn read(conversion: &Conversion) -> Result<Stored, SqlError> {
    json::read(&conversion.attribution).map_err(|error| SqlError::Engine(error.to_string()))
}

/// The touches as they were weighed, each with its share; of their partners only the numbers are known. What the verdict
/// says of a coupon itself holds under any rules.
pub fn weighed(conversion: &Conversion) -> Result<(Vec<Touch>, Vec<i64>), SqlError> {
    let touches = read(conversion)?.touches.into_iter().map(|touch| {
        let class = Class::ALL.iter().copied().find(|class| class.as_str() == touch.class);
        let weighed = Touch {
            click_id: touch.click_id,
            at: Timestamp::clamped(touch.at_ms),
            link_no: touch.link_no,
            partner: touch.partner_no.map(|no| (no, None)),
            class: class.unwrap_or(Class::Human),
            source: touch.source,
            window_days: touch.window_days,
            refused: Some(touch.verdict).filter(|verdict| verdict.is_of_coupon()),
            is_repeat: false,
        };
        (weighed, touch.share_bp)
    });
    Ok(touches.unzip())
}

fn credits(call: &Call<'_>, stored: &Stored) -> Result<Vec<CreditView>, Problem> {
    let mut credits = Vec::new();
    for touch in stored.touches.iter().filter(|touch| touch.share_bp > 0) {
        let Some(partner_no) = touch.partner_no.filter(|no| call.caller.sees(*no)) else { continue };
        credits.push(earn::credit(call, partner_no, touch.link_no, touch.click_id.clone(), touch.share_bp)?);
    }
    Ok(credits)
}

fn status(stored: &Stored) -> AttributionStatus {
    let credited = stored.touches.iter().any(|touch| touch.share_bp > 0);
    if credited { AttributionStatus::Attributed } else { AttributionStatus::Unattributed }
}

/// The attribution as a conversion shows it.
pub fn summary(call: &Call<'_>, conversion: &Conversion) -> Result<AttributionView, Problem> {
    let stored = read(conversion)?;
    let credits = credits(call, &stored)?;
    Ok(AttributionView { status: status(&stored), model: stored.model, credits, reason: stored.reason })
}

/// The whole explanation; a partner's key sees its own touches.
pub fn show(call: &Call<'_>, conversion: &Conversion) -> Result<ExplanationView, Problem> {
    let stored = read(conversion)?;
    let mut touches = Vec::with_capacity(stored.touches.len());
    for touch in &stored.touches {
        if call.caller.partner.is_some() && touch.partner_no != call.caller.partner {
            continue;
        }
        let partner = touch.partner_no.map(|no| partners::by_no(call.sql, no)).transpose()?.flatten();
        let coupon_id = CouponId::parse(&touch.click_id);
        touches.push(TouchView {
            click_id: coupon_id.is_none().then(|| touch.click_id.clone()),
            coupon_id,
            clicked_at: Timestamp::clamped(touch.at_ms),
            link_id: links::by_no(call.sql, touch.link_no)?.map(|link| link.id),
            partner_id: partner.map(|partner| partner.id),
            class: touch.class.clone(),
            source: touch.source,
            outcome: if touch.share_bp > 0 { Outcome::Won } else { Outcome::Lost },
            reason: touch.verdict,
            share_bp: touch.share_bp,
            window_days: touch.window_days,
        });
    }
    let redeemed = touches.iter().find(|touch| touch.source == Source::Coupon).map(|touch| touch.reason);
    Ok(ExplanationView {
        conversion_id: conversion.id.clone(),
        status: status(&stored),
        model: stored.model,
        window_days: stored.window_days,
        half_life_days: stored.half_life_days,
        precedence: stored.precedence,
        repeat_customers: stored.repeat_customers,
        trail: stored.trail,
        coupon_reason: redeemed.or(stored.coupon_unknown.then_some(Reason::CouponUnknown)),
        reason: stored.reason,
        credits: credits(call, &stored)?,
        touches,
    })
}
