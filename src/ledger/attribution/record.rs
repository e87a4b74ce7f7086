//! The attribution that is stored with a conversion: every touch that was weighed, with its verdict and its share, and the
//! rules that were in force.

use super::candidates::Candidates;
use crate::{
    domain::attribution::{
        Attribution, AttributionStatus, Reason, Source, Touch, TrailState,
        rules::{Model, Precedence, RepeatCustomers, Rules},
    },
    store::{SqlError, conversions::Conversion, value::json_text},
};
use serde::{Deserialize, Serialize};

/// A touch as it was weighed; `click_id` of a coupon is the coupon's id.
#[derive(Serialize, Deserialize)]
pub struct StoredTouch {
    pub click_id: String,
    pub at_ms: i64,
    pub link_no: u32,
    pub partner_no: Option<u32>,
    pub class: String,
    pub source: Source,
    pub verdict: Reason,
    pub share_bp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<i64>,
}

/// A stored attribution. Fields that were added later are absent in older rows, and where they have their default.
#[derive(Serialize, Deserialize)]
pub struct StoredAttribution {
    pub model: Model,
    pub window_days: i64,
    pub reason: Reason,
    pub touches: Vec<StoredTouch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life_days: Option<i64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub precedence: Precedence,
    #[serde(default, skip_serializing_if = "is_default")]
    pub repeat_customers: RepeatCustomers,
    #[serde(default, skip_serializing_if = "is_default")]
    pub trail: TrailState,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub coupon_unknown: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What was found out about the candidates as a whole.
#[derive(Default)]
pub struct Findings {
    trail: TrailState,
    coupon_unknown: bool,
}

impl Findings {
    /// The findings about these candidates.
    pub fn of(candidates: &Candidates) -> Self {
        Self { trail: candidates.trail, coupon_unknown: candidates.coupon_unknown }
    }
}

impl StoredAttribution {
    /// Parses the attribution that is stored with a conversion.
    pub fn of(conversion: &Conversion) -> Result<Self, SqlError> {
        strict_json::from_str(&conversion.attribution).map_err(|error| SqlError::Engine(error.to_string()))
    }

    /// Whether somebody earns the conversion.
    pub fn status(&self) -> AttributionStatus {
        let credited = self.touches.iter().any(|touch| touch.share_bp > 0);
        if credited { AttributionStatus::Attributed } else { AttributionStatus::Unattributed }
    }
}

/// The JSON that is stored of an attribution.
pub fn to_json(
    touches: &[Touch],
    attribution: &Attribution,
    rules: Rules,
    findings: Findings,
) -> Result<String, SqlError> {
    let share = |index: usize| {
        let credit = attribution.credits.iter().find(|credit| credit.touch == index);
        credit.map_or(0, |credit| credit.share_bp)
    };
    let judged = touches.iter().zip(&attribution.verdicts).enumerate();
    json_text(&StoredAttribution {
        model: rules.model,
        window_days: rules.window_days,
        reason: attribution.reason,
        touches: judged
            .map(|(index, (touch, verdict))| StoredTouch {
                click_id: touch.origin.id().to_owned(),
                at_ms: touch.at.ms(),
                link_no: touch.origin.link_no().unwrap_or(0),
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
        trail: findings.trail,
        coupon_unknown: findings.coupon_unknown,
    })
}
