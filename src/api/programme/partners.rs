//! Partners.

use super::tokens::origins;
use crate::{
    api::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
        query::Query,
        table::Row,
    },
    domain::{
        event::EventType,
        money::Currency,
        programme::{
            origin::Origin,
            partner::{Partner, PartnerKind, PartnerStatus},
        },
        values::{id::PartnerId, limits, string_enum::Metadata, text::is_country, time::Timestamp},
    },
    ledger::view::view,
    store::{
        Sql, SqlError,
        log::change::Change,
        programme::{
            partner_words,
            partners::{self, Filter},
        },
    },
};
use serde::Deserialize;

/// A partner to add.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewPartner {
    /// Display name, 1 to 200 characters.
    name: String,
    /// Kind.
    kind: PartnerKind,
    /// Contact address.
    email: Option<String>,
    /// ISO 3166-1 alpha-2 country.
    country: Option<String>,
    /// Currency for payouts.
    currency: Option<String>,
    /// Commission in basis points; the programme's if absent.
    commission_bp: Option<i64>,
    /// Recognition level, in your own words; plans may apply to one.
    tier: Option<String>,
    /// The partner that referred this one; it earns by the programme's `referral`.
    referred_by: Option<String>,
    /// Your own id of this partner; unique.
    external_id: Option<String>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

/// Changes to a partner. An absent field stays as it is; `null` clears it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PartnerChange {
    /// Display name.
    name: Option<String>,
    /// Kind.
    kind: Option<PartnerKind>,
    /// Status. Termination is final.
    status: Option<PartnerStatus>,
    /// Contact address.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    email: Option<Option<String>>,
    /// ISO 3166-1 alpha-2 country.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    country: Option<Option<String>>,
    /// Currency for payouts.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    currency: Option<Option<String>>,
    /// Commission in basis points.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    commission_bp: Option<Option<i64>>,
    /// Recognition level.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    tier: Option<Option<String>>,
    /// The partner that referred this one.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    referred_by: Option<Option<String>>,
    /// Your own id of this partner.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    external_id: Option<Option<String>>,
    /// The origins of the partner's web pages that may call the API from a browser; replaces all of them.
    origins: Option<Vec<String>>,
    /// Free annotations; replaces all of them.
    metadata: Option<Metadata>,
}

view! {
    /// A partner.
    pub struct PartnerView {
        /// Id.
        id: PartnerId,
        /// Display name.
        name: String,
        /// Kind.
        kind: PartnerKind,
        /// Status.
        status: PartnerStatus,
        /// Contact address.
        email: Option<String>,
        /// ISO 3166-1 alpha-2 country.
        country: Option<String>,
        /// Currency for payouts.
        currency: Option<Currency>,
        /// Commission in basis points; `null` = the programme's.
        commission_bp: Option<i64>,
        /// Recognition level.
        tier: Option<String>,
        /// The partner that referred this one.
        referred_by: Option<PartnerId>,
        /// The operator's own id.
        external_id: Option<String>,
        /// The origins of the partner's web pages that may call the API from a browser.
        origins: Vec<Origin>,
        /// Free annotations.
        metadata: Metadata,
        /// When the partner was added.
        created_at: Timestamp,
        /// When the partner last changed.
        updated_at: Timestamp,
        /// When the partner was terminated.
        terminated_at: Option<Timestamp>,
    }
}

/// A partner as the caller may see it. The metadata are the programme's notes.
fn visible(call: &Call<'_>, partner: &Partner) -> PartnerView {
    let mut view = show(partner);
    if call.caller.partner.is_some() {
        view.metadata = Metadata::new();
    }
    view
}

fn show(partner: &Partner) -> PartnerView {
    PartnerView {
        id: partner.id.clone(),
        name: partner.name.clone(),
        kind: partner.kind,
        status: partner.status,
        email: partner.email.clone(),
        country: partner.country.clone(),
        currency: partner.currency,
        commission_bp: partner.commission_bp,
        tier: partner.tier.clone(),
        referred_by: partner.referred_by.clone(),
        external_id: partner.external_id.clone(),
        origins: partner.origins.clone(),
        metadata: partner.metadata.clone(),
        created_at: partner.created_at,
        updated_at: partner.updated_at,
        terminated_at: partner.terminated_at,
    }
}

