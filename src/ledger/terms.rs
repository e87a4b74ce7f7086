//! The programme's terms in force.

use super::tx::Tx;
use crate::{
    domain::{
        attribution::rules::{Model, Precedence, RepeatCustomers},
        conversions::fraud,
        money::Currency,
        programme::{Program, cookies::CookiePolicy},
    },
    store::{SqlError, meta},
};

/// The terms in force: those that were set, else the defaults.
pub fn current(tx: &Tx<'_>) -> Result<Program, SqlError> {
    Ok(meta::program(tx.sql)?.unwrap_or_else(default_terms))
}

/// The terms that apply before the operator has set any.
#[must_use]
pub fn default_terms() -> Program {
    Program {
        name: "Partner programme".to_owned(),
        currency: Currency::EUR,
        landing_url: None,
        model: Model::LastTouch,
        window_days: Program::DEFAULT_WINDOW_DAYS,
        hold_days: Program::DEFAULT_HOLD_DAYS,
        click_param: Program::DEFAULT_CLICK_PARAM.to_owned(),
        commission_bp: Program::DEFAULT_COMMISSION_BP,
        version: 0,
        timezone: None,
        counted_from: None,
        plans: Vec::new(),
        territories: Vec::new(),
        joint_products: Vec::new(),
        referral: None,
        fraud: fraud::Rules::default(),
        half_life_days: None,
        precedence: Precedence::default(),
        repeat_customers: RepeatCustomers::default(),
        cookies: CookiePolicy::default(),
        partners_see_customers: false,
        cors_origins: Vec::new(),
        contact_email: None,
        event_retention_days: Program::DEFAULT_EVENT_RETENTION_DAYS,
        payer: None,
    }
}
