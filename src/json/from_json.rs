//! Reading types without serde. Its derive writes a visitor for every type, and a list of the fields' names with a loop over
//! what came: 2 KiB and more of wasm for a small struct, and there are more than a hundred. Here a struct asks for its
//! fields one after the other, which is a call each; that what was not asked for does not matter is the rule for what
//! vendors send. What is to be refused with every field that is not known (the API's bodies) is read by serde.

use super::{
    Entry, JsonError, OneOrSeveral, Tree, grown,
    node::{Node, failed_at, failed_below},
    refusal::Refusal,
};
use serde::{
    Deserialize,
    de::{Error as _, IgnoredAny},
};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// A type that a part of a tree is read into; structs derive it.
pub trait FromJson<'de>: Sized {
    /// Reads it.
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal>;

    /// What a field that is absent is; nothing, if it must be there.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// Reads a whole text.
pub fn from_text<'de, T: FromJson<'de>>(text: &'de str) -> Result<T, JsonError> {
    let (tree, trace) = grown(text)?;
    match T::from_json(Node { tree: &tree, trace: &trace }) {
        Ok(value) => Ok(value),
        Err(refusal) => Err(JsonError::new(refusal, trace)),
    }
}

/// An object whose fields are asked for.
#[derive(Clone, Copy)]
pub struct Object<'de, 't> {
    entries: &'t [Entry<'de>],
    node: Node<'de, 't>,
}

impl<'de, 't> Node<'de, 't> {
    /// The object that it is.
    pub fn object(self) -> Result<Object<'de, 't>, Refusal> {
        match self.tree {
            Tree::Object(entries) => Ok(Object { entries, node: self }),
            _ => Err(self.unexpected(&"an object")),
        }
    }

    fn list(self) -> Result<&'t [Tree<'de>], Refusal> {
        match self.tree {
            Tree::List(items) => Ok(items),
            _ => Err(self.unexpected(&"a list")),
        }
    }

    fn text(self) -> Result<&'t str, Refusal> {
        match self.tree {
            Tree::Text(text) => Ok(text),
            _ => Err(self.unexpected(&"a string")),
        }
    }

    fn number(self) -> Result<i128, Refusal> {
        match self.tree {
            Tree::Unsigned(number) => Ok(i128::from(*number)),
            Tree::Signed(number) => Ok(i128::from(*number)),
            _ => Err(self.unexpected(&"an integer")),
        }
    }
}

/// A number that its type cannot hold.
#[cold]
fn too_large(number: i128, expected: &str) -> Refusal {
    Refusal::custom(format_args!("invalid value: integer `{number}`, expected {expected}"))
}

#[cold]
fn missing(name: &'static str) -> Refusal {
    Refusal::missing_field(name)
}

impl<'de, 't> Object<'de, 't> {
    /// The part under a name, or under the other name that it may have.
    fn part(&self, name: &'static str, alias: &str) -> Result<Option<Node<'de, 't>>, Refusal> {
        let mut found = self.entries.iter().filter(|(key, _)| key == name || key == alias);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Refusal::duplicate_field(name)),
            (Some((_, tree)), None) => Ok(Some(Node { tree, trace: self.node.trace })),
            (None, None) => Ok(None),
        }
    }

    fn noted<T>(&self, name: &str, read: Result<T, Refusal>) -> Result<T, Refusal> {
        if read.is_err() {
            failed_below(self.node.trace, name);
        }
        read
    }

    /// A field.
    pub fn field<T: FromJson<'de>>(&self, name: &'static str, alias: &str) -> Result<T, Refusal> {
        match self.part(name, alias)? {
            Some(node) => self.noted(name, T::from_json(node)),
            None => T::absent().ok_or_else(|| missing(name)),
        }
    }

    /// A field that may be absent.
    pub fn field_or_default<T: FromJson<'de> + Default>(
        &self,
        name: &'static str,
        alias: &str,
    ) -> Result<T, Refusal> {
        match self.part(name, alias)? {
            Some(node) => self.noted(name, T::from_json(node)),
            None => Ok(T::default()),
        }
    }

    /// A field of a type that only serde can read.
    pub fn by_serde<T: Deserialize<'de>>(&self, name: &'static str, alias: &str) -> Result<T, Refusal> {
        match self.part(name, alias)? {
            Some(node) => self.noted(name, T::deserialize(node)),
            // Which types may be absent is known to serde alone.
            None => {
                T::deserialize(Node { tree: &Tree::Null, trace: self.node.trace }).map_err(|_| missing(name))
            }
        }
    }

    /// The same for one that may be absent.
    pub fn by_serde_or_default<T: Deserialize<'de> + Default>(
        &self,
        name: &'static str,
        alias: &str,
    ) -> Result<T, Refusal> {
        match self.part(name, alias)? {
            Some(node) => self.noted(name, T::deserialize(node)),
            None => Ok(T::default()),
        }
    }
}

