//! API keys.

use crate::{
    api::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    domain::{
        event::EventType,
        programme::key::Scope,
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
        created_by: key.created_by.clone(),
        created_at: key.created_at,
    })
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
    checks.finish()?;
    // In the order of the enum, each scope once.
    let scopes = Scope::ALL.iter().copied().filter(|scope| body.scopes.contains(scope)).collect();
    let mut secret = [0; 32];
    call.tx.with_entropy(|entropy| entropy.fill(&mut secret));
    let secret = format!("sp_{}", URL_SAFE_NO_PAD.encode(secret));
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
    };
    keys::insert(call.tx.sql, &key)?;
    let view = show(call, &key)?;
    call.tx.note(EventType::KeyCreated, &view)?;
    call.json(201, &MadeKey { key: Some(secret), view })
}

/// The response of [`create`] as a replay shows it: without the key, which is shown once.
#[must_use]
pub fn without_secret(answer: &str) -> String {
    let Ok(mut value) = strict_json::from_str::<serde_json::Map<String, serde_json::Value>>(answer) else {
        return String::new();
    };
    value.remove("key");
    serde_json::Value::Object(value).to_string()
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
