//! API keys.

use super::tokens::origins;
use crate::{
    api::http::{
        body,
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
        table::Row,
    },
    domain::{
        event::EventType,
        programme::{key::Scope, origin::Origin},
        values::{
            digest::sha256_hex,
            id::{KeyId, PartnerId},
            limits,
            time::Timestamp,
        },
    },
    ledger::view::view,
    store::{
        Sql, SqlError,
        programme::{
            keys::{self, ApiKey},
            partners,
        },
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// A key to create.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewKey {
    /// Display name.
    name: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// Restricts the key to this partner's data.
    partner_id: Option<String>,
    /// Whether web pages may contain the key; `false` if absent. It works for pages of `origins` only, and may only read one
    /// partner's data or report leads.
    publishable: Option<bool>,
    /// The origins of the pages that contain a publishable key.
    origins: Option<Vec<String>>,
}

view! {
    /// An API key, without the key itself.
    pub struct KeyView {
        /// Id.
        id: KeyId,
        /// Display name.
        name: String,
        /// What it may do.
        scopes: Vec<Scope>,
        /// It sees only this partner's data.
        partner_id: Option<PartnerId>,
        /// Whether web pages may contain it.
        publishable: bool,
        /// The origins of the pages that may use it; empty if it is secret.
        origins: Vec<Origin>,
        /// The key that made it, or `operator`; `null` if it was made before this was recorded.
        created_by: Option<String>,
        /// When it was created.
        created_at: Timestamp,
    }
}

/// A key that was created just now.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct MadeKey {
    /// The key, shown once: a replay of the response leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(flatten)]
    view: KeyView,
}

fn show(call: &Call<'_>, key: &ApiKey) -> Result<KeyView, SqlError> {
    let partner = key.partner_no.map(|no| partners::by_no(call.tx.sql, no)).transpose()?.flatten();
    Ok(KeyView {
        id: key.id.clone(),
        name: key.name.clone(),
        scopes: key.scopes.clone(),
        partner_id: partner.map(|partner| partner.id),
        publishable: key.origins.is_some(),
        origins: key.origins.clone().unwrap_or_default(),
        created_by: key.created_by.clone(),
        created_at: key.created_at,
    })
}

/// The origins of a key to create, if it is publishable. What such a key may do can be done by anybody who visits the page.
fn origins_of(checks: &mut Checks, body: &NewKey) -> Option<Vec<Origin>> {
    let texts = body.origins.as_deref().unwrap_or_default();
    let origins = origins(checks, "origins", texts);
    if !body.publishable.unwrap_or(false) {
        if !texts.is_empty() {
            checks.refuse(Code::PublishableKey, "origins", "Only a publishable key has origins.");
        }
        if body.scopes.contains(&Scope::LeadsReport) {
            checks.refuse(Code::PublishableKey, "scopes", "leads:report is for publishable keys only.");
        }
        return None;
    }
    if texts.is_empty() {
        checks.refuse(Code::PublishableKey, "origins", "A publishable key needs the origins of its pages.");
    }
    let detail = match (body.scopes.as_slice(), body.partner_id.is_some()) {
        ([Scope::Read], true) | ([Scope::LeadsReport], false) => return Some(origins),
        ([Scope::Read], false) => {
            "A publishable key that reads shows its data to every visitor: name the \"partner_id\"."
        }
        ([Scope::LeadsReport], true) => "Leads are reported to the programme: leave out \"partner_id\".",
        _ => "A publishable key has the scope read or leads:report.",
    };
    checks.refuse(Code::PublishableKey, "scopes", detail);
    Some(origins)
}

/// `POST /v1/keys`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewKey = call.body()?;
    let mut checks = Checks::default();
    checks.text("name", Some(&body.name), limits::NAME);
    if body.scopes.is_empty() {
        checks.refuse(Code::InvalidValue, "scopes", "Name at least one scope.");
    }
    let partner = match body.partner_id.as_deref().map(PartnerId::parse) {
        Some(Some(id)) => partners::by_id(call.tx.sql, &id)?,
        Some(None) | None => None,
    };
    if body.partner_id.is_some() && partner.is_none() {
        checks.refuse(Code::UnknownPartner, "partner_id", "There is no partner with this id.");
    }
    let origins = origins_of(&mut checks, &body);
    checks.finish()?;
    // In the order of the enum, each scope once.
    let scopes = Scope::ALL.iter().copied().filter(|scope| body.scopes.contains(scope)).collect();
    let mut secret = [0; 32];
    call.tx.with_entropy(|entropy| entropy.fill(&mut secret));
    let prefix = if origins.is_some() { "pk_" } else { "sp_" };
    let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(secret));
    let key = ApiKey {
        no: keys::next_no(call.tx.sql)?,
        id: call.tx.new_id(KeyId::generate),
        name: body.name,
        hash: sha256_hex(secret.as_bytes()),
        scopes,
        partner_no: partner.map(|partner| partner.no),
        created_at: call.tx.now,
        revoked_at: None,
        created_by: Some(call.caller.id.clone()),
        origins,
    };
    keys::insert(call.tx.sql, &key)?;
    let view = show(call, &key)?;
    call.tx.note(EventType::KeyCreated, &view)?;
    call.json(201, &MadeKey { key: Some(secret), view })
}

/// The response of [`create`] as a replay shows it: without the key, which is shown once.
#[must_use]
pub fn without_secret(answer: &str) -> String {
    body::without(answer, "key")
}

impl Row for KeyView {
    const COLUMNS: &'static str = "id,name,scopes,partner_id,publishable,origins,created_by,created_at";
}

/// `GET /v1/keys`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    call.page("keys", |sql: &dyn Sql, page| keys::list(sql, page), |key| key.no, |key| show(call, key))
}

/// `DELETE /v1/keys/{id}`
pub fn revoke(call: &Call<'_>) -> Result<Response, Failure> {
    let id = call.id(KeyId::parse)?;
    let key = keys::by_id(call.tx.sql, &id)?.ok_or_else(Problem::not_found)?;
    keys::revoke(call.tx.sql, &id, call.tx.now)?;
    call.tx.note(EventType::KeyRevoked, &show(call, &key)?)?;
    Ok(Response::empty(204))
}
