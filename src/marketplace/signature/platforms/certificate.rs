//! The key in an X.509 certificate (RFC 5280) that was fetched from an address on a vendor's allow-list.
//!
//! Checked: that it is one, that its key is of a kind and size that is taken here, and its validity dates, which the
//! validators of AWS's own do not look at. Not checked: its chain, its name, its revocation. What vouches for it is the
//! TLS connection to the exact address that it came from, which is the vendor's; a chain would prove no more, because
//! whoever controls that host's certificates could have one issued for SNS, too.

use crate::{
    domain::values::time::Timestamp,
    marketplace::signature::{
        pem,
        public_key::PublicKey,
        refusal::Refusal,
        x509::{self, Validity},
    },
};

/// Characters of a PEM text at most; Amazon's have 2 KiB.
const MAX_CHARACTERS: usize = 16 * 1024;

/// A certificate names seconds: the last one counts to its end.
const LAST_SECOND_MS: i64 = 999;

/// A certificate's key, and when it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub key: PublicKey,
    validity: Validity,
}

impl Certificate {
    /// The first certificate of a PEM text; behind it may stand those of its issuers.
    pub fn of_pem(text: &str) -> Result<Self, Refusal> {
        let text = Some(text).filter(|text| text.len() <= MAX_CHARACTERS);
        let der = text.and_then(pem::first_certificate).ok_or(Refusal::UnusableKey)?;
        let certificate = x509::Certificate::from_der(&der);
        let read = certificate.and_then(|it| Ok(Self { key: it.key()?, validity: it.validity() }));
        read.map_err(|_| Refusal::UnusableKey)
    }

    /// Refuses a certificate outside of its validity, of which both ends are inside (RFC 5280 §4.1.2.5).
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if now.ms() < self.validity.from_ms {
            Err(Refusal::Future)
        } else if now.ms() > self.validity.until_ms.saturating_add(LAST_SECOND_MS) {
            Err(Refusal::Stale)
        } else {
            Ok(())
        }
    }
}
