//! The programme's terms.

use crate::domain::values::limits;
use crate::{
    api::{
        http::{
            body,
            call::Call,
            checks::Checks,
            failure::Failure,
            message::Response,
            problems::{Code, Problem},
        },
        programme::{
            rules::{AttributionRulesView, NewAttribution, NewFraudRules},
            term_checks,
            tokens::origins,
        },
    },
    domain::{
        conversions::fraud,
        event::EventType,
        money::Currency,
        payouts::{
            iban::mask,
            payer::{Address, Payer},
        },
        programme::{
            Program,
            agreement::{JointProduct, Referral, Territory},
            cookies::CookiePolicy,
            is_click_param,
            origin::Origin,
            plan::Plan,
        },
    },
    ledger::{payer, terms, view::view},
    store::{SqlError, books::accounts, conversions, log::change::Change},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

/// Terms to set. Fields that are left out take their defaults. Fields without a default keep their value: name, currency,
/// time zone, contact, plans, territories, joint products, referral and payer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewProgramme {
    /// Display name.
    name: Option<String>,
    /// ISO 4217 currency; fixed once money has moved.
    currency: Option<String>,
    /// Where visitors go whose link does not lead to a listing, or no longer does.
    landing_url: Option<String>,
    /// Attribution rules.
    attribution: Option<NewAttribution>,
    /// Days from conversion until its commission may be paid; 30 if absent.
    hold_days: Option<i64>,
    /// Query parameter that carries the click id; `sp_click` if absent.
    click_param: Option<String>,
    /// Which visitors get a cookie; `consent_regions` if absent.
    cookies: Option<CookiePolicy>,
    /// Whether partners see the customer ids and the metadata of their conversions; `false` if absent.
    partners_see_customers: Option<bool>,
    /// The origins of web pages that may call the API from a browser; none if absent.
    cors_origins: Option<Vec<String>>,
    /// Where mail about the programme goes, and where partners write to with questions; `null` = not set.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    contact_email: Option<Option<String>>,
    /// Days after which an event is kept only in the log in KV, from which `/v1/events`, replays and exports read it; 30 if absent.
    event_retention_days: Option<i64>,
    /// Commission in basis points; 2000 if absent.
    commission_bp: Option<i64>,
    /// Who pays; payment files need it. `null` = not set.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    payer: Option<Option<NewPayer>>,
    /// The version that you have read; the request is refused if the terms were set again since.
    version: Option<i64>,
    /// IANA time zone of the months and quarters of the terms.
    timezone: Option<String>,
    /// What credited partners earn: all plans. Plans in force must be among them, and may only be given an end.
    plans: Option<Vec<Plan>>,
    /// Regions that belong to a partner: all of them, under the rule of `plans`.
    territories: Option<Vec<Territory>>,
    /// Products whose revenue a partner shares: all of them, under the rule of `plans`.
    joint_products: Option<Vec<JointProduct>>,
    /// What partners earn who refer partners; `null` = nothing.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    referral: Option<Option<Referral>>,
    /// What is held for review by an operator.
    fraud: Option<NewFraudRules>,
    /// Part of a response, which can be sent back unchanged; ignored.
    #[serde(default, rename = "defaulted")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(skip))]
    _defaulted: IgnoredAny,
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
        /// Which visitors get a cookie.
        cookies: CookiePolicy,
        /// Whether partners see the customer ids and the metadata of their conversions.
        partners_see_customers: bool,
        /// The origins of web pages that may call the API from a browser.
        cors_origins: Vec<Origin>,
        /// Where mail about the programme goes, and where partners write to with questions.
        contact_email: Option<String>,
        /// Days after which an event is kept only in the log in KV.
        event_retention_days: i64,
        /// Commission in basis points.
        commission_bp: i64,
        /// How often the terms were set.
        version: i64,
        /// IANA time zone of the months and quarters of the terms.
        timezone: String,
        /// What credited partners earn.
        plans: Vec<Plan>,
        /// Regions that belong to a partner.
        territories: Vec<Territory>,
        /// Products whose revenue a partner shares.
        joint_products: Vec<JointProduct>,
        /// What partners earn who refer partners.
        referral: Option<Referral>,
        /// What is held for review by an operator; `null` = that rule is off.
        fraud: fraud::Rules,
        /// Who pays.
        payer: Option<Payer>,
        /// The fields that a `PUT` left out and that therefore went back to their defaults; absent in other responses.
        #[serde(skip_serializing_if = "Option::is_none")]
        defaulted: Option<Vec<&'static str>>,
    }
}

