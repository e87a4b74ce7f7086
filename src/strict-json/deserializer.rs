//! A deserializer of one value, given as its text. Objects and lists are split into the texts of their parts, which are read in the
//! same way. So nothing but a few lines is compiled for each type, and the checks of this crate are in one place.

use crate::{
    key::{Key, KeySeed},
    path::{Path, Step},
};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, Expected, IgnoredAny, IntoDeserializer, MapAccess,
        SeqAccess, Unexpected, VariantAccess, Visitor,
    },
};
use serde_json::{Error, Number, value::RawValue};
use std::{borrow::Cow, collections::BTreeSet, fmt, vec};

/// How many objects and lists may be nested, as in `serde_json`. Each level takes some of the stack.
const MAX_DEPTH: u8 = 127;
/// White space in JSON (RFC 8259 §2).
const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
/// How the names of the types begin that `serde_json` reads by an agreement with itself, such as [`RawValue`].
const PRIVATE: char = '$';

/// Parses a whole text. If that fails, `path` leads to the error.
pub(crate) fn parse<'de, T: Deserialize<'de>>(text: &'de str, path: &Path) -> Result<T, Error> {
    T::deserialize(Text { text: text.trim_matches(WHITE_SPACE), path, depth: 0 })
}

/// The text of a value, without white space around it. The syntax of a part was checked when its list or object was split, except for
/// what is named in [`crate::Error::new`].
#[derive(Clone, Copy)]
struct Text<'de, 'p> {
    text: &'de str,
    path: &'p Path,
    depth: u8,
}

/// A scalar.
enum Scalar<'de> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'de, str>),
}

impl<'de, 'p> Text<'de, 'p> {
    /// The text of a part.
    fn part(self, text: &'de str) -> Self {
        Self { text, depth: self.depth.saturating_add(1), ..self }
    }

    /// Splits an object or a list into its parts.
    fn split<T: Deserialize<'de>>(self) -> Result<T, Error> {
        if self.depth >= MAX_DEPTH || !self.path.may_scan(self.text) {
            return Err(Error::custom("the value is nested too deeply"));
        }
        serde_json::from_str(self.text)
    }

    fn begins_with(self, first: char) -> bool {
        self.text.starts_with(first)
    }

    /// Reads a scalar; `None` for an object or a list.
    fn scalar(self) -> Result<Option<Scalar<'de>>, Error> {
        Ok(Some(match self.text.as_bytes().first() {
            Some(b'{' | b'[') => return Ok(None),
            Some(b'"') => Scalar::Text(self.string()?),
            Some(b't' | b'f') => Scalar::Bool(serde_json::from_str(self.text)?),
            Some(b'n') => serde_json::from_str(self.text).map(|()| Scalar::Null)?,
            Some(_) | None => Scalar::Number(self.number()?),
        }))
    }

    /// Reads a string. Most have no escapes, and the text of a part need not be checked again.
    fn string(self) -> Result<Cow<'de, str>, Error> {
        let content = self.text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match content.filter(|content| self.depth > 0 && !content.contains('\\')) {
            Some(content) => Ok(Cow::Borrowed(content)),
            None => serde_json::from_str(self.text).map(|Unescaped(content)| content),
        }
    }

    /// Reads a number. Most are whole and positive.
    fn number(self) -> Result<Number, Error> {
        match self.text.parse::<u64>() {
            Ok(number) if self.depth > 0 => Ok(number.into()),
            Ok(_) | Err(_) => serde_json::from_str(self.text),
        }
    }

    /// Says that the value has the wrong type.
    #[cold]
    fn refused(self, expected: &dyn Expected) -> Error {
        let unexpected = match self.scalar() {
            Err(error) => return error,
            Ok(None) if self.begins_with('{') => Unexpected::Map,
            Ok(None) => Unexpected::Seq,
            Ok(Some(Scalar::Null)) => Unexpected::Unit,
            Ok(Some(Scalar::Bool(value))) => Unexpected::Bool(value),
            Ok(Some(Scalar::Text(ref value))) => {
                return Error::invalid_type(Unexpected::Str(value), expected);
            }
            Ok(Some(Scalar::Number(number))) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => Unexpected::Unsigned(value),
                (None, Some(value), _) => Unexpected::Signed(value),
                (None, None, value) => Unexpected::Float(value.unwrap_or_default()),
            },
        };
        Error::invalid_type(unexpected, expected)
    }

    /// The members of an object.
    fn members(self, expected: &dyn Expected) -> Result<Members<'de, 'p>, Error> {
        if !self.begins_with('{') {
            return Err(self.refused(expected));
        }
        let Split(members) = self.split()?;
        Ok(Members {
            object: self,
            members: members.into_iter(),
            key: Cow::Borrowed(""),
            value: "",
            seen: None,
        })
    }

    /// The members of an object whose keys are checked for duplicates here. A struct checks its own fields.
    fn checked_members(self, expected: &dyn Expected) -> Result<Members<'de, 'p>, Error> {
        self.members(expected).map(|members| Members { seen: Some(BTreeSet::new()), ..members })
    }

    /// The items of a list.
    fn items(self, expected: &dyn Expected) -> Result<Items<'de, 'p>, Error> {
        if !self.begins_with('[') {
            return Err(self.refused(expected));
        }
        let items: Vec<&RawValue> = self.split()?;
        Ok(Items { list: self, items: items.into_iter(), next: 0 })
    }
}

