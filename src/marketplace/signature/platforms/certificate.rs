//! The key in an X.509 certificate (RFC 5280) that was fetched from an address on a vendor's allow-list.
//!
//! Checked: that it is one, that its key is of a kind and size that is taken here, and its validity dates, which the
//! validators of AWS's own do not look at. Not checked: its chain, its name, its revocation. What vouches for it is the
//! TLS connection to the exact address that it came from, which is the vendor's; a chain would prove no more, because
//! whoever controls that host's certificates could have one issued for SNS, too.

use crate::{
    domain::time::Timestamp,
    marketplace::signature::{public_key::PublicKey, refusal::Refusal},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use der::{Decode, Encode};
use x509_cert::{Certificate as X509, time::Time};

/// Characters of a PEM text at most; Amazon's have 2 KiB.
const MAX_CHARACTERS: usize = 16 * 1024;

/// A certificate names seconds: the last one counts to its end.
const LAST_SECOND_MS: i64 = 999;

/// A certificate's key, and when it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub key: PublicKey,
    not_before_ms: i64,
    not_after_ms: i64,
}

fn milliseconds(time: Time) -> Option<i64> {
    i64::try_from(time.to_unix_duration().as_millis()).ok()
}

impl Certificate {
    /// The first certificate of a PEM text (RFC 7468 §5); behind it may stand those of its issuers.
    pub fn of_pem(text: &str) -> Result<Self, Refusal> {
        Self::read(text).ok_or(Refusal::UnusableKey)
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_CHARACTERS {
            return None;
        }
        let body = text.trim().strip_prefix("-----BEGIN CERTIFICATE-----")?;
        let (body, _) = body.split_once("-----END CERTIFICATE-----")?;
        let encoded: String = body.split_ascii_whitespace().collect();
        let certificate = X509::from_der(&STANDARD.decode(encoded).ok()?).ok()?;
        let signed = certificate.tbs_certificate();
        let key = PublicKey::from_spki(&signed.subject_public_key_info().to_der().ok()?).ok()?;
        let validity = signed.validity();
        Some(Self {
            key,
            not_before_ms: milliseconds(validity.not_before)?,
            not_after_ms: milliseconds(validity.not_after)?,
        })
    }

    /// Refuses a certificate outside of its validity, of which both ends are inside (RFC 5280 §4.1.2.5).
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if now.ms() < self.not_before_ms {
            Err(Refusal::Future)
        } else if now.ms() > self.not_after_ms.saturating_add(LAST_SECOND_MS) {
            Err(Refusal::Stale)
        } else {
            Ok(())
        }
    }
}