fn show(program: &Program) -> ProgrammeView {
    ProgrammeView {
        name: program.name.clone(),
        currency: program.currency,
        landing_url: program.landing_url.clone(),
        attribution: AttributionRulesView::of(program),
        hold_days: program.hold_days,
        click_param: program.click_param.clone(),
        cookies: program.cookies,
        partners_see_customers: program.partners_see_customers,
        cors_origins: program.cors_origins.clone(),
        contact_email: program.contact_email.clone(),
        event_retention_days: program.event_retention_days,
        commission_bp: program.commission_bp,
        version: program.version,
        timezone: program.zone().to_owned(),
        plans: program.plans.clone(),
        territories: program.territories.clone(),
        joint_products: program.joint_products.clone(),
        referral: program.referral.clone(),
        fraud: program.fraud.clone(),
        payer: program.payer.clone(),
        defaulted: None,
    }
}

/// `GET /v1/program`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(&terms::current(call.tx)?))
}

/// Who pays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewPayer {
    /// Legal name, as the bank knows it, 1 to 70 characters.
    legal_name: String,
    /// The account that payouts are debited from (ISO 13616), in SEPA. It is stored encrypted, and responses show its last
    /// characters only. If absent, or as a response shows it, the account stays.
    iban: Option<String>,
    /// Its bank (ISO 9362), if the bank requires it.
    bic: Option<String>,
    /// Address.
    address: Option<Address>,
    /// Tax number or VAT id; statements show it.
    tax_id: Option<String>,
}

/// What becomes of the payer's account.
enum Account {
    /// It stays.
    Kept,
    /// It is replaced by this IBAN.
    Set(String),
    /// There is none any more.
    Deleted,
}

/// Checks the account of a new payer. `old` is the payer in force.
fn checked_account(checks: &mut Checks, iban: Option<String>, old: Option<&Payer>) -> Option<String> {
    let old = old.map(|old| old.masked_iban.as_str());
    match iban {
        None if old.is_none() => {
            checks.refuse(Code::MissingField, "payer/iban", "This field is required.");
            None
        }
        None => None,
        Some(iban) if Some(iban.as_str()) == old => None,
        Some(iban) => {
            let iban = checks.iban("payer/iban", Some(&iban));
            checks.sepa_account("payer/iban", iban.as_deref());
            iban
        }
    }
}

/// Checks the payer, and returns it with what becomes of its account.
fn checked_payer(
    checks: &mut Checks,
    payer: Option<NewPayer>,
    old: Option<&Payer>,
) -> (Option<Payer>, Account) {
    let Some(payer) = payer else { return (None, Account::Deleted) };
    checks.text("payer/legal_name", Some(&payer.legal_name), limits::LEGAL_NAME);
    checks.address("payer/address", payer.address.as_ref());
    checks.text("payer/tax_id", payer.tax_id.as_deref(), limits::TAX_ID);
    let iban = checked_account(checks, payer.iban, old);
    let bic = checks.bic("payer/bic", payer.bic.as_deref());
    if limits::LEGAL_NAME.check(&payer.legal_name).is_ok() {
        checks.sepa_party(("payer/legal_name", &payer.legal_name), "payer/address", payer.address.as_ref());
    }
    let kept = old.map(|old| old.masked_iban.clone()).unwrap_or_default();
    let payer = Payer {
        legal_name: payer.legal_name,
        masked_iban: iban.as_deref().map_or(kept, mask),
        bic,
        address: payer.address,
        tax_id: payer.tax_id,
    };
    (Some(payer), iban.map_or(Account::Kept, Account::Set))
}

