//! Who is calling, and what they may do.

use super::{
    Environment,
    problem::{Code, Problem},
    routes::{Access, Route},
    sealing::{Sealer, SealingError, data_key},
};
use crate::{
    domain::{
        links::keyring::{KeyRing, KeyRingError},
        programme::{id::ProgrammeId, key::Scope, partner::PartnerNo},
    },
    store::programme::keys,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The Worker's secrets, ready for use.
#[derive(Debug)]
pub struct Config {
    operator_key_hash: [u8; 32],
    /// Signing keys of links and click ids.
    pub ring: KeyRing,
    /// Seals listings' secrets.
    pub sealer: Sealer,
}

/// Why the Worker's secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `OPERATOR_KEY` is empty.
    #[error("OPERATOR_KEY is not set: make one with `cargo xtask keygen`")]
    OperatorKey,
    /// `SIGNING_KEYS` is wrong.
    #[error("SIGNING_KEYS: {0}")]
    Ring(#[from] KeyRingError),
    /// `DATA_KEY` is wrong.
    #[error(transparent)]
    DataKey(#[from] SealingError),
}

impl Config {
    /// Reads the secrets for the programme `main`.
    pub fn new(operator_key: &str, signing_keys: &str, data: &str) -> Result<Self, ConfigError> {
        Self::of_programme(&ProgrammeId::MAIN, operator_key, signing_keys, data)
    }

    /// Reads the secrets for a programme.
    pub fn of_programme(
        programme: &ProgrammeId,
        operator_key: &str,
        signing_keys: &str,
        data: &str,
    ) -> Result<Self, ConfigError> {
        if operator_key.is_empty() {
            return Err(ConfigError::OperatorKey);
        }
        Ok(Self {
            operator_key_hash: Sha256::digest(operator_key.as_bytes()).into(),
            ring: KeyRing::parse(signing_keys)?,
            sealer: Sealer::new(&data_key(data)?, programme),
        })
    }
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's id; `operator` for the Worker secret.
    pub id: String,
    /// What the key may do.
    pub scopes: Vec<Scope>,
    /// The key sees this partner's data alone.
    pub partner: Option<PartnerNo>,
}

impl Caller {
    /// Whether data of `owner` are there for this caller.
    #[must_use]
    pub fn sees(&self, owner: PartnerNo) -> bool {
        self.partner.is_none_or(|partner| partner == owner)
    }
}

/// Finds out who is calling.
pub fn authenticate(environment: &Environment<'_>, authorization: Option<&str>) -> Result<Caller, Problem> {
    let refused = || {
        Problem::new(
            Code::Unauthenticated,
            "Send \"Authorization: Bearer <key>\" with a key that is in force.",
        )
    };
    let key = authorization
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .ok_or_else(refused)?;
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    if hash.ct_eq(&environment.config.operator_key_hash).into() {
        return Ok(Caller { id: "operator".to_owned(), scopes: vec![Scope::Admin], partner: None });
    }
    let key = keys::by_hash(environment.sql, &base16ct::lower::encode_string(&hash))?.ok_or_else(refused)?;
    Ok(Caller { id: key.id.to_string(), scopes: key.scopes, partner: key.partner_no })
}

/// Whether the caller may use the route.
pub fn authorise(caller: &Caller, route: &Route) -> Result<(), Problem> {
    if !caller.scopes.contains(&route.scope) && !caller.scopes.contains(&Scope::Admin) {
        let detail = format!("This needs the scope {}.", route.scope.as_str());
        return Err(Problem::new(Code::InsufficientScope, detail));
    }
    match (caller.partner, route.access) {
        (Some(_), Access::Programme) => Err(Problem::not_found()),
        (Some(_), Access::Partner) | (None, _) => Ok(()),
    }
}
