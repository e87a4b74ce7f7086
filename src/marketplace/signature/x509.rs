//! Apple's policy for certificate chains (RFC 5280): three certificates up to a pinned root.
//!
//! The hash of a certificate's signature comes from the certificate, not from the issuer's curve: Apple's own test
//! chain signs SHA-384 with P-256. The third certificate of a chain is ignored, as in Apple's libraries: the second
//! one must be signed by a root that is pinned here.

use super::{public_key::PublicKey, refusal::Refusal};
use crate::domain::values::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256, Sha384};
use std::cell::RefCell;
use x509_cert::{
    Version,
    der::{
        Decode, Header, Reader, SliceReader,
        asn1::ObjectIdentifier,
        oid::{
            AssociatedOid,
            db::rfc5912::{ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384},
        },
        referenced::OwnedToRef,
    },
    ext::{
        Extension,
        pkix::{BasicConstraints, KeyUsage},
    },
    time::Time,
};

/// Apple's markers for receipt signing and for its intermediate authority. They are necessary because every other
/// certificate that Apple issues (to any developer) has the same root. <https://www.apple.com/certificateauthority/>
const APPLE_LEAF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.11.1");
const APPLE_INTERMEDIATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.2.1");

/// Milliseconds by which the time of signing may lie outside of a certificate's validity.
const LEEWAY_MS: i64 = 60 * 1000;

/// A parsed certificate.
#[derive(Debug, Clone)]
pub(super) struct Certificate<'d> {
    /// The signed bytes as received. Encoding the parsed certificate again could produce other bytes.
    signed: &'d [u8],
    parsed: x509_cert::Certificate,
    validity: Validity,
}

/// The validity of a certificate, in Unix milliseconds; both ends are inclusive (RFC 5280 §4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub not_before_ms: i64,
    pub not_after_ms: i64,
}

/// The role of a certificate in Apple's chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Intermediate,
    Leaf,
}

/// A chain whose signatures and purposes are verified. Its validity depends on the time of signing and is checked
/// later.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub key: PublicKey,
    validities: [Validity; 3],
}

impl Role {
    fn is_authority(self) -> bool {
        match self {
            Self::Intermediate => true,
            Self::Leaf => false,
        }
    }

    fn marker(self) -> ObjectIdentifier {
        match self {
            Self::Intermediate => APPLE_INTERMEDIATE,
            Self::Leaf => APPLE_LEAF,
        }
    }

    /// Whether `usage` allows what the role needs.
    fn is_allowed_by(self, usage: &KeyUsage) -> bool {
        match self {
            Self::Intermediate => usage.key_cert_sign(),
            Self::Leaf => usage.digital_signature(),
        }
    }
}

impl<'d> Certificate<'d> {
    /// Parses DER strictly; trailing bytes are refused.
    pub fn from_der(der: &'d [u8]) -> Result<Self, Refusal> {
        Self::parse(der).ok_or(Refusal::MalformedSignature)
    }

    fn parse(der: &'d [u8]) -> Option<Self> {
        let parsed = x509_cert::Certificate::from_der(der).ok()?;
        let tbs = parsed.tbs_certificate();
        // RFC 5280 §4.1.2.1: only version 3 has extensions.
        if tbs.extensions().is_some() && tbs.version() != Version::V3 {
            return None;
        }
        let validity = Validity {
            not_before_ms: unix_ms(tbs.validity().not_before)?,
            not_after_ms: unix_ms(tbs.validity().not_after)?,
        };
        Some(Self { signed: signed_bytes(der)?, parsed, validity })
    }

    /// Its public key.
    pub fn key(&self) -> Result<PublicKey, Refusal> {
        let info = self.parsed.tbs_certificate().subject_public_key_info();
        PublicKey::try_from(info.owned_to_ref()).map_err(|_| Refusal::WrongAlgorithm)
    }

    /// Its validity.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Checks that `issuer` signed it.
    fn check_signature(&self, issuer: &Certificate<'_>) -> Result<(), Refusal> {
        let tbs = self.parsed.tbs_certificate();
        if tbs.issuer() != issuer.parsed.tbs_certificate().subject() {
            return Err(Refusal::WrongCertificate);
        }
        // RFC 5280 §4.1.1.2: the algorithm outside of the signed part must be the one inside. RFC 5758 §3.2: it has no
        // parameters.
        let algorithm = self.parsed.signature_algorithm();
        if algorithm != tbs.signature() || algorithm.parameters.is_some() {
            return Err(Refusal::WrongAlgorithm);
        }
        let hash = match algorithm.oid {
            ECDSA_WITH_SHA_256 => Sha256::digest(self.signed).to_vec(),
            ECDSA_WITH_SHA_384 => Sha384::digest(self.signed).to_vec(),
            _ => return Err(Refusal::WrongAlgorithm),
        };
        let signature = self.parsed.signature().as_bytes().ok_or(Refusal::MalformedSignature)?;
        Ok(issuer.key()?.verify_hash(&hash, signature)?)
    }

    fn extensions(&self) -> &[Extension] {
        self.parsed.tbs_certificate().extensions().map_or(&[], Vec::as_slice)
    }