/// Stores what becomes of the payer's account.
fn store_account(call: &Call<'_>, account: Account) -> Result<(), SqlError> {
    match account {
        Account::Kept => Ok(()),
        Account::Set(iban) => call
            .tx
            .with_entropy(|entropy| payer::set_account(call.tx.sql, &call.tx.config.sealer, entropy, &iban)),
        Account::Deleted => payer::delete_account(call.tx.sql),
    }
}

/// Checks the fields of a request other than the payer, and returns its currency.
fn check_fields(checks: &mut Checks, body: &NewProgramme, old: &Program) -> Currency {
    checks.text("name", body.name.as_deref(), limits::NAME);
    let currency = checks.currency("currency", body.currency.as_deref()).unwrap_or(old.currency);
    checks.url("landing_url", body.landing_url.as_deref());
    checks.email("contact_email", body.contact_email.as_ref().and_then(Option::as_deref));
    origins(checks, "cors_origins", body.cors_origins.as_deref().unwrap_or_default());
    if let Some(attribution) = &body.attribution {
        attribution.check(checks);
    }
    checks.range("version", body.version, limits::VERSION);
    checks.range("hold_days", body.hold_days, limits::HOLD_DAYS);
    checks.range("event_retention_days", body.event_retention_days, limits::EVENT_RETENTION_DAYS);
    checks.range("commission_bp", body.commission_bp, limits::COMMISSION_BP);
    if let Some(fraud) = &body.fraud {
        fraud.check(checks);
    }
    if body.click_param.as_deref().is_some_and(|text| !is_click_param(text)) {
        let detail = "Expected a letter, then up to 31 letters, digits, hyphens or underscores.";
        checks.refuse(Code::InvalidText, "click_param", detail);
    }
    currency
}

/// The terms that a request sets.
fn terms_of(body: NewProgramme, old: &Program, currency: Currency, payer: Option<Payer>) -> Program {
    let rules = body.attribution.unwrap_or_default().rules();
    Program {
        name: body.name.unwrap_or_else(|| old.name.clone()),
        currency,
        landing_url: body.landing_url,
        model: rules.model,
        window_days: rules.window_days,
        hold_days: body.hold_days.unwrap_or(Program::DEFAULT_HOLD_DAYS),
        click_param: body.click_param.unwrap_or_else(|| Program::DEFAULT_CLICK_PARAM.to_owned()),
        event_retention_days: body.event_retention_days.unwrap_or(Program::DEFAULT_EVENT_RETENTION_DAYS),
        commission_bp: body.commission_bp.unwrap_or(Program::DEFAULT_COMMISSION_BP),
        version: old.version.saturating_add(1),
        timezone: body.timezone.or_else(|| old.timezone.clone()),
        counted_from: old.counted_from,
        plans: body.plans.unwrap_or_else(|| old.plans.clone()),
        territories: body.territories.unwrap_or_else(|| old.territories.clone()),
        joint_products: body.joint_products.unwrap_or_else(|| old.joint_products.clone()),
        referral: body.referral.unwrap_or_else(|| old.referral.clone()),
        fraud: body.fraud.unwrap_or_default().rules(),
        half_life_days: Some(rules.half_life_days),
        precedence: rules.precedence,
        repeat_customers: rules.repeat_customers,
        cookies: body.cookies.unwrap_or_default(),
        partners_see_customers: body.partners_see_customers.unwrap_or_default(),
        // They are checked already.
        cors_origins: body
            .cors_origins
            .unwrap_or_default()
            .iter()
            .filter_map(|text| Origin::parse(text))
            .collect(),
        contact_email: body.contact_email.unwrap_or_else(|| old.contact_email.clone()),
        payer,
    }
}

/// Checks new terms against those in force: `version` is the version that the caller has read.
fn check_change(
    call: &Call<'_>,
    old: &Program,
    program: &Program,
    version: Option<i64>,
) -> Result<(), Problem> {
    if let Some(version) = version.filter(|version| *version != old.version) {
        let detail =
            format!("You have read version {version}, version {} is in force: read it again.", old.version);
        return Err(Problem::field(Code::ProgramChanged, "/version", detail));
    }
    term_checks::keep_terms_in_force(old, program, call.tx.now)?;
    if program.currency != old.currency && accounts::has_transfers(call.tx.sql)? {
        let detail =
            format!("Money has moved in {}; start another programme for another currency.", old.currency);
        return Err(Problem::field(Code::CurrencyFixed, "/currency", detail));
    }
    Ok(())
}

