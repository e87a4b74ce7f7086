//! Reading JSON into types, by way of a tree. serde makes a parser of its own for every type and every kind of reader;
//! here there is one reader, so each type is read by one piece of code, and an error comes with the path to where it
//! arose. The tree keeps a key that is given twice, which `serde_json::Value` would not.
//!
//! A crate of its own, because it knows nothing of partners and links, and because it is compiled for size while the rules
//! are compiled for speed.

// A panic ends the wasm instance that everyone shares, so what can panic does not compile. Tests may.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::let_underscore_must_use
    )
)]

// What is derived names this crate.
#[cfg(test)]
extern crate self as json;

mod from_json;
mod grow;
mod node;
mod object;
mod refusal;
mod several;
mod spelled;
mod verbatim;

pub use from_json::{FromJson, read};
pub use json_derive::FromJson;
pub use several::OneOrSeveral;
pub use spelled::Spelled;
pub use verbatim::Verbatim;

use grow::parse;
pub use node::{Node, Numeral};
pub use object::{Members, Object, given};
pub use refusal::Refusal;
use serde::de::Error as _;
use std::{borrow::Cow, cell::RefCell};

/// A JSON value. Texts without escapes are those of the text that was read.
#[derive(Debug, Clone, PartialEq)]
enum Tree<'de> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'de, str>),
    List(Vec<Tree<'de>>),
    Object(Vec<Entry<'de>>),
}

/// A member of an object: its key and its value.
type Entry<'de> = (Cow<'de, str>, Tree<'de>);

/// A step of a path into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Where an error arose, innermost step first; each level adds its own on the error's way out.
type Trace = RefCell<Vec<Step>>;

/// Why a text could not be read into a type, in serde's words.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct JsonError {
    cause: String,
    steps: Vec<Step>,
}

impl JsonError {
    #[cold]
    fn new(Refusal(cause): Refusal, trace: Trace) -> Self {
        Self { cause: *cause, steps: trace.into_inner() }
    }

