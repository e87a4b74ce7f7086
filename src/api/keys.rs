//! API keys.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    problem::{Code, Problem},
    views::view,
};
use crate::{
    domain::{
        event::EventType,
        programme::key::Scope,
        values::{
            digest::sha256_hex,
            id::{KeyId, PartnerId},
            time::Timestamp,
        },
    },
    store::programme::{
        keys::{self, ApiKey},
        partners,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use json::FromJson;
use serde::Serialize;

/// A key to make.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewKey {
    /// Display name.
    name: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// It shall see this partner's data alone.
    partner_id: Option<String>,
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
        /// It sees this partner's data alone.
        partner_id: Option<PartnerId>,
        /// When it was made.
        created_at: Timestamp,
    }
}

/// A key just made.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct MadeKey {
    /// The key, shown this once: a replay of the answer leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(flatten)]
    view: KeyView,
}

fn show(call: &Call<'_>, key: &ApiKey) -> Result<KeyView, Problem> {
    let partner = key.partner_no.map(|no| partners::by_no(call.sql, no)).transpose()?.flatten();
    Ok(KeyView {
        id: key.id.clone(),
        name: key.name.clone(),
        scopes: key.scopes.clone(),
        partner_id: partner.map(|partner| partner.id),
        created_at: key.created_at,
    })
}

/// `POST /v1/keys`
pub fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewKey = call.body()?;
    let mut checks = Checks::default();
    checks.text("name", Some(&body.name), 200);
    if body.scopes.is_empty() {
        checks.refuse(Code::InvalidValue, "scopes", "Name at least one scope.");
    }
    let partner = match body.partner_id.as_deref().map(PartnerId::parse) {
        Some(Some(id)) => partners::by_id(call.sql, &id)?,
        Some(None) | None => None,
    };
    if body.partner_id.is_some() && partner.is_none() {
        checks.refuse(Code::UnknownPartner, "partner_id", "There is no partner with this id.");
    }
    checks.finish()?;
    // In their order, each once.
    let scopes = Scope::ALL.iter().copied().filter(|scope| body.scopes.contains(scope)).collect();
    let mut secret = [0; 32];
    call.entropy.borrow_mut().fill(&mut secret);
    let secret = format!("sp_{}", URL_SAFE_NO_PAD.encode(secret));
    let key = ApiKey {
        no: keys::next_no(call.sql)?,
        id: call.new_id(KeyId::generate),
        name: body.name,
        hash: sha256_hex(secret.as_bytes()),
        scopes,
        partner_no: partner.map(|partner| partner.no),
        created_at: call.now,
        revoked_at: None,
    };
    keys::insert(call.sql, &key)?;
    let view = show(call, &key)?;
    call.note(EventType::KeyCreated, &view)?;
    call.json(201, &MadeKey { key: Some(secret), view })
}

/// The answer of [`create`] as a replay shows it: the key was shown once.
#[must_use]
pub fn without_secret(answer: &str) -> String {
    let Ok(mut value) = json::read::<serde_json::Map<String, serde_json::Value>>(answer) else {
        return String::new();
    };
    value.remove("key");
    json::text(&serde_json::Value::Object(value))
}

/// `GET /v1/keys`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    call.page("keys", |page| keys::list(call.sql, page), |key| key.no, |key| show(call, key))
}

/// `DELETE /v1/keys/{id}`
pub fn revoke(call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.id(KeyId::parse)?;
    let key = keys::by_id(call.sql, &id)?.ok_or_else(Problem::not_found)?;
    keys::revoke(call.sql, &id, call.now)?;
    call.note(EventType::KeyRevoked, &show(call, &key)?)?;
    Ok(Response { status: 204, headers: Vec::new(), body: String::new(), log: None })
}