/// Applies a JSON Merge Patch (RFC 7396): members replace members, and `null` removes one.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(&name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Fields that a patch clears with `null` and that have no default to return to.
const WITHOUT_DEFAULT: [&str; 2] = ["payer", "referral"];

/// `PATCH /v1/program`
pub fn patch(call: &Call<'_>) -> Result<Response, Failure> {
    let patch: Map<String, Value> = call.body()?;
    let old = terms::current(call.tx)?;
    let mut merged = serde_json::to_value(show(&old)).map_err(|error| SqlError::Engine(error.to_string()))?;
    // These have no default: left out of the whole terms they would stay, and `null` there means "none".
    let (cleared, changed): (Map<_, _>, Map<_, _>) = patch
        .into_iter()
        .partition(|(name, value)| value.is_null() && WITHOUT_DEFAULT.contains(&name.as_str()));
    merge(&mut merged, Value::Object(changed));
    if let Some(merged) = merged.as_object_mut() {
        merged.extend(cleared);
    }
    set(call, body::parse(merged.to_string().as_bytes())?, &old, Answer::Terms)
}

/// `PUT /v1/program`
pub fn put(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewProgramme = call.body()?;
    let old = terms::current(call.tx)?;
    set(call, body, &old, Answer::TermsAndDefaults)
}

/// What the answer to new terms contains.
#[derive(PartialEq, Eq)]
enum Answer {
    /// The terms.
    Terms,
    /// The terms, and the fields that went back to their defaults.
    TermsAndDefaults,
}

/// The fields that a request leaves out and that therefore take their defaults.
fn left_out(body: &NewProgramme) -> Vec<&'static str> {
    [
        ("landing_url", body.landing_url.is_none()),
        ("attribution", body.attribution.is_none()),
        ("hold_days", body.hold_days.is_none()),
        ("click_param", body.click_param.is_none()),
        ("cookies", body.cookies.is_none()),
        ("cors_origins", body.cors_origins.is_none()),
        ("partners_see_customers", body.partners_see_customers.is_none()),
        ("event_retention_days", body.event_retention_days.is_none()),
        ("commission_bp", body.commission_bp.is_none()),
        ("fraud", body.fraud.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, is_left_out)| is_left_out.then_some(name))
    .collect()
}

/// Of the fields that a request left out, those whose values changed.
fn defaulted(
    left_out: Vec<&'static str>,
    old: &Program,
    view: &ProgrammeView,
) -> Result<Vec<&'static str>, SqlError> {
    let json = |view: &ProgrammeView| {
        serde_json::to_value(view).map_err(|error| SqlError::Engine(error.to_string()))
    };
    let (before, after) = (json(&show(old))?, json(view)?);
    Ok(left_out.into_iter().filter(|name| before.get(name) != after.get(name)).collect())
}

/// Sets the terms.
fn set(call: &Call<'_>, mut body: NewProgramme, old: &Program, answer: Answer) -> Result<Response, Failure> {
    let left_out = left_out(&body);
    let mut checks = Checks::default();
    let currency = check_fields(&mut checks, &body, old);
    let (payer, account) = match body.payer.take() {
        Some(payer) => checked_payer(&mut checks, payer, old.payer.as_ref()),
        None => (old.payer.clone(), Account::Kept),
    };
    let version = body.version;
    let mut program = terms_of(body, old, currency, payer);
    term_checks::check(call.tx, &mut checks, &program)?;
    checks.finish()?;
    check_change(call, old, &program, version)?;
    if program.counted_from.is_none() && !program.plans.is_empty() {
        program.counted_from = Some(conversions::next_no(call.tx.sql)?);
    }
    call.tx.bump_snapshot_version()?;
    store_account(call, account)?;
    let mut view = show(&program);
    call.tx.commit(EventType::ProgramUpdated, &Change::Program(program), &view, "")?;
    if answer == Answer::TermsAndDefaults {
        view.defaulted = Some(defaulted(left_out, old, &view)?);
    }
    call.json(200, &view)
}