/// A string, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Unescaped<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object.
struct Split<'de>(Vec<(Cow<'de, str>, &'de RawValue)>);

impl<'de> Deserialize<'de> for Split<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Splitter)
    }
}

/// Splits an object into its members.
struct Splitter;

impl<'de> Visitor<'de> for Splitter {
    type Value = Split<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = access.next_key_seed(KeySeed)? {
            members.push((key, access.next_value()?));
        }
        Ok(Split(members))
    }
}

/// Reads scalars.
macro_rules! scalars {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.visit_scalar(visitor)
        })*
    };
}

impl<'de> Text<'de, '_> {
    fn visit_scalar<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Some(scalar) = self.scalar()? else { return Err(self.refused(&visitor)) };
        match scalar {
            Scalar::Null => visitor.visit_unit(),
            Scalar::Bool(value) => visitor.visit_bool(value),
            Scalar::Text(Cow::Borrowed(value)) => visitor.visit_borrowed_str(value),
            Scalar::Text(Cow::Owned(value)) => visitor.visit_string(value),
            Scalar::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (None, Some(value), _) => visitor.visit_i64(value),
                (None, None, value) => visitor.visit_f64(value.unwrap_or_default()),
            },
        }
    }
}

impl<'de> Deserializer<'de> for Text<'de, '_> {
    type Error = Error;

    scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.text.as_bytes().first() {
            Some(b'{') => self.deserialize_map(visitor),
            Some(b'[') => self.deserialize_seq(visitor),
            Some(_) | None => self.visit_scalar(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.depth == 0 {
            serde_json::from_str::<IgnoredAny>(self.text)?;
        }
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.text == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.visit_scalar(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name.starts_with(PRIVATE) {
            let mut parser = serde_json::Deserializer::from_str(self.text);
            let value = parser.deserialize_newtype_struct(name, visitor)?;
            return parser.end().map(|()| value);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut items = self.items(&visitor)?;
        let value = visitor.visit_seq(Unread(&mut items))?;
        items.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let members = self.checked_members(&visitor)?;
        visitor.visit_map(members)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // Serde would say "struct" and its name in Rust, which means nothing to whoever wrote the JSON.
        visitor.visit_map(self.members(&"a JSON object")?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.begins_with('{') {
            return visitor.visit_enum(Tagged(self.members(&A_TEXT)?));
        }
        match self.scalar()? {
            Some(Scalar::Text(name)) => visitor.visit_enum(name.into_deserializer()),
            Some(Scalar::Null | Scalar::Bool(_) | Scalar::Number(_)) | None => Err(self.refused(&A_TEXT)),
        }
    }
}

/// What a unit variant is read from.
const A_TEXT: &str = "a text";

/// A variant with a value: the members of its object.
struct Tagged<'de, 'p>(Members<'de, 'p>);

#[cold]
fn not_a_text() -> Error {
    Error::invalid_type(Unexpected::Map, &A_TEXT)
}

impl<'de> EnumAccess<'de> for Tagged<'de, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self), Error> {
        match self.0.next_key_seed(seed)? {
            Some(name) => Ok((name, self)),
            None => Err(not_a_text()),
        }
    }
}

impl<'de> VariantAccess<'de> for Tagged<'de, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(not_a_text())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, Error> {
        let value = self.0.next_value_seed(seed)?;
        match self.0.members.next() {
            None => Ok(value),
            Some(_) => Err(Error::custom("expected one variant")),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("variants with several values are not supported"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.newtype_variant_seed(StructVariant { fields, visitor })
    }
}

/// Reads the fields of a variant.
struct StructVariant<V> {
    fields: &'static [&'static str],
    visitor: V,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for StructVariant<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_struct("", self.fields, self.visitor)
    }
}

/// The items of a list.
struct Items<'de, 'p> {
    list: Text<'de, 'p>,
    items: vec::IntoIter<&'de RawValue>,
    next: usize,
}

impl<'de, 'p> Items<'de, 'p> {
    fn next_item(&mut self) -> Option<Text<'de, 'p>> {
        let item = self.items.next()?;
        self.next = self.next.saturating_add(1);
        Some(self.list.part(item.get()))
    }

    /// Notes that an error is in the item that was read last.
    #[cold]
    fn noted(&self, error: Error) -> Error {
        self.list.path.push(Step::Index(self.next.saturating_sub(1)));
        error
    }

    /// Refuses items that nobody asked for: a tuple that is too long.
    fn end(self) -> Result<(), Error> {
        match self.items.len() {
            0 => Ok(()),
            more => Err(Error::invalid_length(self.next.saturating_add(more), &"fewer items")),
        }
    }
}

/// The items that were not read yet.
struct Unread<'i, 'de, 'p>(&'i mut Items<'de, 'p>);

impl<'de> SeqAccess<'de> for Unread<'_, 'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        match self.0.next_item() {
            Some(item) => seed.deserialize(item).map(Some).map_err(|error| self.0.noted(error)),
            None => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.items.len())
    }
}

/// The members of an object.
struct Members<'de, 'p> {
    object: Text<'de, 'p>,
    members: vec::IntoIter<(Cow<'de, str>, &'de RawValue)>,
    /// The member that was begun last.
    key: Cow<'de, str>,
    value: &'de str,
    /// The keys so far, if duplicates are to be found here. Ordered, because the keys come from outside and a hash table without
    /// random numbers could be made to collide.
    seen: Option<BTreeSet<Cow<'de, str>>>,
}

impl<'de, 'p> Members<'de, 'p> {
    /// Begins the next member.
    fn begin(&mut self) -> Result<Option<&Cow<'de, str>>, Error> {
        let Some((key, value)) = self.members.next() else { return Ok(None) };
        (self.key, self.value) = (key, value.get());
        if self.seen.as_mut().is_some_and(|seen| !seen.insert(self.key.clone())) {
            return Err(self.noted(Error::custom(format_args!("duplicate key `{}`", self.key))));
        }
        Ok(Some(&self.key))
    }

    /// Notes that an error is in the member that was begun last.
    #[cold]
    fn noted(&self, error: Error) -> Error {
        self.object.path.push(Step::Key(self.key.clone().into_owned()));
        error
    }
}

impl<'de> MapAccess<'de> for Members<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.begin()? {
            Some(key) => {
                let value = seed.deserialize(Key(key));
                value.map(Some).map_err(|error| self.noted(error))
            }
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.object.part(self.value)).map_err(|error| self.noted(error))
    }
}
