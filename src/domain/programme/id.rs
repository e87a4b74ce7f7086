//! Which programme a request belongs to. The names of objects and KV keys, seals and rate limits derive from it, so that
//! programmes on one deployment share nothing. The programme `main` keeps the plain names.

use crate::clicks::click::SHARDS;
use std::borrow::Cow;

/// Identifies a programme of this deployment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProgrammeId(Cow<'static, str>);

/// What precedes the names of every programme but `main`.
const PREFIX: &str = "programme/";
/// The longest id, in characters.
const MAX_LENGTH: usize = 32;

impl ProgrammeId {
    /// The programme of a deployment that has one.
    pub const MAIN: Self = Self(Cow::Borrowed("main"));

    /// Parses 1 to 32 lower-case letters, digits and hyphens.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let valid = (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(plain);
        valid.then(|| Self(Cow::Owned(text.to_owned())))
    }

    /// A name within the programme: a KV key, a key of the rate limiter, the label that a subkey is derived under.
    #[must_use]
    pub fn qualify<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if *self == Self::MAIN {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("{PREFIX}{}/{name}", self.0))
        }
    }

    /// The name of the programme's Ledger object.
    #[must_use]
    pub fn ledger_name(&self) -> &str {
        &self.0
    }

    /// The name of one of the programme's ClickLog objects.
    #[must_use]
    pub fn click_log_name(&self, shard: u8) -> String {
        self.qualify(&shard.to_string()).into_owned()
    }

    /// The name of the object of one of the programme's simulations.
    #[must_use]
    pub fn simulation_name(&self, id: &str) -> String {
        self.qualify(id).into_owned()
    }

    /// The programme of the simulation's object with this name.
    #[must_use]
    pub fn of_simulation(name: &str) -> Option<Self> {
        match name.strip_prefix(PREFIX) {
            Some(rest) => Self::parse(rest.split_once('/')?.0),
            None => (!name.is_empty()).then_some(Self::MAIN),
        }
    }

    /// The name of the object that sends the programme's events to their destinations.
    #[must_use]
    pub fn relay_name(&self) -> &str {
        &self.0
    }

    /// The programme of the relay with this name.
    #[must_use]
    pub fn of_relay(name: &str) -> Option<Self> {
        Self::parse(name)
    }

    /// The name of the object of a destination with this id.
    #[must_use]
    pub fn destination_name(&self, id: &str) -> String {
        self.qualify(id).into_owned()
    }

    /// The programme and id of the destination's object with this name.
    #[must_use]
    pub fn of_destination(name: &str) -> Option<(Self, &str)> {
        let (programme, id) = match name.strip_prefix(PREFIX) {
            Some(rest) => {
                let (programme, id) = rest.split_once('/')?;
                (Self::parse(programme)?, id)
            }
            None => (Self::MAIN, name),
        };
        (!id.is_empty()).then_some((programme, id))
    }

    /// The programme of the Ledger object with this name.
    #[must_use]
    pub fn of_ledger(name: &str) -> Option<Self> {
        Self::parse(name)
    }

    /// The programme and shard of the ClickLog object with this name.
    #[must_use]
    pub fn of_click_log(name: &str) -> Option<(Self, u8)> {
        let (programme, shard) = match name.strip_prefix(PREFIX) {
            Some(rest) => {
                let (id, shard) = rest.split_once('/')?;
                (Self::parse(id)?, shard)
            }
            None => (Self::MAIN, name),
        };
        Some((programme, shard.parse().ok().filter(|shard| *shard < SHARDS)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_keeps_the_plain_names() {
        let main = ProgrammeId::parse("main").unwrap();
        assert_eq!(main, ProgrammeId::MAIN);
        assert_eq!(main.ledger_name(), "main");
        assert_eq!(main.qualify("snapshot"), "snapshot");
        assert_eq!(
            (0..SHARDS).map(|shard| main.click_log_name(shard)).collect::<Vec<_>>().join(" "),
            "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"
        );
        assert_eq!(ProgrammeId::of_click_log("15"), Some((main.clone(), 15)));
        assert_eq!(main.simulation_name("a_1-Z"), "a_1-Z");
        assert_eq!(ProgrammeId::of_simulation("a_1-Z"), Some(main.clone()));
        assert_eq!(main.destination_name("whk_1"), "whk_1");
        assert_eq!(ProgrammeId::of_destination("whk_1"), Some((main.clone(), "whk_1")));
        assert_eq!(ProgrammeId::of_relay(main.relay_name()), Some(main.clone()));
        assert_eq!(ProgrammeId::of_ledger("main"), Some(main));
    }

    #[test]
    fn programmes_share_no_name() {
        let test = ProgrammeId::parse("acme-test").unwrap();
        assert_eq!(test.qualify("slug/a"), "programme/acme-test/slug/a");
        assert_eq!(test.click_log_name(3), "programme/acme-test/3");
        assert_eq!(ProgrammeId::of_click_log("programme/acme-test/3"), Some((test.clone(), 3)));
        assert_eq!(test.simulation_name("a_1-Z"), "programme/acme-test/a_1-Z");
        assert_eq!(ProgrammeId::of_simulation("programme/acme-test/a_1-Z"), Some(test.clone()));
        assert_eq!(test.destination_name("whk_1"), "programme/acme-test/whk_1");
        assert_eq!(ProgrammeId::of_destination("programme/acme-test/whk_1"), Some((test.clone(), "whk_1")));
        assert_eq!(ProgrammeId::of_ledger(test.ledger_name()), Some(test));
        for name in ["", "programme/a", "programme/A/1"] {
            assert_eq!(ProgrammeId::of_simulation(name), None, "{name}");
        }
        for name in ["16", "-1", "", "main", "programme/3", "programme/A/3", "programme/a/b/3"] {
            assert_eq!(ProgrammeId::of_click_log(name), None, "{name}");
        }
        for id in ["", "A", "a/b", "a b", &"a".repeat(33)] {
            assert_eq!(ProgrammeId::parse(id), None, "{id}");
        }
    }
}
