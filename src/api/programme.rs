//! The programme's terms.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    payouts::details::{check_address, check_bic, check_iban},
    problem::{Code, Problem},
    views::view,
};
use crate::{
    domain::{
        event::EventType,
        money::{Currency, WHOLE_BP},
        payer::Payer,
        program::{Model, Program, is_click_param},
    },
    store::{accounts, change::Change, meta},
};
use json::FromJson;

/// Attribution rules to set.
#[derive(Debug, Default, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewAttribution {
    /// Only `last_touch` is served so far.
    model: Option<Model>,
    /// Days from click to conversion within which a touch may earn; 30 if absent.
    window_days: Option<i64>,
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
    /// Who pays; payment files need it.
    payer: Option<Payer>,
}

view! {
    /// Attribution rules.
    pub struct AttributionRulesView {
        /// How credit is shared.
        model: Model,
        /// Days from click to conversion.
        window_days: i64,
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
        /// Who pays.
        payer: Option<Payer>,
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
        payer: None,
    }
}

fn show(program: &Program) -> ProgrammeView {
    ProgrammeView {
        name: program.name.clone(),
        currency: program.currency,
        landing_url: program.landing_url.clone(),
        attribution: AttributionRulesView { model: program.model, window_days: program.window_days },
        hold_days: program.hold_days,
        click_param: program.click_param.clone(),
        commission_bp: program.commission_bp,
        payer: program.payer.clone(),
    }
}

/// `GET /v1/program`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &show(&current(call)?))
}

/// The payer with its account and bank in their electronic form.
fn checked_payer(checks: &mut Checks, payer: Option<Payer>) -> Option<Payer> {
    let payer = payer?;
    checks.text("payer/legal_name", Some(&payer.legal_name), 70);
    check_address(checks, "payer/address", payer.address.as_ref());
    checks.text("payer/tax_id", payer.tax_id.as_deref(), 50);
    let iban = check_iban(checks, "payer/iban", Some(&payer.iban)).unwrap_or_default();
    let bic = check_bic(checks, "payer/bic", payer.bic.as_deref());
    Some(Payer { iban, bic, ..payer })
}

/// `PUT /v1/program`
pub fn put(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewProgramme = call.body()?;
    let old = current(call)?;
    let mut checks = Checks::default();
    checks.text("name", body.name.as_deref(), 200);
    let currency = checks.currency("currency", body.currency.as_deref()).unwrap_or(old.currency);
    checks.url("landing_url", body.landing_url.as_deref());
    let rules = body.attribution.unwrap_or_default();
    let model = rules.model.unwrap_or(Model::LastTouch);
    if model != Model::LastTouch {
        checks.refuse(Code::UnsupportedModel, "attribution/model", "Only last_touch is served so far.");
    }
    checks.range("attribution/window_days", rules.window_days, 1, 3650);
    checks.range("hold_days", body.hold_days, 0, 3650);
    checks.range("commission_bp", body.commission_bp, 0, WHOLE_BP);
    if body.click_param.as_deref().is_some_and(|text| !is_click_param(text)) {
        let detail = "Expected a letter, then up to 31 letters, digits, hyphens or underscores.";
        checks.refuse(Code::InvalidText, "click_param", detail);
    }
    let payer = checked_payer(&mut checks, body.payer);
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
        model,
        window_days: rules.window_days.unwrap_or(Program::DEFAULT_WINDOW_DAYS),
        hold_days: body.hold_days.unwrap_or(Program::DEFAULT_HOLD_DAYS),
        click_param: body.click_param.unwrap_or_else(|| Program::DEFAULT_CLICK_PARAM.to_owned()),
        commission_bp: body.commission_bp.unwrap_or(Program::DEFAULT_COMMISSION_BP),
        payer,
    };
    call.touch_snapshot()?;
    let view = show(&program);
    call.commit(EventType::ProgramUpdated, &Change::Program(program), &view, "")?;
    call.json(200, &view)
}
