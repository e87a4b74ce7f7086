//! The programme's terms.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    problem::{Code, Problem},
    views::view,
};
use crate::{
    domain::{
        attribution::Rules,
        event::EventType,
        money::{Currency, WHOLE_BP},
        program::{Model, Precedence, Program, RepeatCustomers, is_click_param},
    },
    store::{accounts, change::Change, meta},
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

/// Terms to set. What is left out takes its default; name and currency, which have none, stay.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewProgramme {
    /// Display name.
    name: Option<String>,
    /// ISO 4217 currency; fixed once money has moved.
    currency: Option<String>,
    /// Where visitors go whose link does not (or no longer) lead to a listing.
    landing_url: Option<String>,
    /// Attribution rules.
    attribution: Option<NewAttribution>,
    /// Days from conversion until its commission may be paid; 30 if absent.
    hold_days: Option<i64>,
    /// Query parameter that carries the click id; `sp_click` if absent.
    click_param: Option<String>,
    /// Commission in basis points; 2000 if absent.
    commission_bp: Option<i64>,
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

    /// The programme's terms.
    pub struct ProgrammeView {
        /// Display name.
        name: String,
        /// ISO 4217 currency.
        currency: Currency,
        /// Where visitors go whose link leads nowhere.
        landing_url: Option<String>,
        /// Attribution rules.
        attribution: AttributionRulesView,
        /// Days of hold.
        hold_days: i64,
        /// Query parameter that carries the click id.
        click_param: String,
        /// Commission in basis points.
        commission_bp: i64,
    }
}

/// The terms in force: those set, else the defaults.
pub fn current(call: &Call<'_>) -> Result<Program, Problem> {
    Ok(meta::program(call.sql)?.unwrap_or_else(default_terms))
}

/// What holds before the operator has set anything.
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
        half_life_days: None,
        precedence: Precedence::default(),
        repeat_customers: RepeatCustomers::default(),
    }
}

fn show(program: &Program) -> ProgrammeView {
    let Rules { model, window_days, half_life_days, precedence, repeat_customers } = program.rules();
    ProgrammeView {
        name: program.name.clone(),
        currency: program.currency,
        landing_url: program.landing_url.clone(),
        attribution: AttributionRulesView {
            model,
            window_days,
            half_life_days,
            precedence,
            repeat_customers,
        },
        hold_days: program.hold_days,
        click_param: program.click_param.clone(),
        commission_bp: program.commission_bp,
    }
}

/// `GET /v1/program`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &show(&current(call)?))
}

/// `PUT /v1/program`
pub fn put(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewProgramme = call.body()?;
    let old = current(call)?;
    let mut checks = Checks::default();
    checks.text("name", body.name.as_deref(), 200);
    let currency = checks.currency("currency", body.currency.as_deref()).unwrap_or(old.currency);
    checks.url("landing_url", body.landing_url.as_deref());
    let attribution = body.attribution.unwrap_or_default();
    attribution.check(&mut checks);
    let rules = attribution.rules();
    checks.range("hold_days", body.hold_days, 0, 3650);
    checks.range("commission_bp", body.commission_bp, 0, WHOLE_BP);
    if body.click_param.as_deref().is_some_and(|text| !is_click_param(text)) {
        let detail = "Expected a letter, then up to 31 letters, digits, hyphens or underscores.";
        checks.refuse(Code::InvalidText, "click_param", detail);
    }
    checks.finish()?;
    if currency != old.currency && accounts::has_moved(call.sql)? {
        let detail =
            format!("Money has moved in {}; start another programme for another currency.", old.currency);
        return Err(Problem::field(Code::CurrencyFixed, "/currency", detail));
    }
    let program = Program {
        name: body.name.unwrap_or(old.name),
        currency,
        landing_url: body.landing_url,
        model: rules.model,
        window_days: rules.window_days,
        hold_days: body.hold_days.unwrap_or(Program::DEFAULT_HOLD_DAYS),
        click_param: body.click_param.unwrap_or_else(|| Program::DEFAULT_CLICK_PARAM.to_owned()),
        commission_bp: body.commission_bp.unwrap_or(Program::DEFAULT_COMMISSION_BP),
        half_life_days: Some(rules.half_life_days),
        precedence: rules.precedence,
        repeat_customers: rules.repeat_customers,
    };
    call.touch_snapshot()?;
    let view = show(&program);
    call.commit(EventType::ProgramUpdated, &Change::Program(program), &view, "")?;
    call.json(200, &view)
}
