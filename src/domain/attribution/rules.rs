//! The attribution settings of a programme.

use crate::values::string_enum::string_enum;

string_enum! {
    /// How credit is shared among touches.
    Model {
        /// The newest touch gets all the credit.
        LastTouch = "last_touch";
        /// The oldest touch gets all the credit.
        FirstTouch = "first_touch";
        /// All touches get equal credit.
        Linear = "linear";
        /// The first and the last touch get 40 % each, and those in between share 20 %; two touches get half each.
        Position = "position";
        /// The credit of a touch halves with every half-life between it and the conversion.
        TimeDecay = "time_decay";
    }
}

string_enum! {
    /// Whether coupons or clicks take precedence.
    #[derive(Default)]
    Precedence {
        /// A coupon takes precedence over every click made before it was used.
        #[default]
        CouponFirst = "coupon_first";
        /// A click takes precedence over every coupon.
        ClickFirst = "click_first";
    }
}

string_enum! {
    /// Whether new touches of a customer who has bought before may earn.
    #[derive(Default)]
    RepeatCustomers {
        /// They earn like those of a new customer.
        #[default]
        Earn = "earn";
        /// They earn nothing; touches bound to the customer earlier still earn.
        Ignore = "ignore";
    }
}

/// The rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How credit is shared.
    pub model: Model,
    /// The number of days from click to conversion, for listings without their own window.
    pub window_days: i64,
    /// The half-life of a touch's weight in days, for the time-decay model.
    pub half_life_days: i64,
    /// Whether coupons or clicks take precedence.
    pub precedence: Precedence,
    /// Whether new touches of a customer who has bought before may earn.
    pub repeat_customers: RepeatCustomers,
}