/// Checks the fields that a new and a changed partner share.
fn check(checks: &mut Checks, partner: &Partner, currency: Option<&str>) -> Option<Currency> {
    checks.text("name", Some(&partner.name), limits::NAME);
    checks.email("email", partner.email.as_deref());
    checks.country("country", partner.country.as_deref());
    checks.range("commission_bp", partner.commission_bp, limits::COMMISSION_BP);
    checks.text("tier", partner.tier.as_deref(), limits::TIER);
    checks.text("external_id", partner.external_id.as_deref(), limits::EXTERNAL_ID);
    checks.metadata("metadata", Some(&partner.metadata));
    checks.currency("currency", currency)
}

/// The partner that referred `of`. Two partners cannot have referred each other.
fn referrer(
    call: &Call<'_>,
    checks: &mut Checks,
    of: &PartnerId,
    id: &str,
) -> Result<Option<PartnerId>, Problem> {
    let found = PartnerId::parse(id).map(|id| partners::by_id(call.tx.sql, &id)).transpose()?.flatten();
    match found {
        None => checks.refuse(Code::UnknownPartner, "referred_by", "There is no partner with this id."),
        Some(partner) if partner.id == *of || partner.referred_by.as_ref() == Some(of) => {
            checks.refuse(
                Code::ReferralCircle,
                "referred_by",
                "Two partners cannot have referred each other.",
            );
        }
        Some(partner) => return Ok(Some(partner.id)),
    }
    Ok(None)
}

fn external_id_free(call: &Call<'_>, partner: &Partner) -> Result<(), Problem> {
    let Some(external_id) = &partner.external_id else { return Ok(()) };
    match partners::by_external_id(call.tx.sql, external_id)? {
        Some(other) if other.no != partner.no => {
            let detail = format!("The partner {} has this external id.", other.id);
            Err(Problem::field(Code::ExternalIdTaken, "/external_id", detail))
        }
        _ => Ok(()),
    }
}

/// `POST /v1/partners`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewPartner = call.body()?;
    let no = partners::next_no(call.tx.sql)?;
    let mut partner = Partner {
        no: u32::try_from(no).map_err(|_| SqlError::Overflow("the number of partners"))?,
        id: call.tx.new_id(PartnerId::generate),
        name: body.name,
        kind: body.kind,
        status: PartnerStatus::Active,
        email: body.email,
        country: body.country,
        currency: None,
        commission_bp: body.commission_bp,
        tier: body.tier,
        referred_by: None,
        external_id: body.external_id,
        origins: Vec::new(),
        metadata: body.metadata.unwrap_or_default(),
        created_at: call.tx.now,
        updated_at: call.tx.now,
        terminated_at: None,
    };
    let mut checks = Checks::default();
    partner.currency = check(&mut checks, &partner, body.currency.as_deref());
    if let Some(id) = &body.referred_by {
        partner.referred_by = referrer(call, &mut checks, &partner.id, id)?;
    }
    checks.finish()?;
    external_id_free(call, &partner)?;
    let view = show(&partner);
    call.tx.commit(EventType::PartnerCreated, &Change::Partner(partner), &view, "")?;
    Ok(call.json(201, &view)?.with_header("location", format!("/v1/partners/{}", view.id)))
}

/// The partner that the path names, if the caller may see it.
pub fn named(call: &Call<'_>) -> Result<Partner, Problem> {
    let id = call.id(PartnerId::parse)?;
    partners::by_id(call.tx.sql, &id)?
        .filter(|partner| call.caller.sees(partner.no))
        .ok_or_else(Problem::not_found)
}

/// Most words of a search.
const MOST_WORDS: usize = 10;

