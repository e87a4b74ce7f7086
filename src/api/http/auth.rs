//! Authentication and authorisation: who calls, and what they may do.

use super::{
    cors,
    message::Request,
    problems::{Code, Problem},
};
use crate::{
    domain::{
        programme::{key::Scope, origin::Origin, partner::PartnerNo},
        values::time::Timestamp,
    },
    ledger::{browser_tokens, config::Config, viewer::Viewer},
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
    /// Keys of the programme only, with the route's scope or with this one, which allows a part of the operation.
    ProgrammeOr(Scope),
}

/// What a caller has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The operator key, or a key that is kept secret.
    Secret,
    /// A key that web pages contain.
    Publishable,
    /// A token for browsers.
    Token,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's id; `operator` for the Worker secret. A token has that of the key that made it.
    pub id: String,
    /// What the key may do.
    pub scopes: Vec<Scope>,
    /// The key sees only this partner's data.
    pub partner: Option<PartnerNo>,
    /// What it has shown.
    pub credential: Credential,
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

/// The parameter that carries a token in the address of a document.
const TOKEN_PARAMETER: &str = "token=";

/// The token in the address of a request, if there is one.
#[must_use]
pub fn token_of(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix(TOKEN_PARAMETER))
}

/// A query without the token.
#[must_use]
pub fn without_token(query: &str) -> String {
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(TOKEN_PARAMETER)).collect();
    rest.join("&")
}

fn refused() -> Problem {
    Problem::new(Code::Unauthenticated, "Send \"Authorization: Bearer <key>\" with a key that is in force.")
}

/// Finds out who calls. `address_token` is the token in the request's address, if the request has no other credential.
pub fn authenticate(
    sql: &dyn Sql,
    config: &Config,
    now: Timestamp,
    request: &Request<'_>,
    address_token: Option<&str>,
) -> Result<Caller, Problem> {
    let Some(key) = request.authorization.and_then(bearer_token) else {
        let token = address_token.filter(|_| request.authorization.is_none() && request.method == "GET");
        return by_token(sql, config, now, request, token.ok_or_else(refused)?, true);
    };
    if browser_tokens::is_token(key) {
        return by_token(sql, config, now, request, key, false);
    }
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    if config.is_operator_key(&hash) {
        let (id, scopes) = (browser_tokens::OPERATOR.to_owned(), vec![Scope::Admin]);
        return Ok(Caller { id, scopes, partner: None, credential: Credential::Secret });
    }
    let key = keys::by_hash(sql, &data_encoding::HEXLOWER.encode(&hash))?.ok_or_else(refused)?;
    let credential = match &key.origins {
        None => Credential::Secret,
        Some(origins) if is_among(request.origin, origins) => Credential::Publishable,
        Some(_) => return Err(cors::refused()),
    };
    Ok(Caller { id: key.id.to_string(), scopes: key.scopes, partner: key.partner_no, credential })
}

fn is_among(origin: Option<&str>, origins: &[Origin]) -> bool {
    origins.iter().any(|allowed| Some(allowed.as_str()) == origin)
}

/// The caller with a token, which is either in the address or in the header: a token for one address does not open others, and a
/// token for the header must not get into histories and logs of addresses.
fn by_token(
    sql: &dyn Sql,
    config: &Config,
    now: Timestamp,
    request: &Request<'_>,
    text: &str,
    is_in_address: bool,
) -> Result<Caller, Problem> {
    let token = browser_tokens::open(sql, config, text, now)?.ok_or_else(refused)?;
    let opens = match &token.path {
        Some(path) => is_in_address && path == request.path,
        None => !is_in_address,
    };
    if !opens {
        return Err(refused());
    }
    // `<img>` and `<a>` send no origin.
    if token
        .origin
        .as_ref()
        .is_some_and(|allowed| !is_in_address && !is_among(request.origin, std::slice::from_ref(allowed)))
    {
        return Err(cors::refused());
    }
    Ok(Caller {
        id: token.maker,
        scopes: vec![Scope::Read],
        partner: Some(token.partner_no),
        credential: Credential::Token,
    })
}

/// Whether the caller may use a route that needs this scope.
pub fn authorise(caller: &Caller, scope: Scope, access: Access) -> Result<(), Problem> {
    let needed = match (caller.partner, access) {
        (Some(_), Access::PartnerWith(scope)) => scope,
        (None, Access::ProgrammeOr(scope)) if caller.scopes.contains(&scope) => scope,
        (Some(_), Access::Programme | Access::Partner | Access::ProgrammeOr(_)) | (None, _) => scope,
    };
    if !caller.scopes.contains(&needed) && !caller.scopes.contains(&Scope::Admin) {
        let detail = format!("This needs the scope {}.", needed.as_str());
        return Err(Problem::new(Code::InsufficientScope, detail));
    }
    match (caller.partner, access) {
        (Some(_), Access::Programme | Access::ProgrammeOr(_)) => Err(Problem::not_found()),
        (Some(_), Access::Partner | Access::PartnerWith(_)) | (None, _) => Ok(()),
    }
}