impl<'de> FromJson<'de> for String {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        node.text().map(str::to_owned)
    }
}

impl<'de> FromJson<'de> for bool {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        match node.tree {
            Tree::Bool(value) => Ok(*value),
            _ => Err(node.unexpected(&"a boolean")),
        }
    }
}

macro_rules! numbers {
    ($($number:ident),*) => {
        $(impl<'de> FromJson<'de> for $number {
            fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
                let number = node.number()?;
                Self::try_from(number).map_err(|_| too_large(number, stringify!($number)))
            }
        })*
    };
}

numbers!(u8, u16, u32, u64, i64);

impl<'de, T: FromJson<'de>> FromJson<'de> for Option<T> {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        if matches!(node.tree, Tree::Null) { Ok(None) } else { T::from_json(node).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<'de, T: FromJson<'de>> FromJson<'de> for Box<T> {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        T::from_json(node).map(Self::new)
    }
}

impl<'de, T: FromJson<'de>> FromJson<'de> for Vec<T> {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        let items = node.list()?;
        let mut read = Self::with_capacity(items.len());
        for (index, tree) in items.iter().enumerate() {
            let item = T::from_json(Node { tree, trace: node.trace });
            if item.is_err() {
                failed_at(node.trace, index);
            }
            read.push(item?);
        }
        Ok(read)
    }
}

impl<'de, T: FromJson<'de>> FromJson<'de> for BTreeMap<String, T> {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        let object = node.object()?;
        let mut read = Self::new();
        for (key, tree) in object.entries {
            let value = object.noted(key, T::from_json(Node { tree, trace: node.trace }))?;
            read.insert(key.clone().into_owned(), value);
        }
        Ok(read)
    }
}

fn value(tree: &Tree<'_>) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Unsigned(number) => Value::Number((*number).into()),
        Tree::Signed(number) => Value::Number((*number).into()),
        Tree::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Tree::Text(text) => Value::String(text.clone().into_owned()),
        Tree::List(items) => Value::Array(items.iter().map(value).collect()),
        Tree::Object(entries) => Value::Object(map(entries)),
    }
}

fn map(entries: &[Entry<'_>]) -> Map<String, Value> {
    entries.iter().map(|(key, tree)| (key.clone().into_owned(), value(tree))).collect()
}

impl<'de> FromJson<'de> for Value {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        Ok(value(node.tree))
    }
}

impl<'de> FromJson<'de> for Map<String, Value> {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        node.object().map(|object| map(object.entries))
    }
}

/// Whatever is there.
impl<'de> FromJson<'de> for IgnoredAny {
    fn from_json(_: Node<'de, '_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl<'de> FromJson<'de> for OneOrSeveral {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        match node.tree {
            Tree::Text(text) => Ok(Self::One(text.clone().into_owned())),
            Tree::List(_) => Vec::from_json(node).map(Self::Several),
            _ => Err(node.unexpected(&"a text or a list of texts")),
        }
    }
}

/// A header, or a parameter: a list of two texts.
impl<'de> FromJson<'de> for (String, String) {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        let text = |tree| Node { tree, trace: node.trace }.text().map(str::to_owned);
        match node.list()? {
            [name, value] => Ok((text(name)?, text(value)?)),
            _ => Err(node.unexpected(&"a pair of texts")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{FromJson, from_text};
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize, FromJson)]
    #[serde(rename_all = "camelCase")]
    struct Thing {
        plain: String,
        two_words: Option<i64>,
        r#use: Option<bool>,
        #[serde(rename = "SomeURL")]
        some_url: Option<String>,
        #[serde(default, alias = "ancient_name")]
        modern_name: Vec<Part>,
        #[serde(default)]
        by_name: BTreeMap<String, u8>,
        #[json(serde)]
        pair: Option<(u16, bool)>,
        any: Option<serde_json::Value>,
    }

