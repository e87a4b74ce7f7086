//! DER (X.690 §10), in which keys, certificates and some signatures come. The library reads each element, strictly: definite
//! lengths, each in the fewest bytes, nothing behind a value. Which elements there are is said by whoever reads them, and
//! what an element is compared or verified by is its bytes as they came.

use der::{Choice, DecodeValue, Reader, SliceReader, Tag, Tagged, asn1::AnyRef};

/// An element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'d> {
    any: AnyRef<'d>,
    /// As it came, with its tag and its length.
    pub bytes: &'d [u8],
}

impl<'d> Element<'d> {
    /// The one element of `der`: nothing stands behind it.
    pub fn from_der(der: &'d [u8]) -> Option<Self> {
        let [sole] = *elements(der)? else { return None };
        Some(sole)
    }

    /// Whether it has this tag.
    pub fn is(&self, tag: Tag) -> bool {
        self.any.tag() == tag
    }

    /// Its value's bytes, if it has this tag.
    pub fn value(&self, tag: Tag) -> Option<&'d [u8]> {
        self.is(tag).then(|| self.any.value())
    }

    /// Its value, if it is of this type.
    pub fn read<T: Choice<'d> + DecodeValue<'d>>(&self) -> Option<T> {
        self.any.decode_as().ok()
    }

    /// The elements of a sequence.
    pub fn sequence(&self) -> Option<Vec<Self>> {
        elements(self.value(Tag::Sequence)?)
    }
}

fn elements(der: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut reader = SliceReader::new(der).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        let from = usize::try_from(reader.position()).ok()?;
        let any = reader.decode().ok()?;
        let until = usize::try_from(reader.position()).ok()?;
        found.push(Element { any, bytes: der.get(from..until)? });
    }
    Some(found)
}

/// Takes the first of `elements`, if it has this tag: one that may be left out.
pub(super) fn optional<'d>(elements: &mut &[Element<'d>], tag: Tag) -> Option<Element<'d>> {
    let (first, rest) = elements.split_first()?;
    first.is(tag).then(|| {
        *elements = rest;
        *first
    })
}

/// Takes a flag, which is not set where it is left out.
pub(super) fn flag(elements: &mut &[Element<'_>]) -> Option<bool> {
    optional(elements, Tag::Boolean).map_or(Some(false), |flag| flag.read())
}