    /// The value of the extension `id`. An extension that occurs twice is refused (RFC 5280 §4.2).
    fn extension(&self, id: ObjectIdentifier) -> Result<Option<&[u8]>, Refusal> {
        let mut found = self.extensions().iter().filter(|extension| extension.extn_id == id);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Refusal::MalformedSignature),
            (first, None) => Ok(first.map(|extension| extension.extn_value.as_bytes())),
        }
    }

    /// The parsed value of an extension.
    fn parsed_extension<T>(&self) -> Result<Option<T>, Refusal>
    where
        T: AssociatedOid + for<'v> Decode<'v>,
    {
        let value = self.extension(T::OID)?;
        value.map(|value| T::from_der(value).map_err(|_| Refusal::MalformedSignature)).transpose()
    }

    /// Checks that it may be used in this role and that Apple marked it for that.
    fn check_role(&self, role: Role) -> Result<(), Refusal> {
        // The path length is not checked: a chain always has three certificates.
        let constraints: Option<BasicConstraints> = self.parsed_extension()?;
        let is_authority = constraints.is_some_and(|constraints| constraints.ca);
        // RFC 5280 §4.2.1.3: a certificate without a key usage may be used for anything.
        let usage: Option<KeyUsage> = self.parsed_extension()?;
        let is_allowed = usage.is_none_or(|usage| role.is_allowed_by(&usage));
        // RFC 5280 §4.2: a certificate with an unknown critical extension must be refused.
        let known = [BasicConstraints::OID, KeyUsage::OID, role.marker()];
        let has_unknown = self
            .extensions()
            .iter()
            .any(|extension| extension.critical && !known.contains(&extension.extn_id));
        if is_authority != role.is_authority()
            || !is_allowed
            || has_unknown
            || self.extension(role.marker())?.is_none()
        {
            return Err(Refusal::WrongCertificate);
        }
        Ok(())
    }
}

/// The bytes of `TBSCertificate`, the first element of a certificate, with its tag and length.
fn signed_bytes(der: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(der).ok()?;
    Header::decode(&mut reader).ok()?;
    reader.tlv_bytes().ok()
}

fn unix_ms(time: Time) -> Option<i64> {
    i64::try_from(time.to_unix_duration().as_millis()).ok()
}

/// Number of verified chains that are cached. A vendor has one or two at a time, and a forger cannot fill the cache
/// because only verified chains enter it.
const MAX_CACHED: usize = 8;

thread_local! {
    /// Verified chains by [`fingerprint`]. Verifying a chain is deterministic and costs more than everything else
    /// about a token. Apple's libraries cache chains, too.
    static CACHE: RefCell<Vec<([u8; 32], Chain)>> = const { RefCell::new(Vec::new()) };
}

/// The hash of everything that a chain is verified from.
fn fingerprint(x5c: &[String], roots: &[Vec<u8>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in x5c.iter().map(String::as_bytes).chain(roots.iter().map(Vec::as_slice)) {
        hash.update(Sha256::digest(part));
    }
    hash.finalize().into()
}

impl Chain {
    /// Verifies an `x5c` header (RFC 7515 §4.1.6): exactly three certificates in base64, the signer's first. The second
    /// one must be signed by one of `roots`.
    pub fn verify(x5c: &[String], roots: &[Vec<u8>]) -> Result<Self, Refusal> {
        let key = fingerprint(x5c, roots);
        let cached = CACHE.with_borrow(|cache| {
            cache.iter().find(|(cached, _)| *cached == key).map(|(_, chain)| chain.clone())
        });
        if let Some(chain) = cached {
            return Ok(chain);
        }
        let chain = Self::verify_uncached(x5c, roots)?;
        CACHE.with_borrow_mut(|cache| {
            if cache.len() >= MAX_CACHED {
                cache.remove(0);
            }
            cache.push((key, chain.clone()));
        });
        Ok(chain)
    }

    fn verify_uncached(x5c: &[String], roots: &[Vec<u8>]) -> Result<Self, Refusal> {
        let [leaf, intermediate, _] = x5c else { return Err(Refusal::MalformedSignature) };
        let decode = |text: &String| STANDARD.decode(text).map_err(|_| Refusal::MalformedSignature);
        let (leaf, intermediate) = (decode(leaf)?, decode(intermediate)?);
        let (leaf, intermediate) = (Certificate::from_der(&leaf)?, Certificate::from_der(&intermediate)?);
        let mut refusal = Refusal::NotConfigured;
        for root in roots {
            let root = Certificate::from_der(root).map_err(|_| Refusal::NotConfigured)?;
            match intermediate.check_signature(&root) {
                Ok(()) => return Self::verify_below(&leaf, &intermediate, &root),
                Err(other) => refusal = other,
            }
        }
        Err(refusal)
    }

    /// Verifies the certificates below a root that signed the intermediate certificate.
    fn verify_below(
        leaf: &Certificate<'_>,
        intermediate: &Certificate<'_>,
        root: &Certificate<'_>,
    ) -> Result<Self, Refusal> {
        leaf.check_signature(intermediate)?;
        intermediate.check_role(Role::Intermediate)?;
        leaf.check_role(Role::Leaf)?;
        let validities = [leaf.validity(), intermediate.validity(), root.validity()];
        Ok(Self { key: leaf.key()?, validities })
    }

    /// Checks that all certificates were valid at the time of signing.
    pub fn check_validity(&self, signed_at: Timestamp) -> Result<(), Refusal> {
        let at = signed_at.ms();
        if self.validities.iter().any(|validity| at.saturating_sub(LEEWAY_MS) > validity.not_after_ms) {
            Err(Refusal::Stale)
        } else if self.validities.iter().any(|validity| at.saturating_add(LEEWAY_MS) < validity.not_before_ms)
        {
            Err(Refusal::Future)
        } else {
            Ok(())
        }
    }
}
