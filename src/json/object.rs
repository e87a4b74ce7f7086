//! Objects, whose fields are asked for by name, or whose members are taken in their order.

use super::{
    Entry, FromJson,
    node::{Node, failed_below},
    refusal::Refusal,
};
use serde::de::Error as _;
use std::cell::Cell;

/// An object whose fields are asked for.
pub struct Object<'de, 't> {
    pub(super) entries: &'t [Entry<'de>],
    node: Node<'de, 't>,
    /// The first that is wrong with its fields.
    failure: Cell<Option<Refusal>>,
    is_failed: Cell<bool>,
}

#[cold]
fn missing(name: &'static str) -> Refusal {
    Refusal::missing_field(name)
}

impl<'de, 't> Object<'de, 't> {
    pub(super) fn new(entries: &'t [Entry<'de>], node: Node<'de, 't>) -> Self {
        Self { entries, node, failure: Cell::new(None), is_failed: Cell::new(false) }
    }

    /// The part under a name, or under the other name that it may have.
    fn part(&self, name: &'static str, alias: &str) -> Result<Option<Node<'de, 't>>, Refusal> {
        let mut found = self.entries.iter().filter(|(key, _)| key == name || key == alias);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Refusal::duplicate_field(name)),
            (Some((_, tree)), None) => Ok(Some(Node { tree, trace: self.node.trace })),
            (None, None) => Ok(None),
        }
    }

    /// Notes where reading a member failed.
    pub(super) fn noted<T>(&self, name: &str, read: Result<T, Refusal>) -> Result<T, Refusal> {
        if read.is_err() {
            failed_below(self.node.trace, name);
        }
        read
    }

    /// A field.
    pub fn field<T: FromJson<'de>>(&self, name: &'static str, alias: &str) -> Result<T, Refusal> {
        self.found()?;
        match self.part(name, alias)? {
            Some(node) => self.noted(name, T::from_json(node)),
            None => T::absent().ok_or_else(|| missing(name)),
        }
    }

    /// Notes what is wrong with a field; what is wrong first counts.
    #[cold]
    fn failed(&self, refusal: Refusal) {
        self.is_failed.set(true);
        self.failure.set(Some(refusal));
    }

    /// What stands under a name; nothing too if a field before it was wrong.
    fn sought(&self, name: &'static str, alias: &str) -> Option<Node<'de, 't>> {
        if self.is_failed.get() {
            return None;
        }
        self.part(name, alias).unwrap_or_else(|refusal| {
            self.failed(refusal);
            None
        })
    }

    fn taken<T: FromJson<'de> + Default>(&self, name: &'static str, alias: &str, is_optional: bool) -> T {
        match self.sought(name, alias).map(T::from_json) {
            Some(Ok(value)) => return value,
            Some(Err(refusal)) => {
                failed_below(self.node.trace, name);
                self.failed(refusal);
            }
            None if is_optional || T::absent().is_some() || self.is_failed.get() => {}
            None => self.failed(missing(name)),
        }
        T::default()
    }

    /// A field of a type that has something to stand in its place if it is wrong: what is wrong is noted, so that code to
    /// drop what was read before is there once for a struct, and not for each of its fields.
    pub fn plain<T: FromJson<'de> + Default>(&self, name: &'static str) -> T {
        self.taken(name, name, false)
    }

    /// The same of one that may be absent.
    pub fn plain_or_default<T: FromJson<'de> + Default>(&self, name: &'static str) -> T {
        self.taken(name, name, true)
    }

    /// The same of one that may have another name.
    pub fn either<T: FromJson<'de> + Default>(
        &self,
        name: &'static str,
        alias: &str,
        is_optional: bool,
    ) -> T {
        self.taken(name, alias, is_optional)
    }

    /// Refuses if something was wrong.
    pub fn found(&self) -> Result<(), Refusal> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Its members in their order.
    #[must_use]
    pub fn members(self, names: &'static [&'static str]) -> Members<'de, 't> {
        Members { object: self, names, place: 0 }
    }
}

/// The members of an object that has no others than those it may have.
pub struct Members<'de, 't> {
    object: Object<'de, 't>,
    names: &'static [&'static str],
    /// Members before this one have been read.
    place: usize,
}

impl<'de, 't> Members<'de, 't> {
    /// The next one, and the place of its name among those that are known. A name that is not known is refused, and one
    /// that was there before.
    #[expect(clippy::should_implement_trait, reason = "what is wrong ends it")]
    pub fn next(&mut self) -> Result<Option<(usize, Node<'de, 't>)>, Refusal> {
        let Object { entries, node, .. } = self.object;
        let Some((key, tree)) = entries.get(self.place) else { return Ok(None) };
        let Some((which, name)) = self.names.iter().enumerate().find(|(_, name)| *name == key) else {
            failed_below(node.trace, key);
            return Err(Refusal::unknown_field(key, self.names));
        };
        if entries.iter().take(self.place).any(|(before, _)| before == key) {
            return Err(Refusal::duplicate_field(name));
        }
        self.place = self.place.saturating_add(1);
        Ok(Some((which, Node { tree, ..node })))
    }

    /// Notes where reading the member failed.
    pub fn noted(&self, read: Result<(), Refusal>) -> Result<(), Refusal> {
        let member = self.place.checked_sub(1).and_then(|place| self.object.entries.get(place));
        match member {
            Some((key, _)) => self.object.noted(key, read),
            None => read,
        }
    }
}

/// A field that was among the members, or what it is if it was not.
pub fn given<'de, T: FromJson<'de>>(name: &'static str, read: Option<T>) -> Result<T, Refusal> {
    read.or_else(T::absent).ok_or_else(|| missing(name))
}
