//! The choices that a programme makes about attribution.

use crate::values::string_enum::string_enum;

string_enum! {
    /// How credit is shared among touches.
    Model {
        /// The newest touch earns all.
        LastTouch = "last_touch";
        /// The oldest touch earns all.
        FirstTouch = "first_touch";
        /// All touches earn the same.
        Linear = "linear";
        /// The first and the last earn 40 % each, those between share 20 %; two touches earn half each.
        Position = "position";
        /// A touch weighs half as much for every half-life that lies between it and the conversion.
        TimeDecay = "time_decay";
    }
}

string_enum! {
    /// What wins where a coupon was used and a link was clicked.
    #[derive(Default)]
    Precedence {
        /// A coupon beats every click of before it was used.
        #[default]
        CouponFirst = "coupon_first";
        /// A click beats every coupon.
        ClickFirst = "click_first";
    }
}

string_enum! {
    /// What new touches of a customer earn who has bought before.
    #[derive(Default)]
    RepeatCustomers {
        /// As those of a new customer.
        #[default]
        Earn = "earn";
        /// Nothing; what was bound to the customer before still earns.
        Ignore = "ignore";
    }
}

/// The rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How credit is shared.
    pub model: Model,
    /// Days from click to conversion, where the listing has no window of its own.
    pub window_days: i64,
    /// Days in which the weight of a touch halves, for time decay.
    pub half_life_days: i64,
    /// What wins where a coupon was used and a link was clicked.
    pub precedence: Precedence,
    /// What new touches of a customer earn who has bought before.
    pub repeat_customers: RepeatCustomers,
}
