//! Why a conversion was credited as it was: kept with the conversion, word for word.

use super::{
    super::{
        call::Call,
        problem::Problem,
        views::{CreditView, view},
    },
    AttributionView, link_id, partner_id,
};
use crate::{
    domain::{
        attribution::{Attribution, AttributionStatus, Outcome, Reason, Rules, Source, Touch},
        id::{ConversionId, LinkId, PartnerId},
        program::Model,
        time::Timestamp,
    },
    store::{SqlError, conversions::Conversion, links, partners, value::json_text},
};
use json::FromJson;
use serde::Serialize;

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
}

#[derive(Serialize, FromJson)]
struct Stored {
    model: Model,
    window_days: i64,
    reason: Reason,
    touches: Vec<StoredTouch>,
}

view! {
    /// A candidate touch, and why it won or lost.
    pub struct TouchView {
        /// Click id.
        click_id: String,
        /// When it was clicked.
        clicked_at: Timestamp,
        /// Its link; `null` if the ledger does not know it.
        link_id: Option<LinkId>,
        /// The link's partner.
        partner_id: Option<PartnerId>,
        /// Who clicked.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "crate::domain::click::Class"))]
        class: String,
        /// How it came to be a candidate.
        source: Source,
        /// What became of it.
        outcome: Outcome,
        /// Why.
        reason: Reason,
        /// Its share, basis points.
        share_bp: i64,
    }

    /// Why a conversion was credited as it was.
    pub struct ExplanationView {
        /// The conversion.
        conversion_id: ConversionId,
        /// Whether somebody earns it.
        status: AttributionStatus,
        /// The model that was in force.
        model: Model,
        /// The window that was in force, days.
        window_days: i64,
        /// Why, in a word.
        reason: Reason,
        /// Shares.
        credits: Vec<CreditView>,
        /// Every candidate.
        touches: Vec<TouchView>,
    }
}

/// The attribution as it is kept.
pub fn stored(touches: &[Touch], attribution: &Attribution, rules: Rules) -> Result<String, SqlError> {
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
            })
            .collect(),
    })
}

fn read(conversion: &Conversion) -> Result<Stored, SqlError> {
    json::read(&conversion.attribution).map_err(|error| SqlError::Engine(error.to_string()))
}

fn credits(call: &Call<'_>, stored: &Stored) -> Result<Vec<CreditView>, Problem> {
    let mut credits = Vec::new();
    for touch in stored.touches.iter().filter(|touch| touch.share_bp > 0) {
        let Some(partner_no) = touch.partner_no.filter(|no| call.caller.sees(*no)) else { continue };
        credits.push(CreditView {
            partner_id: partner_id(call, partner_no)?,
            link_id: link_id(call, touch.link_no)?,
            click_id: touch.click_id.clone(),
            share_bp: touch.share_bp,
        });
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
        touches.push(TouchView {
            click_id: touch.click_id.clone(),
            clicked_at: Timestamp::clamped(touch.at_ms),
            link_id: links::by_no(call.sql, touch.link_no)?.map(|link| link.id),
            partner_id: partner.map(|partner| partner.id),
            class: touch.class.clone(),
            source: touch.source,
            outcome: if touch.share_bp > 0 { Outcome::Won } else { Outcome::Lost },
            reason: touch.verdict,
            share_bp: touch.share_bp,
        });
    }
    Ok(ExplanationView {
        conversion_id: conversion.id.clone(),
        status: status(&stored),
        model: stored.model,
        window_days: stored.window_days,
        reason: stored.reason,
        credits: credits(call, &stored)?,
        touches,
    })
}
