//! Authentication and authorisation: who calls, and what they may do.

use super::problems::{Code, Problem};
use crate::{
    domain::programme::{key::Scope, partner::PartnerNo},
    ledger::{config::Config, viewer::Viewer},
    store::{Sql, programme::keys},
};
use sha2::{Digest, Sha256};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Keys of the programme only; for a partner's key the route does not exist.
    Programme,
    /// Partners' keys too, restricted to their own data.
    Partner,
    /// Partners' keys too, restricted to their own data, if they have this scope instead.
    PartnerWith(Scope),
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's id; `operator` for the Worker secret.
    pub id: String,
    /// What the key may do.
    pub scopes: Vec<Scope>,
    /// The key sees only this partner's data.
    pub partner: Option<PartnerNo>,
}

impl Caller {
    /// Whether data of `owner` are visible to this caller.
    #[must_use]
    pub fn sees(&self, owner: PartnerNo) -> bool {
        self.viewer().sees(owner)
    }

    /// The caller as a reader of views.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        self.partner.map_or(Viewer::Programme, Viewer::Partner)
    }
}

/// Returns the token of an `Authorization` header. The scheme has any case, and blanks around the token do not belong to
/// it, so every spelling of a header gives the same token.
#[must_use]
pub fn bearer_token(authorization: &str) -> Option<&str> {
    let (_, token) =
        authorization.trim().split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))?;
    Some(token.trim())
}

/// Finds out who calls.
pub fn authenticate(sql: &dyn Sql, config: &Config, authorization: Option<&str>) -> Result<Caller, Problem> {
    let refused = || {
        Problem::new(
            Code::Unauthenticated,
            "Send \"Authorization: Bearer <key>\" with a key that is in force.",
        )
    };
    let key = authorization.and_then(bearer_token).ok_or_else(refused)?;
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    if config.is_operator_key(&hash) {
        return Ok(Caller { id: "operator".to_owned(), scopes: vec![Scope::Admin], partner: None });
    }
    let key = keys::by_hash(sql, &data_encoding::HEXLOWER.encode(&hash))?.ok_or_else(refused)?;
    Ok(Caller { id: key.id.to_string(), scopes: key.scopes, partner: key.partner_no })
}

/// Whether the caller may use a route that needs this scope.
pub fn authorise(caller: &Caller, scope: Scope, access: Access) -> Result<(), Problem> {
    let scope = match (caller.partner, access) {
        (Some(_), Access::PartnerWith(scope)) => scope,
        (Some(_), Access::Programme | Access::Partner) | (None, _) => scope,
    };
    if !caller.scopes.contains(&scope) && !caller.scopes.contains(&Scope::Admin) {
        let detail = format!("This needs the scope {}.", scope.as_str());
        return Err(Problem::new(Code::InsufficientScope, detail));
    }
    match (caller.partner, access) {
        (Some(_), Access::Programme) => Err(Problem::not_found()),
        (Some(_), Access::Partner | Access::PartnerWith(_)) | (None, _) => Ok(()),
    }
}
