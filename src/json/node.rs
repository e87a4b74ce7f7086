//! A part of a tree as serde reads it: what `serde_json` does for its own `Value`, with the path noted on errors.

use super::{Entry, OBJECT, Step, Trace, Tree, refusal::Refusal as Error};
use serde::{
    de::{
        DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess,
        SeqAccess, Unexpected, VariantAccess, Visitor,
    },
    forward_to_deserialize_any,
};
use std::{borrow::Cow, slice};

/// A part of a tree, and where its errors are noted.
#[derive(Clone, Copy)]
pub struct Node<'de, 't> {
    pub(super) tree: &'t Tree<'de>,
    pub(super) trace: &'t Trace,
}

impl Node<'_, '_> {
    /// The refusal of a type that a visitor has no use for.
    pub(super) fn unexpected(&self, expected: &dyn Expected) -> Error {
        let unexpected = match self.tree {
            Tree::Null => Unexpected::Unit,
            Tree::Bool(value) => Unexpected::Bool(*value),
            Tree::Unsigned(value) => Unexpected::Unsigned(*value),
            Tree::Signed(value) => Unexpected::Signed(*value),
            Tree::Float(value) => Unexpected::Float(*value),
            Tree::Text(value) => Unexpected::Str(value),
            Tree::List(_) => Unexpected::Seq,
            Tree::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(unexpected, expected)
    }
}

fn read_text<'de, V: Visitor<'de>>(text: &Cow<'de, str>, visitor: V) -> Result<V::Value, Error> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_str(text),
    }
}

