//! The programme's terms.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    payouts::details::{check_address, check_bic, check_iban},
    problem::{Code, Problem},
    rules::{AttributionRulesView, NewAttribution, NewFraudRules},
    terms,
    views::view,
};
use crate::{
    domain::{
        attribution::rules::{Model, Precedence, RepeatCustomers, Rules},
        conversions::fraud,
        event::EventType,
        money::{Currency, WHOLE_BP},
        payouts::payer::Payer,
        programme::{
            Program,
            agreement::{JointProduct, Referral, Territory},
            is_click_param,
            plan::Plan,
        },
    },
    store::{books::accounts, conversions, log::change::Change, meta},
};
use json::FromJson;

/// Terms to set. What is left out takes its default; what has none stays: name and currency, and the terms of money
/// (time zone, plans, territories, joint products, referral, payer).
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
    /// Who pays, which payment files need; `null` = not set.
    #[json(present)]
    payer: Option<Option<Payer>>,
    /// The version that you have read: refused if the terms were set again since.
    version: Option<i64>,
    /// IANA zone of the months and quarters by which terms count.
    timezone: Option<String>,
    /// What credited partners earn; all of them. Those that have begun must be there, and may only be given an end.
    plans: Option<Vec<Plan>>,
    /// Regions that belong to a partner; all of them, as plans.
    territories: Option<Vec<Territory>>,
    /// Products whose revenue a partner shares; all of them, as plans.
    joint_products: Option<Vec<JointProduct>>,
    /// What those earn who bring partners; `null` = nothing.
    #[json(present)]
    referral: Option<Option<Referral>>,
    /// What is held until an operator has looked at it.
    fraud: Option<NewFraudRules>,
}

view! {
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
        /// How often the terms were set.
        version: i64,
        /// IANA zone of the months and quarters by which terms count.
        timezone: String,
        /// What credited partners earn.
        plans: Vec<Plan>,
        /// Regions that belong to a partner.
        territories: Vec<Territory>,
        /// Products whose revenue a partner shares.
        joint_products: Vec<JointProduct>,
        /// What those earn who bring partners.
        referral: Option<Referral>,
        /// What is held until an operator has looked at it; `null` = that rule is off.
        fraud: fraud::Rules,
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
        payer: None,
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
        version: program.version,
        timezone: program.timezone.clone().unwrap_or_else(|| Program::DEFAULT_TIMEZONE.to_owned()),
        plans: program.plans.clone(),
        territories: program.territories.clone(),
        joint_products: program.joint_products.clone(),
        referral: program.referral.clone(),
        fraud: program.fraud.clone(),
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
    let attribution = body.attribution.unwrap_or_default();
    attribution.check(&mut checks);
    let rules = attribution.rules();
    checks.range("version", body.version, 0, i64::MAX);
    checks.range("hold_days", body.hold_days, 0, 3650);
    checks.range("commission_bp", body.commission_bp, 0, WHOLE_BP);
    let fraud = body.fraud.unwrap_or_default();
    fraud.check(&mut checks);
    if body.click_param.as_deref().is_some_and(|text| !is_click_param(text)) {
        let detail = "Expected a letter, then up to 31 letters, digits, hyphens or underscores.";
        checks.refuse(Code::InvalidText, "click_param", detail);
    }
    let payer = match body.payer {
        Some(payer) => checked_payer(&mut checks, payer),
        None => old.payer.clone(),
    };
    let mut program = Program {
        name: body.name.unwrap_or_else(|| old.name.clone()),
        currency,
        landing_url: body.landing_url,
        model: rules.model,
        window_days: rules.window_days,
        hold_days: body.hold_days.unwrap_or(Program::DEFAULT_HOLD_DAYS),
        click_param: body.click_param.unwrap_or_else(|| Program::DEFAULT_CLICK_PARAM.to_owned()),
        commission_bp: body.commission_bp.unwrap_or(Program::DEFAULT_COMMISSION_BP),
        version: old.version.saturating_add(1),
        timezone: body.timezone.or_else(|| old.timezone.clone()),
        counted_from: old.counted_from,
        plans: body.plans.unwrap_or_else(|| old.plans.clone()),
        territories: body.territories.unwrap_or_else(|| old.territories.clone()),
        joint_products: body.joint_products.unwrap_or_else(|| old.joint_products.clone()),
        referral: body.referral.unwrap_or_else(|| old.referral.clone()),
        fraud: fraud.rules(),
        half_life_days: Some(rules.half_life_days),
        precedence: rules.precedence,
        repeat_customers: rules.repeat_customers,
        payer,
    };
    terms::check(call, &mut checks, &program)?;
    checks.finish()?;
    if let Some(version) = body.version.filter(|version| *version != old.version) {
        let detail =
            format!("You have read version {version}, version {} is in force: read it again.", old.version);
        return Err(Problem::field(Code::ProgramChanged, "/version", detail));
    }
    terms::keep_what_has_begun(&old, &program, call.now)?;
    if currency != old.currency && accounts::has_moved(call.sql)? {
        let detail =
            format!("Money has moved in {}; start another programme for another currency.", old.currency);
        return Err(Problem::field(Code::CurrencyFixed, "/currency", detail));
    }
    if program.counted_from.is_none() && !program.plans.is_empty() {
        program.counted_from = Some(conversions::next_no(call.sql)?);
    }
    call.touch_snapshot()?;
    let view = show(&program);
    call.commit(EventType::ProgramUpdated, &Change::Program(program), &view, "")?;
    call.json(200, &view)
}
