//! SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): which algorithm a public key is for, and the key.

use super::asn1::Element;
use der::asn1::{BitStringRef, ObjectIdentifier};

/// A public key of any algorithm, not looked into.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyInfo<'d> {
    pub algorithm: ObjectIdentifier,
    pub parameters: Option<Element<'d>>,
    /// What the algorithm makes of a key. Whole bytes, as all algorithms that are taken here have it; `None` if not.
    pub key: Option<&'d [u8]>,
}

impl<'d> KeyInfo<'d> {
    /// Reads the element of one.
    pub fn read(element: Element<'d>) -> Option<Self> {
        let [algorithm, key] = *element.sequence()? else { return None };
        let (algorithm, parameters) = read_algorithm(algorithm)?;
        Some(Self { algorithm, parameters, key: key.read::<BitStringRef<'_>>()?.as_bytes() })
    }
}

/// An AlgorithmIdentifier (RFC 5280 §4.1.1.2): which one, and its parameters.
pub(super) fn read_algorithm(element: Element<'_>) -> Option<(ObjectIdentifier, Option<Element<'_>>)> {
    match *element.sequence()? {
        [id] => Some((id.read()?, None)),
        [id, parameters] => Some((id.read()?, Some(parameters))),
        _ => None,
    }
}
