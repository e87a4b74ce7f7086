//! The published list of names that crawlers, link previews and scripts identify themselves with.
//!
//! `crawlers.txt` is written by `cargo xtask agents` from the npm package `crawler-user-agents`. Its lines are literal
//! texts; `^` before a text and `$` after it stand for the start and the end of the user agent.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::sync::LazyLock;

const LIST: &str = include_str!("crawlers.txt");

/// A name, and where in the user agent it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Name {
    text: &'static str,
    at_start: bool,
    at_end: bool,
}

impl Name {
    fn parse(line: &'static str) -> Self {
        let (line, at_start) = line.strip_prefix('^').map_or((line, false), |line| (line, true));
        let (text, at_end) = line.strip_suffix('$').map_or((line, false), |line| (line, true));
        Self { text, at_start, at_end }
    }
}

/// The list, and the automaton that finds all of its names in one pass.
struct Crawlers {
    names: Vec<Name>,
    /// `None` if it cannot be built, which a test excludes.
    automaton: Option<AhoCorasick>,
}

/// Built when the first user agent is classified, because it would double the time that an instance takes to start.
static CRAWLERS: LazyLock<Crawlers> = LazyLock::new(|| {
    let names: Vec<Name> = LIST.lines().filter(|line| !line.starts_with('#')).map(Name::parse).collect();
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(names.iter().map(|name| name.text))
        .ok();
    Crawlers { names, automaton }
});

/// Returns whether the list has a name that the user agent contains. Case matters.
pub(super) fn are_named_in(user_agent: &str) -> bool {
    let Crawlers { names, automaton } = &*CRAWLERS;
    let Some(automaton) = automaton else { return false };
    automaton.find_overlapping_iter(user_agent).any(|found| {
        names.get(found.pattern().as_usize()).is_some_and(|name| {
            (!name.at_start || found.start() == 0) && (!name.at_end || found.end() == user_agent.len())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_list_is_searched_for() {
        assert!(CRAWLERS.automaton.is_some());
        assert!(CRAWLERS.names.len() > 1_400, "{}", CRAWLERS.names.len());
        for name in &CRAWLERS.names {
            assert!(!name.text.is_empty() && are_named_in(name.text), "{name:?}");
        }
    }

    #[test]
    fn anchored_names_are_found_at_their_place_only() {
        assert!(are_named_in("curl/8.5.0") && !are_named_in("Example curl/8.5.0"));
        assert!(are_named_in("Example SSL Labs") && !are_named_in("SSL Labs Example"));
    }
}