    #[derive(Debug, PartialEq, Deserialize, FromJson)]
    struct Part(u16);

    #[derive(Debug, PartialEq, Deserialize, FromJson)]
    #[serde(rename_all = "kebab-case")]
    struct Kebab {
        two_words: u64,
    }

    #[derive(Debug, PartialEq, Deserialize, FromJson)]
    #[serde(rename_all = "PascalCase")]
    struct Pascal {
        two_words: Box<Kebab>,
    }

    #[test]
    fn structs_are_read_as_serde_reads_them() {
        for text in [
            r#"{"plain":"a"}"#,
            r#"{"plain":"a\\n","twoWords":null,"use":true,"SomeURL":"u","modernName":[1,2],"byName":{"x":255},
                "pair":[1,false],"any":{"a":[1,-2,1.5,null,true,"t"]},"unknown":{"plain":1}}"#,
            r#"{"plain":"a","ancient_name":[7],"twoWords":-9223372036854775808}"#,
        ] {
            assert_eq!(from_text::<Thing>(text).unwrap(), serde_json::from_str(text).unwrap(), "{text}");
        }
        let text = r#"{"TwoWords":{"two-words":18446744073709551615}}"#;
        assert_eq!(from_text::<Pascal>(text).unwrap(), serde_json::from_str(text).unwrap());
    }

    #[test]
    fn what_serde_refuses_is_refused_and_the_error_says_what_and_where() {
        for (text, pointer, said) in [
            ("[]", "", "invalid type: sequence, expected an object"),
            // serde reads a list in place of an object member by member; here it is none.
            (r#"["a"]"#, "", "invalid type: sequence, expected an object"),
            ("{}", "", "missing field `plain`"),
            (r#"{"plain":null}"#, "/plain", "invalid type: null, expected a string"),
            (r#"{"plain":"a","plain":"b"}"#, "", "duplicate field `plain`"),
            (r#"{"plain":"a","twoWords":1,"twoWords":1}"#, "", "duplicate field `twoWords`"),
            (r#"{"plain":"a","modernName":[],"ancient_name":[]}"#, "", "duplicate field `modernName`"),
            (
                r#"{"plain":"a","twoWords":"1"}"#,
                "/twoWords",
                "invalid type: string \"1\", expected an integer",
            ),
            (
                r#"{"plain":"a","twoWords":1.0}"#,
                "/twoWords",
                "invalid type: floating point `1.0`, expected an integer",
            ),
            (
                r#"{"plain":"a","twoWords":9223372036854775808}"#,
                "/twoWords",
                "invalid value: integer `9223372036854775808`, expected i64",
            ),
            (r#"{"plain":"a","use":1}"#, "/use", "invalid type: integer `1`, expected a boolean"),
            (
                r#"{"plain":"a","modernName":[1,65536]}"#,
                "/modernName/1",
                "invalid value: integer `65536`, expected u16",
            ),
            (r#"{"plain":"a","modernName":{}}"#, "/modernName", "invalid type: map, expected a list"),
            (r#"{"plain":"a","byName":{"x":-1}}"#, "/byName/x", "invalid value: integer `-1`, expected u8"),
            (r#"{"plain":"a","pair":[1]}"#, "/pair", "invalid length 1, expected a tuple of size 2"),
        ] {
            let error = from_text::<Thing>(text).unwrap_err();
            assert_eq!((error.pointer().as_str(), error.to_string().as_str()), (pointer, said), "{text}");
            assert!(serde_json::from_str::<Thing>(text).is_err(), "{text}");
        }
        assert_eq!(from_text::<(String, String)>(r#"["a","b"]"#).unwrap(), ("a".to_owned(), "b".to_owned()));
        for text in [r#"["a"]"#, r#"["a","b","c"]"#, r#"["a",1]"#] {
            let said = from_text::<(String, String)>(text).unwrap_err().to_string();
            assert!(said.starts_with("invalid type: "), "{text}: {said}");
        }
    }
}
