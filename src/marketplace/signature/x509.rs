//! X.509 certificates (RFC 5280): a chain of three up to a root that is pinned, as Apple signs with.
//!
//! A signature's hash is said by the certificate, not by the issuer's curve: Apple's own test chain signs SHA-384 with
//! P-256. The chain's third certificate is not looked at, as in Apple's libraries: what counts is that the second one is
//! signed by a root that is pinned here.

use super::{public_key::PublicKey, refusal::Refusal};
use crate::domain::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use der::{Decode, Encode, Header, Reader, SliceReader, asn1::ObjectIdentifier, oid::AssociatedOid};
use sha2::{Digest, Sha256, Sha384};
use std::cell::RefCell;
use x509_cert::ext::{
    Extension,
    pkix::{BasicConstraints, KeyUsage},
};

/// RFC 5758 §3.2: ECDSA with SHA-256 and with SHA-384.
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// Apple's markers, of receipt signing and of the authority over it: every other certificate that Apple issues (to any
/// developer) has the same root. <https://www.apple.com/certificateauthority/>
const APPLE_LEAF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.11.1");
const APPLE_INTERMEDIATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.2.1");

/// Milliseconds by which the time of signing may lie outside of a certificate's validity.
const LEEWAY_MS: i64 = 60 * 1000;

/// A certificate, with the bytes that its signature covers.
#[derive(Debug, Clone)]
pub(super) struct Certificate<'d> {
    /// As it came: writing it anew could make other bytes of it.
    signed: &'d [u8],
    parsed: x509_cert::Certificate,
}

/// When a certificate is valid, in Unix milliseconds; both ends are inside (RFC 5280 §4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub from_ms: i64,
    pub until_ms: i64,
}

/// A chain whose signatures and purposes were verified, and whose validity was not yet.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub key: PublicKey,
    validities: [Validity; 3],
}

impl<'d> Certificate<'d> {
    /// Reads DER, strictly: nothing behind it, no other encoding.
    pub fn from_der(der: &'d [u8]) -> Result<Self, Refusal> {
        let malformed = |_| Refusal::MalformedSignature;
        let parsed = x509_cert::Certificate::from_der(der).map_err(malformed)?;
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        Header::decode(&mut reader).map_err(malformed)?;
        Ok(Self { signed: reader.tlv_bytes().map_err(malformed)?, parsed })
    }

    /// Its public key.
    pub fn key(&self) -> Result<PublicKey, Refusal> {
        let info = self.parsed.tbs_certificate().subject_public_key_info();
        let der = info.to_der().map_err(|_| Refusal::MalformedSignature)?;
        PublicKey::from_spki(&der).map_err(|_| Refusal::WrongAlgorithm)
    }

    /// Whether `issuer` signed it.
    fn signed_by(&self, issuer: &Certificate<'_>) -> Result<(), Refusal> {
        let (own, signer) = (self.parsed.tbs_certificate(), issuer.parsed.tbs_certificate());
        if own.issuer() != signer.subject() {
            return Err(Refusal::WrongCertificate);
        }
        let algorithm = self.parsed.signature_algorithm();
        // RFC 5280 §4.1.1.2: the unsigned name must be the signed one. RFC 5758 §3.2: no parameters.
        if own.signature() != algorithm || algorithm.parameters.is_some() {
            return Err(Refusal::WrongAlgorithm);
        }
        let hash = match algorithm.oid {
            ECDSA_SHA256 => Sha256::digest(self.signed).to_vec(),
            ECDSA_SHA384 => Sha384::digest(self.signed).to_vec(),
            _ => return Err(Refusal::WrongAlgorithm),
        };
        let signature = self.parsed.signature().as_bytes().ok_or(Refusal::MalformedSignature)?;
        issuer.key()?.verify_hash(&hash, signature)
    }

    /// The extension of that kind; twice is refused (RFC 5280 §4.2).
    fn extension(&self, oid: ObjectIdentifier) -> Result<Option<&Extension>, Refusal> {
        let extensions = self.parsed.tbs_certificate().extensions();
        let mut found = extensions.into_iter().flatten().filter(|extension| extension.extn_id == oid);
        let first = found.next();
        if found.next().is_some() { Err(Refusal::MalformedSignature) } else { Ok(first) }
    }

    fn extension_value<T>(&self) -> Result<Option<T>, Refusal>
    where
        T: for<'v> Decode<'v, Error = der::Error> + AssociatedOid,
    {
        let Some(extension) = self.extension(T::OID)? else { return Ok(None) };
        let value = T::from_der(extension.extn_value.as_bytes());
        value.map(Some).map_err(|_| Refusal::MalformedSignature)
    }

