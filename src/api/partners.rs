//! Partners.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    problem::{Code, Problem},
    views,
};
use crate::{
    domain::{
        event::EventType,
        money::{Currency, WHOLE_BP},
        programme::partner::{Partner, PartnerKind, PartnerStatus},
        values::{id::PartnerId, string_enum::Metadata},
    },
    store::{log::change::Change, programme::partners},
};
use json::FromJson;

/// A partner to add.
#[derive(Debug, FromJson)]
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
    /// Recognition level, in your own words: plans may be for one.
    tier: Option<String>,
    /// The partner that brought this one: it earns by the programme's `referral`.
    referred_by: Option<String>,
    /// Your own id of this partner; unique.
    external_id: Option<String>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

/// What to change of a partner: absent leaves as is, `null` clears.
#[derive(Debug, FromJson)]
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
    #[json(present)]
    email: Option<Option<String>>,
    /// ISO 3166-1 alpha-2 country.
    #[json(present)]
    country: Option<Option<String>>,
    /// Currency for payouts.
    #[json(present)]
    currency: Option<Option<String>>,
    /// Commission in basis points.
    #[json(present)]
    commission_bp: Option<Option<i64>>,
    /// Recognition level.
    #[json(present)]
    tier: Option<Option<String>>,
    /// The partner that brought this one.
    #[json(present)]
    referred_by: Option<Option<String>>,
    /// Your own id of this partner.
    #[json(present)]
    external_id: Option<Option<String>>,
    /// Free annotations; replaces all of them.
    metadata: Option<Metadata>,
}

/// Checks the fields that a new and a changed partner share.
fn check(checks: &mut Checks, partner: &Partner, currency: Option<&str>) -> Option<Currency> {
    checks.text("name", Some(&partner.name), 200);
    checks.email("email", partner.email.as_deref());
    checks.country("country", partner.country.as_deref());
    checks.range("commission_bp", partner.commission_bp, 0, WHOLE_BP);
    checks.text("tier", partner.tier.as_deref(), 40);
    checks.text("external_id", partner.external_id.as_deref(), 255);
    checks.metadata("metadata", Some(&partner.metadata));
    checks.currency("currency", currency)
}

/// The partner that brought another one. Two cannot have brought each other.
fn referrer(
    call: &Call<'_>,
    checks: &mut Checks,
    of: &PartnerId,
    id: &str,
) -> Result<Option<PartnerId>, Problem> {
    let found = PartnerId::parse(id).map(|id| partners::by_id(call.sql, &id)).transpose()?.flatten();
    match found {
        None => checks.refuse(Code::UnknownPartner, "referred_by", "There is no partner with this id."),
        Some(partner) if partner.id == *of || partner.referred_by.as_ref() == Some(of) => {
            checks.refuse(
                Code::ReferralCircle,
                "referred_by",
                "A partner cannot have brought the one who brought it.",
            );
        }
        Some(partner) => return Ok(Some(partner.id)),
    }
    Ok(None)
}

fn external_id_free(call: &Call<'_>, partner: &Partner) -> Result<(), Problem> {
    let Some(external_id) = &partner.external_id else { return Ok(()) };
    match partners::by_external_id(call.sql, external_id)? {
        Some(other) if other.no != partner.no => {
            let detail = format!("The partner {} has this external id.", other.id);
            Err(Problem::field(Code::ExternalIdTaken, "/external_id", detail))
        }
        _ => Ok(()),
    }
}

/// `POST /v1/partners`
pub fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewPartner = call.body()?;
    let no = partners::next_no(call.sql)?;
    let mut partner = Partner {
        no: u32::try_from(no).map_err(|_| crate::store::SqlError::Overflow("the number of partners"))?,
        id: call.new_id(PartnerId::generate),
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
        metadata: body.metadata.unwrap_or_default(),
        created_at: call.now,
        updated_at: call.now,
        terminated_at: None,
    };
    let mut checks = Checks::default();
    partner.currency = check(&mut checks, &partner, body.currency.as_deref());
    if let Some(id) = &body.referred_by {
        partner.referred_by = referrer(call, &mut checks, &partner.id, id)?;
    }
    checks.finish()?;
    external_id_free(call, &partner)?;
    let view = views::partner(&partner);
    call.commit(EventType::PartnerCreated, &Change::Partner(partner), &view, "")?;
    Ok(call.json(201, &view)?.with_header("location", format!("/v1/partners/{}", view.id)))
}

/// The partner that the path names, if the caller may see it.
pub fn named(call: &Call<'_>) -> Result<Partner, Problem> {
    let id = call.id(PartnerId::parse)?;
    partners::by_id(call.sql, &id)?
        .filter(|partner| call.caller.sees(partner.no))
        .ok_or_else(Problem::not_found)
}

/// `GET /v1/partners`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let fetch = |page| partners::list(call.sql, call.caller.partner, page);
    call.page("partners", fetch, |partner| i64::from(partner.no), |partner| Ok(views::partner(partner)))
}

/// `GET /v1/partners/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &views::partner(&named(call)?))
}

/// `PATCH /v1/partners/{id}`
pub fn patch(call: &Call<'_>) -> Result<Response, Problem> {
    let old = named(call)?;
    let body: PartnerChange = call.body()?;
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
        updated_at: call.now,
        ..old.clone()
    };
    let mut checks = Checks::default();
    let currency = body.currency.as_ref().and_then(Option::as_deref);
    let parsed = check(&mut checks, &partner, currency);
    match &body.referred_by {
        Some(Some(id)) => partner.referred_by = referrer(call, &mut checks, &partner.id, id)?,
        Some(None) => partner.referred_by = None,
        None => {}
    }
    checks.finish()?;
    if body.currency.is_some() {
        partner.currency = parsed;
    }
    if old.status == PartnerStatus::Terminated && partner.status != PartnerStatus::Terminated {
        let detail = "Termination is final; add the partner anew to work together again.";
        return Err(Problem::field(Code::PartnerTerminated, "/status", detail));
    }
    if partner.status == PartnerStatus::Terminated {
        partner.terminated_at = old.terminated_at.or(Some(call.now));
    }
    external_id_free(call, &partner)?;
    if partner.status != old.status {
        call.touch_snapshot()?;
    }
    let view = views::partner(&partner);
    call.commit(EventType::PartnerUpdated, &Change::Partner(partner), &view, "")?;
    call.json(200, &view)
}
