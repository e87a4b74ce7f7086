//! Rules that a programme sets besides its money: how credit is shared, and what is suspect.

use super::{body::Checks, views::view};
use crate::domain::{
    attribution::rules::{Model, Precedence, RepeatCustomers, Rules},
    conversions::fraud,
    programme::Program,
};
use json::FromJson;

/// Attribution rules to set.
#[derive(Debug, Default, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewAttribution {
    /// How credit is shared among touches; `last_touch` if absent.
    model: Option<Model>,
    /// Days from click to conversion within which a touch may earn, where its listing says nothing else; 30 if absent.
    window_days: Option<i64>,
    /// Days in which the weight of a touch halves, for `time_decay`; 7 if absent.
    half_life_days: Option<i64>,
    /// What wins where a coupon was used and a link was clicked; `coupon_first` if absent.
    precedence: Option<Precedence>,
    /// What new touches of a customer earn who has bought before; `earn` if absent.
    repeat_customers: Option<RepeatCustomers>,
}

impl NewAttribution {
    /// Checks the figures; their pointers begin with `/attribution`.
    pub fn check(&self, checks: &mut Checks) {
        checks.range("attribution/window_days", self.window_days, 1, 3650);
        checks.range("attribution/half_life_days", self.half_life_days, 1, 3650);
    }

    /// The rules, with the defaults of what is left out.
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

/// Rules of what is held. What is left out takes its default.
#[derive(Debug, Default, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewFraudRules {
    /// Hold what partners earn of their own purchases; `true` if absent.
    self_referral: Option<bool>,
    /// Hold leads, installs and subscriptions' beginnings that a customer had before; `true` if absent.
    duplicate_customer: Option<bool>,
    /// Conversions that a partner may be credited with in an hour; those beyond are held. Off if absent.
    velocity_per_hour: Option<i64>,
    /// Seconds that lie at least between a click and what it led to. Off if absent.
    min_seconds_from_click: Option<i64>,
    /// Customers a day who may use a partner's coupon without a click of the partner's. Off if absent.
    coupon_uses_per_day: Option<i64>,
}

impl NewFraudRules {
    /// Checks the figures; their pointers begin with `/fraud`.
    pub fn check(&self, checks: &mut Checks) {
        checks.range("fraud/velocity_per_hour", self.velocity_per_hour, 1, fraud::Rules::MAX_VELOCITY);
        let most = fraud::Rules::MAX_SECONDS_FROM_CLICK;
        checks.range("fraud/min_seconds_from_click", self.min_seconds_from_click, 0, most);
        checks.range("fraud/coupon_uses_per_day", self.coupon_uses_per_day, 1, fraud::Rules::MAX_COUPON_USES);
    }

    /// The rules, with the defaults of what is left out.
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
        /// Days from click to conversion, where the listing says nothing else.
        window_days: i64,
        /// Days in which the weight of a touch halves, for `time_decay`.
        half_life_days: i64,
        /// What wins where a coupon was used and a link was clicked.
        precedence: Precedence,
        /// What new touches of a customer earn who has bought before.
        repeat_customers: RepeatCustomers,
    }
}