    /// Whether it may sign certificates (`authority`) or may not, and whether Apple marked it as `marker`.
    fn check_purpose(&self, authority: bool, marker: ObjectIdentifier) -> Result<(), Refusal> {
        let constraints: Option<BasicConstraints> = self.extension_value()?;
        let usage: Option<KeyUsage> = self.extension_value()?;
        let is_authority = constraints.is_some_and(|constraints| constraints.ca);
        // RFC 5280 §4.2.1.3: where the usage is told, it binds.
        let may = usage.is_none_or(
            |usage| {
                if authority { usage.key_cert_sign() } else { usage.digital_signature() }
            },
        );
        // RFC 5280 §4.2: a critical extension that is not understood refuses the certificate.
        let understood = [BasicConstraints::OID, KeyUsage::OID, marker];
        let extensions = self.parsed.tbs_certificate().extensions();
        let foreign = extensions
            .into_iter()
            .flatten()
            .any(|extension| extension.critical && !understood.contains(&extension.extn_id));
        if is_authority != authority || !may || foreign || self.extension(marker)?.is_none() {
            return Err(Refusal::WrongCertificate);
        }
        Ok(())
    }

    /// When it is valid.
    pub fn validity(&self) -> Result<Validity, Refusal> {
        let validity = self.parsed.tbs_certificate().validity();
        let ms = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_millis()).map_err(|_| Refusal::MalformedSignature)
        };
        Ok(Validity { from_ms: ms(validity.not_before)?, until_ms: ms(validity.not_after)? })
    }
}

/// Chains that are remembered at most. A vendor has one or two at a time; what a forger makes up is never verified.
const REMEMBERED: usize = 8;

thread_local! {
    /// Chains that were verified, by what they were verified from: the outcome is always the same, and costs more than all
    /// else about a token. Apple's libraries do so, too.
    static VERIFIED: RefCell<Vec<([u8; 32], Chain)>> = const { RefCell::new(Vec::new()) };
}

/// What a chain is verified from.
fn fingerprint(x5c: &[String], roots: &[Vec<u8>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in x5c.iter().map(String::as_bytes).chain(roots.iter().map(Vec::as_slice)) {
        hash.update(Sha256::digest(part));
    }
    hash.finalize().into()
}

impl Chain {
    /// Verifies an `x5c` header: base64 of DER, exactly three, the signer's first (RFC 7515 §4.1.6), of which the second is
    /// signed by one of `roots`.
    pub fn verify(x5c: &[String], roots: &[Vec<u8>]) -> Result<Self, Refusal> {
        let print = fingerprint(x5c, roots);
        let known = VERIFIED
            .with_borrow(|all| all.iter().find(|(known, _)| *known == print).map(|(_, chain)| chain.clone()));
        if let Some(chain) = known {
            return Ok(chain);
        }
        let chain = Self::verify_anew(x5c, roots)?;
        VERIFIED.with_borrow_mut(|all| {
            if all.len() >= REMEMBERED {
                all.remove(0);
            }
            all.push((print, chain.clone()));
        });
        Ok(chain)
    }

    fn verify_anew(x5c: &[String], roots: &[Vec<u8>]) -> Result<Self, Refusal> {
        let [leaf, intermediate, _] = x5c else { return Err(Refusal::MalformedSignature) };
        let decode = |text: &String| STANDARD.decode(text).map_err(|_| Refusal::MalformedSignature);
        let (leaf, intermediate) = (decode(leaf)?, decode(intermediate)?);
        let (leaf, intermediate) = (Certificate::from_der(&leaf)?, Certificate::from_der(&intermediate)?);
        let mut refusal = Refusal::NotConfigured;
        for root in roots {
            let root = Certificate::from_der(root).map_err(|_| Refusal::NotConfigured)?;
            match intermediate.signed_by(&root) {
                Ok(()) => return Self::below(&leaf, &intermediate, &root),
                Err(other) => refusal = other,
            }
        }
        Err(refusal)
    }

    fn below(
        leaf: &Certificate<'_>,
        intermediate: &Certificate<'_>,
        root: &Certificate<'_>,
    ) -> Result<Self, Refusal> {
        leaf.signed_by(intermediate)?;
        intermediate.check_purpose(true, APPLE_INTERMEDIATE)?;
        leaf.check_purpose(false, APPLE_LEAF)?;
        let validities = [leaf.validity()?, intermediate.validity()?, root.validity()?];
        Ok(Self { key: leaf.key()?, validities })
    }

    /// Whether all of its certificates were valid at the time of signing.
    pub fn check_validity(&self, signed_at: Timestamp) -> Result<(), Refusal> {
        let at = signed_at.ms();
        if self.validities.iter().any(|validity| at.saturating_sub(LEEWAY_MS) > validity.until_ms) {
            Err(Refusal::Stale)
        } else if self.validities.iter().any(|validity| at.saturating_add(LEEWAY_MS) < validity.from_ms) {
            Err(Refusal::Future)
        } else {
            Ok(())
        }
    }
}