    /// JSON Pointer (RFC 6901) to where the error arose.
    #[must_use]
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in self.steps.iter().rev() {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

/// The tree of a whole text, and where errors are noted. Not generic, so that it is there once.
fn grown(text: &str) -> Result<(Tree<'_>, Trace), JsonError> {
    let trace = Trace::default();
    match parse(text, &trace) {
        Ok(tree) => Ok((tree, trace)),
        Err(cause) => Err(JsonError::new(Refusal::custom(cause), trace)),
    }
}

/// The text of a value. Its `Display` is another writer than everything else here is written with.
#[must_use]
pub fn text(value: &serde_json::Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Notes the step on which `outcome` failed.
fn traced<T, E>(trace: &Trace, step: impl FnOnce() -> Step, outcome: Result<T, E>) -> Result<T, E> {
    if outcome.is_err() {
        trace.borrow_mut().push(step());
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::{FromJson, read};
    use serde::Deserialize;
    use std::collections::{BTreeMap, HashMap};

    #[derive(Debug, PartialEq, Deserialize, FromJson)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: String,
        #[serde(default)]
        parts: Vec<Part>,
        #[serde(default)]
        by_number: HashMap<u16, (bool, u8)>,
        #[serde(default, rename = "type")]
        kind: BTreeMap<String, i64>,
    }

    #[derive(Debug, PartialEq, Deserialize, FromJson)]
    #[serde(deny_unknown_fields)]
    struct Part {
        a: Option<i64>,
        b: u8,
        c: String,
    }

    #[derive(Debug, PartialEq, FromJson)]
    #[serde(deny_unknown_fields)]
    struct Change {
        #[json(present)]
        text: Option<Option<String>>,
    }

    #[test]
    fn types_are_read_as_serde_json_reads_them() {
        for text in [
            r#"{"by_number":{"7":[true,1],"65535":[false,255]},"type":{"x":-1},
                "name":"x","parts":[{"b":1,"a":null,"c":"c"},{"c":"\n","a":-1,"b":255}]}"#,
            r#"{"name":"x"}"#,
        ] {
            assert_eq!(read::<Thing>(text).unwrap(), serde_json::from_str(text).unwrap());
            assert_eq!(
                read::<serde_json::Value>(text).unwrap(),
                serde_json::from_str::<serde_json::Value>(text).unwrap()
            );
        }
    }

    #[test]
    fn an_error_says_what_and_where() {
        for (text, pointer, said) in [
            (r#"{"name":1}"#, "/name", "invalid type: integer `1`, expected a string"),
            (r#"{"name":null}"#, "/name", "invalid type: null, expected a string"),
            (
                r#"{"name":"x","a~/b":1}"#,
                "/a~0~1b",
                "unknown field `a~/b`, expected one of `name`, `parts`, `by_number`, `type`",
            ),
            (
                r#"{"name":"x","kind":{}}"#,
                "/kind",
                "unknown field `kind`, expected one of `name`, `parts`, `by_number`, `type`",
            ),
            (r#"{"name":"x","name":"y"}"#, "", "duplicate field `name`"),
            (r#"{"name":"x","name":5}"#, "", "duplicate field `name`"),
            ("{}", "", "missing field `name`"),
            (r#"{"name":"x","parts":[{"b":1}]}"#, "/parts/0", "missing field `c`"),
            (r#"{"name":"x","parts":[{}]}"#, "/parts/0", "missing field `b`"),
            (
                r#"{"name":"x","parts":[{"b":256}]}"#,
                "/parts/0/b",
                "invalid value: integer `256`, expected u8",
            ),
            // What is wrong first is told, in the order of the text.
            (r#"{"parts":5,"name":1}"#, "/parts", "invalid type: integer `5`, expected a sequence"),
            (r#"{"parts":5,"odd":1}"#, "/parts", "invalid type: integer `5`, expected a sequence"),
            (r#"{"type":[],"odd":1}"#, "/type", "invalid type: sequence, expected a map"),
            (
                r#"{"odd":1,"parts":5}"#,
                "/odd",
                "unknown field `odd`, expected one of `name`, `parts`, `by_number`, `type`",
            ),
            (r#"{"type":{},"type":{},"parts":5}"#, "", "duplicate field `type`"),
            (
                r#"{"parts":[5],"name":"x","name":"y"}"#,
                "/parts/0",
                "invalid type: integer `5`, expected a JSON object",
            ),
            (
                r#"{"name":"x","by_number":{"7":[true]}}"#,
                "/by_number/7",
                "invalid length 1, expected a tuple of size 2",
            ),
            (
                r#"{"name":"x","by_number":{"7":[true,1,2]}}"#,
                "/by_number/7",
                "invalid length 3, expected fewer items",
            ),
            (
                r#"{"name":"x","by_number":{"-7":[]}}"#,
                "/by_number/-7",
                "invalid type: string \"-7\", expected u16",
            ),
            (r#"{"parts":[1e999]}"#, "/parts/0", "number out of range at line 1 column 15"),
            (r#"{"name":"x"} 1"#, "", "trailing characters at line 1 column 14"),
        ] {
            let error = read::<Thing>(text).unwrap_err();
            assert_eq!((error.pointer().as_str(), error.to_string().as_str()), (pointer, said), "{text}");
        }
    }

    /// serde reads this one too, and says the same of it; where, it does not say.
    #[test]
    fn a_closed_struct_is_refused_in_the_words_of_serde() {
        for text in [
            r#"{"name":1,"odd":1}"#,
            r#"{"odd":1,"name":1}"#,
            r#"{"parts":{},"name":1}"#,
            r#"{"type":{"x":1.5},"name":1}"#,
            r#"{"type":{"x":9223372036854775808},"name":1}"#,
            r#"{"by_number":5}"#,
            r#"{"by_number":{"1":5}}"#,
            r#"{"by_number":{"1":[1,2]}}"#,
            r#"{"parts":[{"a":"1","b":-1}]}"#,
            r#"{"parts":[{"b":-1,"a":"1"}]}"#,
            r#"{"parts":[{"b":1,"c":"","b":2}]}"#,
            r#"{"parts":[{"a":true}]}"#,
            r#"{"parts":[{"a":1}],"name":"x"}"#,
            r#"{"parts":[]}"#,
        ] {
            let said = serde_json::from_str::<Thing>(text).unwrap_err().to_string();
            let said = said.rsplit_once(" at line ").unwrap().0;
            assert_eq!(read::<Thing>(text).unwrap_err().to_string(), said, "{text}");
        }
    }

    #[test]
    fn null_is_not_absence_where_it_is_said() {
        for (text, change) in
            [("{}", None), (r#"{"text":null}"#, Some(None)), (r#"{"text":"a"}"#, Some(Some("a".to_owned())))]
        {
            assert_eq!(read::<Change>(text).unwrap(), Change { text: change }, "{text}");
        }
    }
}
