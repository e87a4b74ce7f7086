//! The key of an X.509 certificate (RFC 5280) that was fetched from an address on a vendor's allow-list.
//!
//! The format, the kind and size of the key, and the validity are checked; AWS's own validators do not check the
//! validity. The chain, the name and revocation are not checked: the certificate is trusted because of the TLS
//! connection to the vendor's exact address. A chain would prove no more, because anybody who can obtain certificates
//! for that host could also obtain one for SNS.

use crate::{
    domain::values::time::Timestamp,
    marketplace::signature::{
        pem,
        public_key::PublicKey,
        refusal::Refusal,
        x509::{self, Validity},
    },
};

/// The maximum length of a PEM text, in characters. Amazon's have about 2,000.
const MAX_CHARACTERS: usize = 16 * 1024;

/// The validity is in seconds and includes the last second.
const LAST_SECOND_MS: i64 = 999;

/// The key and the validity of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub key: PublicKey,
    validity: Validity,
}

impl Certificate {
    /// Parses the first certificate of a PEM text. The certificates of its issuers may follow.
    pub fn from_pem(text: &str) -> Result<Self, Refusal> {
        let text = Some(text).filter(|text| text.len() <= MAX_CHARACTERS);
        let der = text.and_then(pem::first_certificate).ok_or(Refusal::UnusableKey)?;
        let certificate = x509::Certificate::from_der(&der);
        let parsed = certificate
            .and_then(|certificate| Ok(Self { key: certificate.key()?, validity: certificate.validity() }));
        parsed.map_err(|_| Refusal::UnusableKey)
    }

    /// Checks that the certificate is valid now. Both ends of the validity are inclusive (RFC 5280 §4.1.2.5).
    pub fn check_validity(&self, now: Timestamp) -> Result<(), Refusal> {
        if now.ms() < self.validity.not_before_ms {
            Err(Refusal::Future)
        } else if now.ms() > self.validity.not_after_ms.saturating_add(LAST_SECOND_MS) {
            Err(Refusal::Stale)
        } else {
            Ok(())
        }
    }
}
