//! Vendors' public keys. The crate `public-key` verifies with them.

use super::{pem, refusal::Refusal};
pub use public_key::{Algorithm, KeyError, PublicKey};

/// Parses a PEM text (`-----BEGIN PUBLIC KEY-----`, RFC 7468 §13) that holds one key and nothing else.
pub fn from_pem(text: &str) -> Result<PublicKey, KeyError> {
    PublicKey::from_spki(&pem::decode(text, "PUBLIC KEY").ok_or(KeyError)?)
}

impl From<public_key::VerifyError> for Refusal {
    fn from(error: public_key::VerifyError) -> Self {
        match error {
            public_key::VerifyError::MalformedSignature => Self::MalformedSignature,
            public_key::VerifyError::BadSignature => Self::BadSignature,
            public_key::VerifyError::WrongAlgorithm => Self::WrongAlgorithm,
        }
    }
}