fn read_list<'de, V: Visitor<'de>>(
    items: &[Tree<'de>],
    trace: &Trace,
    visitor: V,
) -> Result<V::Value, Error> {
    let mut left = Items { items: items.iter(), index: 0, trace };
    let value = visitor.visit_seq(&mut left)?;
    if left.items.len() == 0 { Ok(value) } else { Err(Error::invalid_length(items.len(), &"fewer items")) }
}

fn read_object<'de, V: Visitor<'de>>(
    entries: &[Entry<'de>],
    trace: &Trace,
    visitor: V,
) -> Result<V::Value, Error> {
    let mut left = Entries { entries: entries.iter(), value: None, trace };
    let value = visitor.visit_map(&mut left)?;
    if left.entries.len() == 0 {
        Ok(value)
    } else {
        Err(Error::invalid_length(entries.len(), &"fewer entries"))
    }
}

// Not generic, like all that need not be: what follows is there once for every type.

#[cold]
pub(super) fn failed_at(trace: &Trace, index: usize) {
    trace.borrow_mut().push(Step::Index(index));
}

#[cold]
pub(super) fn failed_below(trace: &Trace, key: &str) {
    trace.borrow_mut().push(Step::Key(key.to_owned()));
}

/// Methods that take one kind of value and refuse all others: a type is read by as little code as it needs.
macro_rules! strict {
    ($($method:ident($($argument:ty),*): $($kind:ident($value:ident) => $read:expr),+;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $(_: $argument,)* visitor: V) -> Result<V::Value, Error> {
            match self.tree {
                $(Tree::$kind($value) => ($read)(visitor, self.trace),)+
                _ => Err(self.unexpected(&visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.tree {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Unsigned(value) => visitor.visit_u64(*value),
            Tree::Signed(value) => visitor.visit_i64(*value),
            Tree::Float(value) => visitor.visit_f64(*value),
            Tree::Text(text) => read_text(text, visitor),
            Tree::List(items) => read_list(items, self.trace, visitor),
            Tree::Object(entries) => read_object(entries, self.trace, visitor),
        }
    }

    strict! {
        deserialize_bool(): Bool(value) => |visitor: V, _| visitor.visit_bool(*value);
        deserialize_u8(): Unsigned(n) => |visitor: V, _| visitor.visit_u64(*n), Signed(n) => |visitor: V, _| visitor.visit_i64(*n);
        deserialize_u16(): Unsigned(n) => |visitor: V, _| visitor.visit_u64(*n), Signed(n) => |visitor: V, _| visitor.visit_i64(*n);
        deserialize_u32(): Unsigned(n) => |visitor: V, _| visitor.visit_u64(*n), Signed(n) => |visitor: V, _| visitor.visit_i64(*n);
        deserialize_u64(): Unsigned(n) => |visitor: V, _| visitor.visit_u64(*n), Signed(n) => |visitor: V, _| visitor.visit_i64(*n);
        deserialize_i64(): Unsigned(n) => |visitor: V, _| visitor.visit_u64(*n), Signed(n) => |visitor: V, _| visitor.visit_i64(*n);
        deserialize_str(): Text(text) => |visitor, _| read_text(text, visitor);
        deserialize_string(): Text(text) => |visitor, _| read_text(text, visitor);
        deserialize_seq(): List(items) => |visitor, trace| read_list(items, trace, visitor);
        deserialize_tuple(usize): List(items) => |visitor, trace| read_list(items, trace, visitor);
        deserialize_map(): Object(entries) => |visitor, trace| read_object(entries, trace, visitor);
        deserialize_struct(&'static str, &'static [&'static str]): Object(entries) => |visitor, trace| read_object(entries, trace, visitor);
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if matches!(self.tree, Tree::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == OBJECT && !matches!(self.tree, Tree::Object(_)) {
            return Err(self.unexpected(&visitor));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let trace = self.trace;
        match self.tree {
            Tree::Text(variant) => visitor.visit_enum(Variant { variant, content: None, trace }),
            Tree::Object(entries) => match entries.as_slice() {
                [(variant, content)] => {
                    visitor.visit_enum(Variant { variant, content: Some(content), trace })
                }
                _ => Err(Error::invalid_value(Unexpected::Map, &"an object with one key")),
            },
            tree => Node { tree, trace }.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple_struct identifier ignored_any
    }
}

struct Items<'de, 't> {
    items: slice::Iter<'t, Tree<'de>>,
    index: usize,
    trace: &'t Trace,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(tree) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index = index.saturating_add(1);
        let read = seed.deserialize(Node { tree, trace: self.trace });
        if read.is_err() {
            failed_at(self.trace, index);
        }
        read.map(Some)
    }
}

struct Entries<'de, 't> {
    entries: slice::Iter<'t, Entry<'de>>,
    /// The key that was asked for last, and its value.
    value: Option<&'t Entry<'de>>,
    trace: &'t Trace,
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.value = self.entries.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        let read = seed.deserialize(Key(key));
        if read.is_err() {
            failed_below(self.trace, key);
        }
        read.map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let Some((key, tree)) = self.value else {
            return Err(Error::custom("a value was asked for before its key"));
        };
        let read = seed.deserialize(Node { tree, trace: self.trace });
        if read.is_err() {
            failed_below(self.trace, key);
        }
        read
    }
}

/// A key: a text, or a number where the type has numbers for keys.
struct Key<'k>(&'k str);

macro_rules! numbers {
    ($($method:ident => $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_str(self.0),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    numbers! {
        deserialize_u8 => visit_u8,
        deserialize_u16 => visit_u16,
        deserialize_u32 => visit_u32,
        deserialize_u64 => visit_u64,
        deserialize_i64 => visit_i64,
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text: serde::de::value::StrDeserializer<'_, Error> = self.0.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Variant<'de, 't> {
    variant: &'t str,
    content: Option<&'t Tree<'de>>,
    trace: &'t Trace,
}

impl<'de, 't> EnumAccess<'de> for Variant<'de, 't> {
    type Error = Error;
    type Variant = Content<'de, 't>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Content<'de, 't>), Error> {
        let variant = seed.deserialize(Key(self.variant))?;
        Ok((variant, Content { tree: self.content, trace: self.trace }))
    }
}

struct Content<'de, 't> {
    tree: Option<&'t Tree<'de>>,
    trace: &'t Trace,
}

impl<'de, 't> Content<'de, 't> {
    fn node(self) -> Result<Node<'de, 't>, Error> {
        let tree = self
            .tree
            .ok_or_else(|| Error::invalid_type(Unexpected::UnitVariant, &"a variant with content"))?;
        Ok(Node { tree, trace: self.trace })
    }
}

impl<'de> VariantAccess<'de> for Content<'de, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.tree {
            None | Some(Tree::Null) => Ok(()),
            Some(_) => Err(Error::invalid_type(Unexpected::NewtypeVariant, &"a variant without content")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.node()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.node()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.node()?.deserialize_any(visitor)
    }
}
