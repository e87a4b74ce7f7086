//! A deserializer around another one that adds the checks of this crate and notes the path of an error.

use crate::{
    key::{Key, KeySeed},
    path::{Path, Step},
};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
        VariantAccess, Visitor,
    },
};
use std::{borrow::Cow, collections::BTreeSet, fmt, marker::PhantomData};

/// Parses a whole text. If that fails, `path` leads to the error.
pub(crate) fn parse<'de, T: Deserialize<'de>>(text: &'de str, path: &Path) -> Result<T, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict::new(&mut parser, path))?;
    parser.end()?;
    Ok(value)
}

/// Wraps a deserializer, a seed, or what gives access to the parts of a value.
struct Strict<'p, T> {
    inner: T,
    path: &'p Path,
}

impl<'p, T> Strict<'p, T> {
    fn new(inner: T, path: &'p Path) -> Self {
        Self { inner, path }
    }
}

/// Forwards scalars, which have no parts to check.
macro_rules! forward {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        })*
    };
}

/// Forwards values whose parts are to be checked.
macro_rules! check {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let path = self.path;
            self.inner.$method($($argument,)* Checked { visitor, path })
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    check! {
        deserialize_any()
        deserialize_option()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_seq()
        deserialize_tuple(length: usize)
        deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_map()
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        // `deserialize_struct` would also take a list, so its code would be compiled for each struct.
        let path = self.path;
        self.inner.deserialize_map(Fields { visitor, path })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let path = self.path;
        self.inner.deserialize_any(Variant { visitor, path })
    }
}

/// Reads a variant: a text if it is a unit, or else an object whose only member has the variant's name.
struct Variant<'p, V> {
    visitor: V,
    path: &'p Path,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Variant<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.visitor.visit_enum(name.into_deserializer())
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let inner = Strict::new(inner, self.path);
        self.visitor.visit_enum(Tagged(Members { inner, key: Cow::Borrowed(""), seen: None }))
    }
}

/// A variant with a value: the members of its object.
struct Tagged<'p, 'de, A>(Members<'p, 'de, A>);

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Tagged<'_, 'de, A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self), A::Error> {
        match self.0.next_key_seed(seed)? {
            Some(name) => Ok((name, self)),
            None => Err(not_a_text()),
        }
    }
}

#[cold]
fn not_a_text<E: Error>() -> E {
    E::invalid_type(Unexpected::Map, &"a text")
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Tagged<'_, 'de, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        Err(not_a_text())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, A::Error> {
        let value = self.0.next_value_seed(seed)?;
        match self.0.next_key_seed(PhantomData::<IgnoredAny>)? {
            None => Ok(value),
            Some(_) => Err(A::Error::custom("expected one variant")),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, A::Error> {
        Err(A::Error::custom("variants with several values are not supported"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
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

/// Wraps the visitor of a struct, to check its fields. It refuses everything but an object.
struct Fields<'p, V> {
    visitor: V,
    path: &'p Path,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Fields<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Serde would say "struct" and its name in Rust, which means nothing to whoever wrote the JSON.
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let inner = Strict::new(inner, self.path);
        self.visitor.visit_map(Members { inner, key: Cow::Borrowed(""), seen: None })
    }
}

/// Wraps any other visitor, to check the parts of what it visits.
struct Checked<'p, V> {
    visitor: V,
    path: &'p Path,
}

/// Forwards values that have no parts.
macro_rules! visit {
    ($($method:ident($type:ty))*) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Checked<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit! {
        visit_bool(bool) visit_i64(i64) visit_i128(i128) visit_u64(u64) visit_u128(u128) visit_f64(f64)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict::new(value, self.path))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Strict::new(value, self.path))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let mut items = Items { inner: Strict::new(inner, self.path), next: 0, is_at_end: false };
        let value = self.visitor.visit_seq(&mut items)?;
        items.end()?;
        Ok(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let (inner, seen) = (Strict::new(inner, self.path), Some(BTreeSet::new()));
        self.visitor.visit_map(Members { inner, key: Cow::Borrowed(""), seen })
    }
}

/// The items of a list.
struct Items<'p, A> {
    inner: Strict<'p, A>,
    next: usize,
    is_at_end: bool,
}

impl<'de, A: SeqAccess<'de>> Items<'_, A> {
    /// Refuses items that nobody asked for: a tuple that is too long.
    fn end(&mut self) -> Result<(), A::Error> {
        let expected = self.next;
        while !self.is_at_end {
            self.next_element::<IgnoredAny>()?;
        }
        if self.next == expected { Ok(()) } else { Err(A::Error::invalid_length(self.next, &"fewer items")) }
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let Strict { inner, path } = &mut self.inner;
        let item = inner.next_element_seed(Strict::new(seed, path));
        match &item {
            Ok(Some(_)) => self.next = self.next.saturating_add(1),
            Ok(None) => self.is_at_end = true,
            Err(_) => path.borrow_mut().push(Step::Index(self.next)),
        }
        item
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.inner.size_hint()
    }
}

/// The members of an object.
struct Members<'p, 'de, A> {
    inner: Strict<'p, A>,
    /// The key of the member that was begun last.
    key: Cow<'de, str>,
    /// The keys so far; `None` for a struct, which checks its own fields. Ordered, because the keys come from outside
    /// and a hash table without random numbers could be made to collide.
    seen: Option<BTreeSet<Cow<'de, str>>>,
}

impl<A> Members<'_, '_, A> {
    #[cold]
    fn note_key(&self) {
        self.inner.path.borrow_mut().push(Step::Key(self.key.clone().into_owned()));
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.inner.inner.next_key_seed(KeySeed)? else { return Ok(None) };
        self.key = key;
        if self.seen.as_mut().is_some_and(|seen| !seen.insert(self.key.clone())) {
            self.note_key();
            return Err(A::Error::custom(format_args!("duplicate key `{}`", self.key)));
        }
        let value = seed.deserialize(Key::new(&self.key));
        if value.is_err() {
            self.note_key();
        }
        value.map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let value = self.inner.inner.next_value_seed(Strict::new(seed, self.inner.path));
        if value.is_err() {
            self.note_key();
        }
        value
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict::new(deserializer, self.path))
    }
}