/// The country that the query names.
fn country(query: &Query) -> Result<Option<String>, Problem> {
    let Some(code) = query.text("country") else { return Ok(None) };
    if is_country(code) {
        return Ok(Some(code.to_owned()));
    }
    let detail = "\"country\" must be an ISO 3166-1 alpha-2 code such as DE.";
    Err(Problem::new(Code::InvalidCountry, detail))
}

/// The words that the query searches for.
fn words(query: &Query) -> Result<Vec<String>, Problem> {
    let Some(text) = query.text("q") else { return Ok(Vec::new()) };
    let words = partner_words::words(text);
    if (1..=MOST_WORDS).contains(&words.len()) {
        return Ok(words);
    }
    let detail = format!("\"q\" must have 1 to {MOST_WORDS} words of letters or digits.");
    Err(Problem::new(Code::InvalidParameter, detail))
}

impl Row for PartnerView {
    const COLUMNS: &'static str = "id,name,kind,status,email,country,currency,commission_bp,tier,referred_by,external_id,origins,metadata,\
         created_at,updated_at,terminated_at";
}

/// `GET /v1/partners`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["status", "kind", "country", "q", "limit", "cursor", "count"])?;
    let filter = Filter {
        only: call.caller.partner,
        status: query.choice("status", PartnerStatus::ALL, PartnerStatus::as_str)?,
        kind: query.choice("kind", PartnerKind::ALL, PartnerKind::as_str)?,
        country: country(&query)?,
        words: words(&query)?,
    };
    let fetch = |sql: &dyn Sql, page| partners::list(sql, &filter, page);
    let view = |partner: &Partner| Ok(visible(call, partner));
    call.page_of(&query, "partners", fetch, |partner| i64::from(partner.no), view)
}

/// `GET /v1/partners/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &visible(call, &named(call)?))
}

/// The partner as a request changes it, with its fields checked.
fn changed(call: &Call<'_>, body: PartnerChange, old: &Partner) -> Result<Partner, Problem> {
    let mut partner = Partner {
        name: body.name.unwrap_or_else(|| old.name.clone()),
        kind: body.kind.unwrap_or(old.kind),
        status: body.status.unwrap_or(old.status),
        email: body.email.unwrap_or_else(|| old.email.clone()),
        country: body.country.unwrap_or_else(|| old.country.clone()),
        commission_bp: body.commission_bp.unwrap_or(old.commission_bp),
        tier: body.tier.unwrap_or_else(|| old.tier.clone()),
        external_id: body.external_id.unwrap_or_else(|| old.external_id.clone()),
        metadata: body.metadata.unwrap_or_else(|| old.metadata.clone()),
        updated_at: call.tx.now,
        ..old.clone()
    };
    let mut checks = Checks::default();
    let currency = body.currency.as_ref().and_then(Option::as_deref);
    let parsed = check(&mut checks, &partner, currency);
    if let Some(texts) = &body.origins {
        partner.origins = origins(&mut checks, "origins", texts);
    }
    match &body.referred_by {
        Some(Some(id)) => partner.referred_by = referrer(call, &mut checks, &partner.id, id)?,
        Some(None) => partner.referred_by = None,
        None => {}
    }
    checks.finish()?;
    if body.currency.is_some() {
        partner.currency = parsed;
    }
    Ok(partner)
}

/// `PATCH /v1/partners/{id}`
pub fn patch(call: &Call<'_>) -> Result<Response, Failure> {
    let old = named(call)?;
    let mut partner = changed(call, call.body()?, &old)?;
    if old.status == PartnerStatus::Terminated && partner.status != PartnerStatus::Terminated {
        let detail = "Termination is final; add the partner again as a new one.";
        return Err(Problem::field(Code::PartnerTerminated, "/status", detail).into());
    }
    if partner.status == PartnerStatus::Terminated {
        partner.terminated_at = old.terminated_at.or(Some(call.tx.now));
    }
    external_id_free(call, &partner)?;
    if partner.status != old.status {
        call.tx.bump_snapshot_version()?;
    }
    let view = show(&partner);
    call.tx.commit(EventType::PartnerUpdated, &Change::Partner(partner), &view, "")?;
    call.json(200, &view)
}
