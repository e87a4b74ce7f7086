//! An object as it is spelled, for who must see more of a number than a number type keeps: an amount with its places.

use super::read;
use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// A JSON object, its members as they stand there. Which member is where is found out when one is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelled<'t>(&'t str);

impl<'t> Spelled<'t> {
    /// Of a whole text; nothing, if it is no JSON or no object.
    #[must_use]
    pub fn read(text: &'t str) -> Option<Self> {
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        (is_json && text.trim_ascii_start().starts_with('{')).then_some(Self(text))
    }

    /// The value of this name, without blanks around it: of several the last, as parsers have it.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'t str> {
        let mut rest = self.0.trim_ascii_start().strip_prefix('{')?;
        let mut found = None;
        while let Some((key, after)) = first(rest) {
            let (value, after) = first(after.trim_ascii_start().strip_prefix(':')?)?;
            if read::<String>(key).is_ok_and(|key| key == name) {
                found = Some(value);
            }
            match after.trim_ascii_start().strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        found
    }
}

/// The value that a text begins with, and what comes after it; nothing, if it begins with none.
fn first(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start();
    let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    text.split_at_checked(values.byte_offset())
}

#[cfg(test)]
mod tests {
    use super::Spelled;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;

    #[test]
    fn members_are_found_as_they_are_spelled() {
        for text in [
            "{}",
            " \r\n\t{ } ",
            r#"{"a":1}"#,
            r#"{"a":409.6000,"b":-0.10,"c":1e25,"d":1E-2,"e":12345678901234567890.12345678901234567890}"#,
            " {\n\t\"a\" : 1.50 ,\r\n \"b\"\t:\t\"x\" , \"c\" : null , \"d\":true,\"e\":false } ",
            r#"{"a":"}","b":"\"","c":"\\","d":"\\\"},{","e":"\u0022,\"a\":2"}"#,
            r#"{"b":{"a":1,"b":{"a":[2]}},"c":[{"a":3},[4,"]"],"}"],"a":[ ],"d":{ }}"#,
            r#"{"\u0061":"an escaped name","\"b":1,"c\\":2,"ü":"ü","d\u00fc":"\ud83d\ude00"}"#,
            r#"{"a":1,"a":2,"b":3,"a":{"a":4}}"#,
            r#"{"":0}"#,
        ] {
            let spelled = Spelled::read(text).unwrap();
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap();
            for (name, value) in &members {
                assert_eq!(spelled.member(name), Some(value.get()), "{name} of {text}");
            }
            for name in ["a", "b", "c", "d", "e", "ü", "\"b", "c\\", "", "x", "\"a\"", "b\":{\"a"] {
                assert_eq!(
                    spelled.member(name),
                    members.get(name).map(|value| value.get()),
                    "{name} of {text}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_object_or_no_json_is_nothing() {
        for text in [
            "",
            " ",
            "null",
            "1",
            r#""{}""#,
            "[]",
            r#"[{"a":1}]"#,
            "{",
            "{}}",
            "{} {}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            "{a:1}",
            r#"{1:1}"#,
            "\u{a0}{}",
            r#"{"a":"\x"}"#,
        ] {
            assert_eq!(Spelled::read(text), None, "{text}");
        }
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let text = format!(r#"{{"deep":{}1{},"a":2.50}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Spelled::read(&text).unwrap().member("a"), Some("2.50"));
    }
}
