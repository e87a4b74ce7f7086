//! Attribution and fraud rules in requests: how credit is shared, and what is held for review.

use crate::domain::values::limits;
use crate::{
    api::http::checks::Checks,
    domain::{
        attribution::rules::{Model, Precedence, RepeatCustomers, Rules},
        conversions::fraud,
        programme::Program,
    },
    ledger::view::view,
};
use serde::Deserialize;

/// Attribution rules to set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewAttribution {
    /// How credit is shared among touches; `last_touch` if absent.
    model: Option<Model>,
    /// Days from click to conversion within which a touch may earn, unless its listing overrides it; 30 if absent.
    window_days: Option<i64>,
    /// Days in which the weight of a touch halves, for `time_decay`; 7 if absent.
    half_life_days: Option<i64>,
    /// What wins if a coupon was used and a link was clicked; `coupon_first` if absent.
    precedence: Option<Precedence>,
    /// What new touches of a returning customer earn; `earn` if absent.
    repeat_customers: Option<RepeatCustomers>,
}

impl NewAttribution {
    /// Checks the numbers; their pointers begin with `/attribution`.
    pub fn check(&self, checks: &mut Checks) {
        checks.range("attribution/window_days", self.window_days, limits::WINDOW_DAYS);
        checks.range("attribution/half_life_days", self.half_life_days, limits::HALF_LIFE_DAYS);
    }

    /// The rules; fields that are left out take their defaults.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            model: self.model.unwrap_or(Model::LastTouch),
            window_days: self.window_days.unwrap_or(Program::DEFAULT_WINDOW_DAYS),
            half_life_days: self.half_life_days.unwrap_or(Program::DEFAULT_HALF_LIFE_DAYS),
            precedence: self.precedence.unwrap_or_default(),
            repeat_customers: self.repeat_customers.unwrap_or_default(),
        }
    }
}

/// Rules that hold commissions for review. Fields that are left out take their defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewFraudRules {
    /// Hold what partners earn from their own purchases; `true` if absent.
    self_referral: Option<bool>,
    /// Hold leads, installs and starts of subscriptions that repeat for a customer; `true` if absent.
    duplicate_customer: Option<bool>,
    /// How many conversions an hour a partner may be credited with; more are held. Off if absent.
    velocity_per_hour: Option<i64>,
    /// Minimum seconds between a click and its conversion. Off if absent.
    min_seconds_from_click: Option<i64>,
    /// How many customers a day may use a partner's coupon without a click of the partner's. Off if absent.
    coupon_uses_per_day: Option<i64>,
}

impl NewFraudRules {
    /// Checks the numbers; their pointers begin with `/fraud`.
    pub fn check(&self, checks: &mut Checks) {
        checks.range("fraud/velocity_per_hour", self.velocity_per_hour, limits::VELOCITY_PER_HOUR);
        checks.range(
            "fraud/min_seconds_from_click",
            self.min_seconds_from_click,
            limits::MIN_SECONDS_FROM_CLICK,
        );
        checks.range("fraud/coupon_uses_per_day", self.coupon_uses_per_day, limits::COUPON_USES_PER_DAY);
    }

    /// The rules; fields that are left out take their defaults.
    #[must_use]
    pub fn rules(self) -> fraud::Rules {
        let default = fraud::Rules::default();
        fraud::Rules {
            self_referral: self.self_referral.unwrap_or(default.self_referral),
            duplicate_customer: self.duplicate_customer.unwrap_or(default.duplicate_customer),
            velocity_per_hour: self.velocity_per_hour,
            min_seconds_from_click: self.min_seconds_from_click,
            coupon_uses_per_day: self.coupon_uses_per_day,
        }
    }
}

view! {
    /// Attribution rules.
    pub struct AttributionRulesView {
        /// How credit is shared.
        model: Model,
        /// Days from click to conversion, unless the listing overrides it.
        window_days: i64,
        /// Days in which the weight of a touch halves, for `time_decay`.
        half_life_days: i64,
        /// What wins if a coupon was used and a link was clicked.
        precedence: Precedence,
        /// What new touches of a returning customer earn.
        repeat_customers: RepeatCustomers,
    }
}

impl AttributionRulesView {
    /// The rules of a programme.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let Rules { model, window_days, half_life_days, precedence, repeat_customers } = program.rules();
        Self { model, window_days, half_life_days, precedence, repeat_customers }
    }
}
