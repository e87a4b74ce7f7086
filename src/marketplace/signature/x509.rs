//! X.509 certificates (RFC 5280): a chain of three up to a root that is pinned, as Apple signs with.
//!
//! A signature's hash is said by the certificate, not by the issuer's curve: Apple's own test chain signs SHA-384 with
//! P-256. The chain's third certificate is not looked at, as in Apple's libraries: what counts is that the second one is
//! signed by a root that is pinned here.

use super::{
    asn1::{Element, flag, optional},
    public_key::PublicKey,
    refusal::Refusal,
    spki::{KeyInfo, read_algorithm},
};
use crate::domain::values::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use der::{
    Tag, TagNumber,
    asn1::{BitStringRef, GeneralizedTime, ObjectIdentifier, UintRef, UtcTime},
};
use sha2::{Digest, Sha256, Sha384};
use std::cell::RefCell;

/// RFC 5758 §3.2: ECDSA with SHA-256 and with SHA-384.
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// RFC 5280 §4.2.1.9 and §4.2.1.3.
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

/// Bits of KeyUsage (RFC 5280 §4.2.1.3).
const DIGITAL_SIGNATURE: usize = 0;
const KEY_CERT_SIGN: usize = 5;

/// Tags of what may be left out of a certificate (RFC 5280 §4.1).
const VERSION: Tag = tagged(0, true);
const ISSUER_UNIQUE_ID: Tag = tagged(1, false);
const SUBJECT_UNIQUE_ID: Tag = tagged(2, false);
const EXTENSIONS: Tag = tagged(3, true);

/// Apple's markers, of receipt signing and of the authority over it: every other certificate that Apple issues (to any
/// developer) has the same root. <https://www.apple.com/certificateauthority/>
const APPLE_LEAF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.11.1");
const APPLE_INTERMEDIATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.2.1");

/// Milliseconds by which the time of signing may lie outside of a certificate's validity.
const LEEWAY_MS: i64 = 60 * 1000;

const fn tagged(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number: TagNumber(number) }
}

/// A certificate, in the parts that count here.
#[derive(Debug, Clone)]
pub(super) struct Certificate<'d> {
    /// What its signature covers, as it came: writing it anew could make other bytes of it.
    signed: Element<'d>,
    issuer: Element<'d>,
    subject: Element<'d>,
    /// How it is signed, as told inside of what is signed, and outside.
    algorithms: [Element<'d>; 2],
    signature: BitStringRef<'d>,
    validity: Validity,
    key: KeyInfo<'d>,
    extensions: Vec<Extension<'d>>,
}

