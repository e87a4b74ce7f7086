//! What is accepted, what is refused, and in which words.

use crate::{double_option, from_str};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};
use std::collections::{BTreeMap, HashMap};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    name: String,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    by_number: HashMap<u16, (bool, u8)>,
    #[serde(default, rename = "type")]
    kind: BTreeMap<String, i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    a: Option<i64>,
    b: u8,
    c: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    plain: String,
    two_words: Option<i64>,
    r#use: Option<bool>,
    #[serde(default, alias = "ancient_name")]
    modern_name: Vec<Number>,
    #[serde(default)]
    by_name: BTreeMap<String, u8>,
    pair: Option<(u16, bool)>,
    any: Option<Value>,
    word: Option<Word>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Number(u16);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Yes,
    No,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Patch {
    #[serde(default, deserialize_with = "double_option")]
    text: Option<Option<String>>,
}

/// Asserts the pointer and the message of an error.
#[track_caller]
fn refuse<'de, T: Deserialize<'de> + std::fmt::Debug>(text: &'de str, pointer: &str, message: &str) {
    let error = from_str::<T>(text).unwrap_err();
    assert_eq!((error.pointer().as_str(), error.to_string().as_str()), (pointer, message), "{text}");
}

#[test]
fn what_is_accepted_is_read_as_serde_json_reads_it() {
    for text in [
        r#"{"by_number":{"7":[true,1],"65535":[false,255]},"type":{"x":-1},
            "name":"x","parts":[{"b":1,"a":null,"c":"c"},{"c":"\n","a":-1,"b":255}]}"#,
        r#"{"name":"x"}"#,
    ] {
        assert_eq!(from_str::<Closed>(text).unwrap(), serde_json::from_str(text).unwrap(), "{text}");
        assert_eq!(from_str::<Value>(text).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
    }
    for text in [
        r#"{"plain":"a"}"#,
        r#"{"plain":"a\\n","twoWords":null,"use":true,"modernName":[1,2],"byName":{"x":255,"\u0078y":0},
            "pair":[1,false],"any":{"a":[1,-2,1.5,null,true,"t",{}]},"word":"yes","unknown":{"plain":1}}"#,
        r#" {"plain":"a","ancient_name":[7],"twoWords":-9223372036854775808}
        "#,
    ] {
        assert_eq!(from_str::<Open>(text).unwrap(), serde_json::from_str(text).unwrap(), "{text}");
    }
    let text = r#"{"yes":1,"no":2}"#;
    assert_eq!(
        from_str::<BTreeMap<Word, u8>>(text).unwrap(),
        BTreeMap::from([(Word::Yes, 1), (Word::No, 2)])
    );
    assert_eq!(from_str::<(&str, &str)>(r#"["a","b"]"#).unwrap(), ("a", "b"));
    let raw: Vec<&RawValue> = from_str(r#"[ 1.50 , {"b" : 1,"a":2,"a":3}]"#).unwrap();
    assert_eq!(raw.iter().map(|raw| raw.get()).collect::<Vec<_>>(), ["1.50", r#"{"b" : 1,"a":2,"a":3}"#]);
    let raw: BTreeMap<String, Box<RawValue>> = from_str(r#"{"a":409.6000}"#).unwrap();
    assert_eq!(raw["a"].get(), "409.6000");
}

#[test]
fn duplicate_keys_are_refused_wherever_a_value_is_read() {
    refuse::<Closed>(r#"{"name":"x","name":"y"}"#, "", "duplicate field `name`");
    refuse::<Closed>(r#"{"name":"x","name":5}"#, "", "duplicate field `name`");
    refuse::<Closed>(r#"{"name":"x","n\u0061me":"y"}"#, "", "duplicate field `name`");
    refuse::<Closed>(r#"{"parts":[{"b":1,"c":"","b":2}]}"#, "/parts/0", "duplicate field `b`");
    refuse::<Open>(r#"{"plain":"a","twoWords":1,"twoWords":1}"#, "", "duplicate field `twoWords`");
    refuse::<Open>(r#"{"plain":"a","modernName":[],"ancient_name":[]}"#, "", "duplicate field `modernName`");
    refuse::<Closed>(r#"{"type":{"a":1,"b":2,"a":3}}"#, "/type/a", "duplicate key `a`");
    refuse::<Closed>(r#"{"type":{"a":1,"\u0061":3}}"#, "/type/a", "duplicate key `a`");
    refuse::<Closed>(r#"{"by_number":{"1":[true,1],"1":[true,1]}}"#, "/by_number/1", "duplicate key `1`");
    refuse::<Open>(r#"{"any":[{"b":{"c/d":1,"c/d":2}}]}"#, "/any/0/b/c~1d", "duplicate key `c/d`");
    refuse::<serde_json::Map<String, Value>>(r#"{"a":1,"a":1}"#, "/a", "duplicate key `a`");
    // The same key in several objects is no duplicate, and what is skipped is not checked.
    for text in
        [r#"{"plain":"a","any":{"a":{"a":1},"b":{"a":1}}}"#, r#"{"plain":"a","x":{"a":1,"a":2},"x":1}"#]
    {
        assert_eq!(from_str::<Open>(text).unwrap(), serde_json::from_str(text).unwrap(), "{text}");
    }
}

#[test]
fn long_keys_are_cut_in_pointers() {
    let key = "é".repeat(40);
    refuse::<Closed>(
        &format!(r#"{{"type":{{"{key}":"x"}}}}"#),
        &format!("/type/{key}"),
        r#"invalid type: string "x", expected i64"#,
    );
    refuse::<Closed>(
        &format!(r#"{{"type":{{"{}":"x"}}}}"#, "é".repeat(250_000)),
        &format!("/type/{key}…"),
        r#"invalid type: string "x", expected i64"#,
    );
}

#[test]
fn a_list_is_no_object() {
    refuse::<Closed>("[]", "", "invalid type: sequence, expected a JSON object");
    refuse::<Open>(r#"["a"]"#, "", "invalid type: sequence, expected a JSON object");
    refuse::<Closed>(
        r#"{"parts":[[1,2,"c"]]}"#,
        "/parts/0",
        "invalid type: sequence, expected a JSON object",
    );
    refuse::<Option<Box<Part>>>(r#"[1,2,"c"]"#, "", "invalid type: sequence, expected a JSON object");
    for (text, found) in
        [("null", "null"), ("0", "integer `0`"), ("true", "boolean `true`"), (r#""{}""#, r#"string "{}""#)]
    {
        refuse::<Closed>(text, "", &format!("invalid type: {found}, expected a JSON object"));
    }
}

#[test]
fn an_error_names_the_value_and_its_place() {
    const FIELDS: &str = "expected one of `name`, `parts`, `by_number`, `type`";
    for (text, pointer, message) in [
        (r#"{"name":1}"#, "/name", "invalid type: integer `1`, expected a string"),
        (r#"{"name":null}"#, "/name", "invalid type: null, expected a string"),
        ("{}", "", "missing field `name`"),
        (r#"{"name":"x","a~/b":1}"#, "/a~0~1b", &format!("unknown field `a~/b`, {FIELDS}")),
        (r#"{"name":"x","\u006bind":{}}"#, "/kind", &format!("unknown field `kind`, {FIELDS}")),
        (r#"{"name":"x","parts":[{"b":1}]}"#, "/parts/0", "missing field `c`"),
        (r#"{"name":"x","parts":[{}]}"#, "/parts/0", "missing field `b`"),
        (r#"{"parts":[{"b":256}]}"#, "/parts/0/b", "invalid value: integer `256`, expected u8"),
        (r#"{"parts":[{"b":1.0}]}"#, "/parts/0/b", "invalid type: floating point `1.0`, expected u8"),
        (
            r#"{"parts":[{"a":9223372036854775808}]}"#,
            "/parts/0/a",
            "invalid value: integer `9223372036854775808`, expected i64",
        ),
        // The first error in the order of the text is reported.
        (r#"{"parts":5,"name":1}"#, "/parts", "invalid type: integer `5`, expected a sequence"),
        (r#"{"parts":5,"odd":1}"#, "/parts", "invalid type: integer `5`, expected a sequence"),
        (r#"{"type":[],"odd":1}"#, "/type", "invalid type: sequence, expected a map"),
        (r#"{"odd":1,"parts":5}"#, "/odd", &format!("unknown field `odd`, {FIELDS}")),
        (r#"{"type":{},"type":{},"parts":5}"#, "", "duplicate field `type`"),
        (r#"{"parts":[5],"name":1}"#, "/parts/0", "invalid type: integer `5`, expected a JSON object"),
        (r#"{"by_number":{"7":[true]}}"#, "/by_number/7", "invalid length 1, expected a tuple of size 2"),
        (r#"{"by_number":{"7":[true,1,2]}}"#, "/by_number/7", "invalid length 3, expected fewer items"),
        (r#"{"by_number":{"-7":[]}}"#, "/by_number/-7", "invalid type: string \"-7\", expected u16"),
    ] {
        refuse::<Closed>(text, pointer, message);
        assert!(!from_str::<Closed>(text).unwrap_err().is_syntax(), "{text}");
        assert!(serde_json::from_str::<Closed>(text).is_err(), "{text}");
    }
    for (text, pointer, message) in [
        (r#"{"twoWords":"1"}"#, "/twoWords", "invalid type: string \"1\", expected i64"),
        (r#"{"use":1}"#, "/use", "invalid type: integer `1`, expected a boolean"),
        (r#"{"modernName":[1,65536]}"#, "/modernName/1", "invalid value: integer `65536`, expected u16"),
        (r#"{"modernName":{}}"#, "/modernName", "invalid type: map, expected a sequence"),
        (r#"{"ancient_name":[true]}"#, "/ancient_name/0", "invalid type: boolean `true`, expected u16"),
        (r#"{"byName":{"x":-1}}"#, "/byName/x", "invalid value: integer `-1`, expected u8"),
        (r#"{"pair":{}}"#, "/pair", "invalid type: map, expected a tuple of size 2"),
        (r#"{"word":"maybe"}"#, "/word", "unknown variant `maybe`, expected `yes` or `no`"),
        (r#"{"word":{"yes":null}}"#, "/word", "invalid type: map, expected a text"),
        (r#"{"word":1}"#, "/word", "invalid type: integer `1`, expected a text"),
    ] {
        refuse::<Open>(text, pointer, message);
    }
    refuse::<&str>(r#""a\n""#, "", "invalid type: string \"a\\n\", expected a borrowed string");
}

#[test]
fn text_that_is_not_json_is_reported_as_such() {
    for (text, message) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        (r#"{"name":"x"} 1"#, "trailing characters at line 1 column 14"),
        (r#"{"name":01}"#, "invalid number at line 1 column 10"),
        // An error of a field does not hide it.
        (r#"{"name":1,}"#, "key must be a string at line 1 column 11"),
        (r#"{"name":1,"parts":["\ud83e"]}"#, "unexpected end of hex escape at line 1 column 27"),
        (r#"{"odd":1"#, "EOF while parsing an object at line 1 column 8"),
        (r#"{"name":"x","parts":[1,]}"#, "expected value at line 1 column 24"),
    ] {
        refuse::<Closed>(text, if text.contains("ud83e") { "/parts/0" } else { "" }, message);
        assert!(from_str::<Closed>(text).unwrap_err().is_syntax(), "{text}");
    }
    let deep = format!(r#"{{"name":1,"parts":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let error = from_str::<Closed>(&deep).unwrap_err();
    assert!(error.is_syntax() && error.to_string().starts_with("recursion limit exceeded at"), "{error}");
    // Such a number is well-formed, but no type can hold it.
    for text in [r#"{"name":1,"parts":[1e999]}"#, r#"{"name":"x","parts":[1e999]}"#] {
        refuse::<Closed>(text, "/parts/0", "number out of range");
        assert!(!from_str::<Closed>(text).unwrap_err().is_syntax());
    }
}

#[test]
fn a_value_that_stands_alone_is_checked_to_its_end() {
    assert_eq!(from_str::<i64>(" -7\n").unwrap(), -7);
    assert_eq!(from_str::<Option<bool>>("\tnull ").unwrap(), None);
    assert_eq!(from_str::<String>(r#""a\u0062""#).unwrap(), "ab");
    assert_eq!(from_str::<&RawValue>(r#" {"a":1} "#).unwrap().get(), r#"{"a":1}"#);
    for (text, message) in [
        ("nul", "EOF while parsing a value at line 1 column 3"),
        ("null x", "trailing characters at line 1 column 6"),
        ("07", "invalid number at line 1 column 2"),
        ("+7", "expected value at line 1 column 1"),
        ("tru", "EOF while parsing a value at line 1 column 3"),
        ("\"a\u{1}\"", "control character (\\u0000-\\u001F) found while parsing a string at line 1 column 2"),
        (r#""a" "b""#, "trailing characters at line 1 column 5"),
        (r#"[1] 2"#, "trailing characters at line 1 column 5"),
        ("\u{a0}1", "expected value at line 1 column 1"),
    ] {
        for error in [
            from_str::<Option<i64>>(text).unwrap_err(),
            from_str::<Option<String>>(text).unwrap_err(),
            from_str::<bool>(text).unwrap_err(),
            from_str::<Vec<u8>>(text).unwrap_err(),
            from_str::<Value>(text).unwrap_err(),
            from_str::<IgnoredAny>(text).unwrap_err(),
            from_str::<Box<RawValue>>(text).unwrap_err(),
            from_str::<Word>(text).unwrap_err(),
        ] {
            assert_eq!((error.pointer().as_str(), error.to_string().as_str()), ("", message), "{text}");
            assert!(error.is_syntax(), "{text}");
        }
    }
}

#[test]
fn null_differs_from_absence_where_the_type_says_so() {
    for (text, change) in
        [("{}", None), (r#"{"text":null}"#, Some(None)), (r#"{"text":"a"}"#, Some(Some("a".to_owned())))]
    {
        assert_eq!(from_str::<Patch>(text).unwrap(), Patch { text: change }, "{text}");
    }
    refuse::<Patch>(r#"{"text":1}"#, "/text", "invalid type: integer `1`, expected a string");
}

#[test]
fn deep_nesting_around_a_long_text_is_refused_and_around_a_short_one_is_not() {
    let nested =
        |levels: usize, content: &str| format!("{}{content}{}", "[".repeat(levels), "]".repeat(levels));
    let long = format!("\"{}\"", "x".repeat(1024 * 1024));
    for (levels, content) in [(127, "1"), (127, ""), (10, long.as_str())] {
        let text = nested(levels, content);
        assert_eq!(from_str::<Value>(&text).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
    }
    let message = "the value is nested too deeply";
    refuse::<Value>(&nested(127, &long), &"/0".repeat(16), message);
    for text in [nested(128, ""), nested(128, "1")] {
        let error = from_str::<Value>(&text).unwrap_err();
        assert!(error.is_syntax() && error.to_string().starts_with("recursion limit exceeded at"), "{error}");
    }
}

#[test]
fn many_keys_are_compared_quickly() {
    let members: Vec<String> = (0..50_000).map(|n| format!(r#""{n}":{n}"#)).collect();
    let text = format!("{{{}}}", members.join(","));
    assert_eq!(from_str::<BTreeMap<String, u64>>(&text).unwrap().len(), 50_000);
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Point,
    Circle(Circle),
    Rectangle { width: i64, height: i64 },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Circle {
    radius: i64,
}

#[test]
fn a_variant_with_a_value_is_an_object_with_one_member() {
    assert_eq!(from_str::<Shape>(r#""point""#).unwrap(), Shape::Point);
    assert_eq!(from_str::<Shape>(r#"{"circle":{"radius":1}}"#).unwrap(), Shape::Circle(Circle { radius: 1 }));
    let rectangle = from_str::<Vec<Shape>>(r#"[{"rectangle":{"width":1,"height":2}}]"#).unwrap();
    assert_eq!(rectangle, [Shape::Rectangle { width: 1, height: 2 }]);
    refuse::<Shape>(r#"{"point":null}"#, "", "invalid type: map, expected a text");
    refuse::<Shape>("{}", "", "invalid type: map, expected a text");
    refuse::<Shape>(
        r#"{"circle":{"radius":"1"}}"#,
        "/circle/radius",
        "invalid type: string \"1\", expected i64",
    );
    refuse::<Shape>(r#"{"circle":[1]}"#, "/circle", "invalid type: sequence, expected a JSON object");
    refuse::<Shape>(r#"{"rectangle":{"width":1}}"#, "/rectangle", "missing field `height`");
    refuse::<Shape>(r#"{"circle":{"radius":1},"point":null}"#, "", "expected one variant");
    refuse::<Shape>(
        r#"{"square":1}"#,
        "/square",
        "unknown variant `square`, expected one of `point`, `circle`, `rectangle`",
    );
}

#[derive(Debug, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    data: &'a serde_json::value::RawValue,
    more: Box<serde_json::value::RawValue>,
}

#[test]
fn raw_values_keep_their_text() {
    let line: Line<'_> = from_str(r#"{"data": {"b": 1, "a": [2] }, "more":"x"}"#).unwrap();
    assert_eq!((line.data.get(), line.more.get()), (r#"{"b": 1, "a": [2] }"#, r#""x""#));
}
