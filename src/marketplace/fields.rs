//! JSON objects whose members are read one by one. One odd member of an order must not lose the order: members that an
//! event needs are read with an error, and side fields are skipped and noted.

use super::adapter::{Unreadable, unreadable};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::{cell::RefCell, collections::BTreeMap};

/// The maximum number of skipped fields that are noted.
const MAX_NOTED: usize = 10;

/// A JSON object with its members as text.
pub struct Fields {
    members: BTreeMap<String, Box<RawValue>>,
    skipped: RefCell<Vec<String>>,
}

impl Fields {
    /// Parses a text, which must be an object without duplicate keys.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        Ok(Self { members: strict_json::from_str(text)?, skipped: RefCell::default() })
    }

    /// The text of a member; `None` if it is absent, `null`, empty or, as PHP writes an unknown value, `false`.
    fn raw(&self, name: &str) -> Option<&str> {
        let raw = self.members.get(name)?.get();
        (!matches!(raw, "null" | "false" | r#""""#)).then_some(raw)
    }

    /// Whether a member is set.
    pub fn is_set(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A member that the event needs: a text, or the digits of a number; `None` if it is not set.
    pub fn needed(&self, name: &str) -> Result<Option<String>, Unreadable> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        scalar(raw).map(Some).ok_or_else(|| unreadable(format!("/{name} is neither a text nor a number")))
    }

    /// A side field: a text, or the digits of a number; `None` if it is not set or cannot be read.
    pub fn side(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        self.or_skip(scalar(raw), || name.to_owned())
    }

    /// A side field of another type; `None` if it is not set or cannot be read.
    pub fn side_of<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let raw = self.raw(name)?;
        self.or_skip(strict_json::from_str(raw).ok(), || name.to_owned())
    }

    /// The items of a side field that is a list, without those that cannot be read.
    pub fn side_list<T: DeserializeOwned>(&self, name: &str) -> Vec<T> {
        let Some(raw) = self.raw(name) else { return Vec::new() };
        let items = self.or_skip(items(raw), || name.to_owned()).unwrap_or_default();
        let read = |(index, item): (usize, Box<RawValue>)| {
            self.or_skip(strict_json::from_str(item.get()).ok(), || format!("{name}/{index}"))
        };
        items.into_iter().enumerate().filter_map(read).collect()
    }

    /// The items of a list that the event needs, each as text; empty if the list is not set.
    pub fn needed_list(&self, name: &str) -> Result<Vec<Box<RawValue>>, Unreadable> {
        let Some(raw) = self.raw(name) else { return Ok(Vec::new()) };
        items(raw).ok_or_else(|| unreadable(format!("/{name} is not a list")))
    }

    /// Notes that a field was skipped.
    pub fn skip(&self, name: impl Into<String>) {
        let (mut skipped, name) = (self.skipped.borrow_mut(), format!("/{}", name.into()));
        if skipped.len() < MAX_NOTED && !skipped.contains(&name) {
            skipped.push(name);
        }
    }

    /// The fields that were skipped so far, as JSON Pointers.
    pub fn skipped(&self) -> Vec<String> {
        self.skipped.borrow().clone()
    }

    fn or_skip<T>(&self, read: Option<T>, name: impl FnOnce() -> String) -> Option<T> {
        if read.is_none() {
            self.skip(name());
        }
        read
    }
}

/// A text, or the digits of a number.
fn scalar(raw: &str) -> Option<String> {
    match raw.bytes().next()? {
        b'"' => strict_json::from_str(raw).ok(),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

/// The items of a list. PHP writes a list with a gap in its keys as an object, whose values are the items.
fn items(raw: &str) -> Option<Vec<Box<RawValue>>> {
    let list = strict_json::from_str(raw).ok();
    list.or_else(|| {
        let object: BTreeMap<String, Box<RawValue>> = strict_json::from_str(raw).ok()?;
        let mut numbered = Vec::with_capacity(object.len());
        for (key, item) in object {
            numbered.push((key.parse::<u32>().ok()?, item));
        }
        numbered.sort_by_key(|(number, _)| *number);
        Some(numbered.into_iter().map(|(_, item)| item).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_side_field_is_skipped_and_noted_and_a_needed_one_is_an_error() {
        let text = r#"{"id": 7, "total": "1.50", "none": null, "off": false, "empty": "", "odd": {"x": 1}, "flag": true,
            "list": [{"key": "a"}, {}, [], {"key": "b"}], "gap": {"10": {"key": "d"}, "2": {"key": "c"}},
            "named": {"key": "e"}}"#;
        let fields = Fields::read(text).unwrap();
        #[derive(serde::Deserialize)]
        struct Item {
            key: String,
        }
        let keys = |name| fields.side_list(name).into_iter().map(|item: Item| item.key).collect::<Vec<_>>();
        assert_eq!(fields.needed("id"), Ok(Some("7".to_owned())));
        assert_eq!(fields.needed("total"), Ok(Some("1.50".to_owned())));
        for name in ["none", "off", "empty", "absent"] {
            assert_eq!((fields.needed(name), fields.is_set(name)), (Ok(None), false), "{name}");
        }
        assert_eq!(fields.needed("odd"), Err(unreadable("/odd is neither a text nor a number")));
        assert_eq!(
            (keys("list"), keys("gap"), keys("absent")),
            (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned(), "d".to_owned()], vec![])
        );
        assert_eq!((keys("named"), keys("total")), (vec![], vec![]));
        assert_eq!(
            (fields.side("odd"), fields.side("flag"), fields.side_of::<u8>("id")),
            (None, None, Some(7))
        );
        assert_eq!(fields.skipped(), ["/list/1", "/list/2", "/named", "/total", "/odd", "/flag"]);
        assert_eq!(Fields::read(r#"{"a": 1, "a": 2}"#).err(), Some(unreadable("/a: duplicate key `a`")));
        assert!(matches!(Fields::read("[]"), Err(Unreadable(_))));
    }
}