#[derive(Debug, Clone)]
struct Extension<'d> {
    id: ObjectIdentifier,
    critical: bool,
    value: &'d [u8],
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
        Self::read(der).ok_or(Refusal::MalformedSignature)
    }

    /// RFC 5280 §4.1.
    fn read(der: &'d [u8]) -> Option<Self> {
        let [signed, outside, signature] = *Element::from_der(der)?.sequence()? else { return None };
        let fields = signed.sequence()?;
        let mut fields = fields.as_slice();
        let version = optional(&mut fields, VERSION).map_or(Some(0), read_version)?;
        let [serial, inside, issuer, validity, subject, key, ref more @ ..] = *fields else { return None };
        let mut more = more;
        // Told by no certificate that counts here, but they may be.
        optional(&mut more, ISSUER_UNIQUE_ID);
        optional(&mut more, SUBJECT_UNIQUE_ID);
        let extensions = optional(&mut more, EXTENSIONS);
        let names = issuer.is(Tag::Sequence) && subject.is(Tag::Sequence);
        if !names || !serial.is(Tag::Integer) || !more.is_empty() || (extensions.is_some() && version != 2) {
            return None;
        }
        read_algorithm(inside).and(read_algorithm(outside))?;
        Some(Self {
            signed,
            issuer,
            subject,
            algorithms: [inside, outside],
            signature: signature.read()?,
            validity: read_validity(validity)?,
            key: KeyInfo::read(key)?,
            extensions: extensions.map_or(Some(Vec::new()), read_extensions)?,
        })
    }

    /// Its public key.
    pub fn key(&self) -> Result<PublicKey, Refusal> {
        PublicKey::from_info(self.key).map_err(|_| Refusal::WrongAlgorithm)
    }

    /// Whether `issuer` signed it.
    fn signed_by(&self, issuer: &Certificate<'_>) -> Result<(), Refusal> {
        if self.issuer != issuer.subject {
            return Err(Refusal::WrongCertificate);
        }
        let [inside, outside] = self.algorithms;
        // RFC 5280 §4.1.1.2: the unsigned name must be the signed one. RFC 5758 §3.2: no parameters.
        let hash = match read_algorithm(outside) {
            Some((ECDSA_SHA256, None)) if inside == outside => Sha256::digest(self.signed.bytes).to_vec(),
            Some((ECDSA_SHA384, None)) if inside == outside => Sha384::digest(self.signed.bytes).to_vec(),
            _ => return Err(Refusal::WrongAlgorithm),
        };
        let signature = self.signature.as_bytes().ok_or(Refusal::MalformedSignature)?;
        issuer.key()?.verify_hash(&hash, signature)
    }

    /// The extension of that kind; twice is refused (RFC 5280 §4.2).
    fn extension(&self, id: ObjectIdentifier) -> Result<Option<&'d [u8]>, Refusal> {
        let mut found = self.extensions.iter().filter(|extension| extension.id == id);
        let first = found.next();
        if found.next().is_some() {
            Err(Refusal::MalformedSignature)
        } else {
            Ok(first.map(|extension| extension.value))
        }
    }

    /// Whether it may sign certificates (`authority`) or may not, and whether Apple marked it as `marker`.
    fn check_purpose(&self, authority: bool, marker: ObjectIdentifier) -> Result<(), Refusal> {
        let constraints = self.extension(BASIC_CONSTRAINTS)?;
        let is_authority =
            constraints.map_or(Some(false), is_authority).ok_or(Refusal::MalformedSignature)?;
        let bit = if authority { KEY_CERT_SIGN } else { DIGITAL_SIGNATURE };
        // RFC 5280 §4.2.1.3: where the usage is told, it binds.
        let usage = self.extension(KEY_USAGE)?;
        let may = usage.map_or(Some(true), |usage| has_bit(usage, bit)).ok_or(Refusal::MalformedSignature)?;
        // RFC 5280 §4.2: a critical extension that is not understood refuses the certificate.
        let understood = [BASIC_CONSTRAINTS, KEY_USAGE, marker];
        let foreign =
            self.extensions.iter().any(|extension| extension.critical && !understood.contains(&extension.id));
        if is_authority != authority || !may || foreign || self.extension(marker)?.is_none() {
            return Err(Refusal::WrongCertificate);
        }
        Ok(())
    }

    /// When it is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }
}

/// The version, as it is written: one less than it is called.
fn read_version(tagged: Element<'_>) -> Option<u8> {
    let [version @ 0..=2] = *Element::from_der(tagged.value(VERSION)?)?.read::<UintRef<'_>>()?.as_bytes()
    else {
        return None;
    };
    Some(version)
}

fn read_validity(element: Element<'_>) -> Option<Validity> {
    let [from, until] = *element.sequence()? else { return None };
    Some(Validity { from_ms: read_time_ms(from)?, until_ms: read_time_ms(until)? })
}

/// RFC 5280 §4.1.2.5: until 2049 with two digits for the year, then with four.
fn read_time_ms(element: Element<'_>) -> Option<i64> {
    let time = element.read().map(|time: UtcTime| time.to_unix_duration());
    let time = time.or_else(|| Some(element.read::<GeneralizedTime>()?.to_unix_duration()))?;
    i64::try_from(time.as_secs()).ok()?.checked_mul(1000)
}

fn read_extensions(tagged: Element<'_>) -> Option<Vec<Extension<'_>>> {
    Element::from_der(tagged.value(EXTENSIONS)?)?.sequence()?.into_iter().map(read_extension).collect()
}

fn read_extension(element: Element<'_>) -> Option<Extension<'_>> {
    let fields = element.sequence()?;
    let (id, mut fields) = fields.split_first()?;
    let critical = flag(&mut fields)?;
    let [value] = *fields else { return None };
    Some(Extension { id: id.read()?, critical, value: value.value(Tag::OctetString)? })
}

/// `cA` of BasicConstraints. How many authorities may follow is not looked at: a chain is three certificates.
fn is_authority(constraints: &[u8]) -> Option<bool> {
    let fields = Element::from_der(constraints)?.sequence()?;
    let mut fields = fields.as_slice();
    let authority = flag(&mut fields)?;
    match fields {
        [] => Some(authority),
        [length] => length.read::<UintRef<'_>>().map(|_| authority),
        _ => None,
    }
}

fn has_bit(bits: &[u8], position: usize) -> Option<bool> {
    let bits = Element::from_der(bits)?.read::<BitStringRef<'_>>()?;
    Some(bits.get(position).unwrap_or(false))
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
        let validities = [leaf.validity(), intermediate.validity(), root.validity()];
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
