//! The Worker's secrets, parsed once.

use super::sealing::Sealer;
use crate::domain::{
    clicks::visitor::VisitorSecret,
    delivery::receiver_url::Reach,
    links::keyring::{KeyRing, KeyRingError},
    programme::id::ProgrammeId,
    values::data_keys::{DataKeyError, DataKeys},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The Worker's secrets, ready for use.
#[derive(Debug)]
pub struct Config {
    operator_key_hash: [u8; 32],
    /// Signing keys of links and click ids.
    pub ring: KeyRing,
    /// Seals secrets of listings and payout details.
    pub sealer: Sealer,
    /// Hashes imported visitors as redirects hash real ones.
    pub visitors: VisitorSecret,
    /// Which hosts may receive events.
    pub reach: Reach,
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
    DataKey(#[from] DataKeyError),
}

impl Config {
    /// Parses the secrets for the programme `main`.
    pub fn new(operator_key: &str, signing_keys: &str, data: &str) -> Result<Self, ConfigError> {
        Self::of_programme(&ProgrammeId::MAIN, operator_key, signing_keys, data)
    }

    /// Parses the secrets for a programme, whose id separates its encryption key from other programmes' keys.
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
            sealer: Sealer::new(&DataKeys::parse(data)?, programme),
            visitors: VisitorSecret::parse(data)?,
            reach: Reach::Public,
        })
    }

    /// The same secrets, where these hosts may receive events.
    #[must_use]
    pub fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Whether the key with this SHA-256 hash is the operator's, compared in constant time.
    #[must_use]
    pub fn is_operator_key(&self, hash: &[u8; 32]) -> bool {
        hash.ct_eq(&self.operator_key_hash).into()
    }
}
