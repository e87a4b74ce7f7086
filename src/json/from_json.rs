//! Reading types without serde. Its derive writes a visitor for every type, and a list of the fields' names with a loop over
//! what came: 2 KiB and more of wasm for a small struct, and there are more than a hundred. Here a struct asks for its
//! fields one after the other, which is a call each; that what was not asked for does not matter is the rule for what
//! vendors send. What is to be refused with every field that is not known (the API's bodies) says
//! `#[serde(deny_unknown_fields)]`, and takes its members in their order, so that the first that is wrong is told.
//! What is said of a value that does not fit is what serde would say.

use super::{Entry, JsonError, Node, Numeral, OneOrSeveral, Tree, grown, refusal::Refusal};
use serde::de::{Error as _, IgnoredAny};
use serde_json::{Map, Number, Value};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

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
pub fn read<'de, T: FromJson<'de>>(text: &'de str) -> Result<T, JsonError> {
    let (tree, trace) = grown(text)?;
    match T::from_json(Node { tree: &tree, trace: &trace }) {
        Ok(value) => Ok(value),
        Err(refusal) => Err(JsonError::new(refusal, trace)),
    }
}

impl<'de> FromJson<'de> for String {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        node.text().map(str::to_owned)
    }
}

/// A text that stands in what was read as it is, without escapes.
impl<'de> FromJson<'de> for &'de str {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        match node.tree {
            Tree::Text(Cow::Borrowed(text)) => Ok(text),
            _ => Err(node.unexpected("a borrowed string")),
        }
    }
}

impl<'de> FromJson<'de> for bool {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        match node.tree {
            Tree::Bool(value) => Ok(*value),
            _ => Err(node.unexpected("a boolean")),
        }
    }
}

macro_rules! numbers {
    ($($number:ident),*) => {
        $(impl<'de> FromJson<'de> for $number {
            fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
                let number = node.unsigned(Self::MAX.into(), stringify!($number))?;
                Self::try_from(number).map_err(|_| node.no_number(stringify!($number)))
            }
        })*
    };
}

numbers!(u8, u16, u32);

impl<'de> FromJson<'de> for u64 {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        node.unsigned(Self::MAX, "u64")
    }
}

impl<'de> FromJson<'de> for i64 {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        match node.number() {
            Some(Numeral::Integer(number)) => Ok(number),
            _ => Err(node.no_number("i64")),
        }
    }
}

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
            read.push(node.item(index, tree)?);
        }
        Ok(read)
    }
}

impl<'de, T: FromJson<'de>> FromJson<'de> for BTreeMap<String, T> {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        let object = node.map()?;
        let mut read = Self::new();
        for (key, tree) in object.entries {
            let value = object.noted(key, T::from_json(Node { tree, trace: node.trace }))?;
            read.insert(key.clone().into_owned(), value);
        }
        Ok(read)
    }
}

/// Keys are texts in JSON.
impl<'de, T: FromJson<'de>> FromJson<'de> for HashMap<u16, T> {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        let object = node.map()?;
        let mut read = Self::new();
        for (key, tree) in object.entries {
            let number =
                key.parse().map_err(|_| Node { tree: &Tree::Text(key.clone()), ..node }.no_number("u16"));
            let number = object.noted(key, number)?;
            read.insert(number, object.noted(key, T::from_json(Node { tree, trace: node.trace }))?);
        }
        Ok(read)
    }
}

macro_rules! tuples {
    ($($length:literal: $($item:ident $index:literal),*;)*) => {
        $(impl<'de, $($item: FromJson<'de>),*> FromJson<'de> for ($($item,)*) {
            #[expect(non_snake_case, reason = "items are named as their types")]
            fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
                let [$($item),*] = node.tuple($length)? else { return Err(node.unexpected("a tuple")) };
                Ok(($(node.item($index, $item)?,)*))
            }
        })*
    };
}

tuples! {
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
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
        node.map().map(|object| map(object.entries))
    }
}

/// Whatever is there.
impl<'de> FromJson<'de> for IgnoredAny {
    fn from_json(_: Node<'de, '_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

const ONE_OR_SEVERAL: &str = "a text or a list of texts";

impl<'de> FromJson<'de> for OneOrSeveral {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        match node.tree {
            Tree::Text(text) => Ok(Self::One(text.clone().into_owned())),
            // One that is none is an error of the whole and not of its place.
            Tree::List(items) => items
                .iter()
                .map(|tree| match tree {
                    Tree::Text(text) => Some(text.clone().into_owned()),
                    _ => None,
                })
                .collect::<Option<_>>()
                .map(Self::Several)
                .ok_or_else(|| Refusal::custom(format_args!("expected {ONE_OR_SEVERAL}"))),
            _ => Err(node.unexpected(ONE_OR_SEVERAL)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{FromJson, read};
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
            assert_eq!(read::<Thing>(text).unwrap(), serde_json::from_str(text).unwrap(), "{text}");
        }
        let text = r#"{"TwoWords":{"two-words":18446744073709551615}}"#;
        assert_eq!(read::<Pascal>(text).unwrap(), serde_json::from_str(text).unwrap());
    }

    #[test]
    fn what_serde_refuses_is_refused_and_the_error_says_what_and_where() {
        for (text, pointer, said) in [
            ("[]", "", "invalid type: sequence, expected a JSON object"),
            // serde reads a list in place of an object member by member; here it is none.
            (r#"["a"]"#, "", "invalid type: sequence, expected a JSON object"),
            ("{}", "", "missing field `plain`"),
            (r#"{"plain":null}"#, "/plain", "invalid type: null, expected a string"),
            (r#"{"plain":"a","plain":"b"}"#, "", "duplicate field `plain`"),
            (r#"{"plain":"a","twoWords":1,"twoWords":1}"#, "", "duplicate field `twoWords`"),
            (r#"{"plain":"a","modernName":[],"ancient_name":[]}"#, "", "duplicate field `modernName`"),
            (r#"{"plain":"a","twoWords":"1"}"#, "/twoWords", "invalid type: string \"1\", expected i64"),
            (
                r#"{"plain":"a","twoWords":1.0}"#,
                "/twoWords",
                "invalid type: floating point `1.0`, expected i64",
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
            (r#"{"plain":"a","modernName":{}}"#, "/modernName", "invalid type: map, expected a sequence"),
            (r#"{"plain":"a","byName":{"x":-1}}"#, "/byName/x", "invalid value: integer `-1`, expected u8"),
            (r#"{"plain":"a","pair":[1]}"#, "/pair", "invalid length 1, expected a tuple of size 2"),
        ] {
            let error = read::<Thing>(text).unwrap_err();
            assert_eq!((error.pointer().as_str(), error.to_string().as_str()), (pointer, said), "{text}");
            assert!(serde_json::from_str::<Thing>(text).is_err(), "{text}");
        }
        assert_eq!(read::<(String, String)>(r#"["a","b"]"#).unwrap(), ("a".to_owned(), "b".to_owned()));
        for (text, pointer, said) in [
            (r#"["a"]"#, "", "invalid length 1, expected a tuple of size 2"),
            (r#"["a","b","c"]"#, "", "invalid length 3, expected fewer items"),
            (r#"["a",1]"#, "/1", "invalid type: integer `1`, expected a string"),
            ("{}", "", "invalid type: map, expected a tuple of size 2"),
        ] {
            let error = read::<(String, String)>(text).unwrap_err();
            assert_eq!((error.pointer().as_str(), error.to_string().as_str()), (pointer, said), "{text}");
        }
    }
}
