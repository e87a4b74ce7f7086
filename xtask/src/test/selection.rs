//! The tests that `cargo xtask test --filter <text>` selects.

use crate::{npm, watched, workspace};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// The names of the tests in each suite file.
pub type Listing = BTreeMap<String, Vec<String>>;

/// Lists the tests of the suites `<folder>/*.test.mjs` without starting anything.
pub fn list_suites(
    folder: &str,
    variables: impl Iterator<Item = (&'static str, &'static str)>,
) -> Result<Listing> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(workspace::root().join(folder)).with_context(|| folder.to_owned())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") {
            files.push(format!("{folder}/{name}"));
        }
    }
    files.sort();
    let mut node = npm::node_command()?;
    node.args(["--disable-warning=ExperimentalWarning", "xtask/runner/list.mjs"]).args(files).envs(variables);
    let output = node.stderr(Stdio::inherit()).output().context("node cannot be started")?;
    anyhow::ensure!(output.status.success(), "the tests in {folder} cannot be listed ({})", output.status);
    serde_json::from_slice(&output.stdout).context("xtask/runner/list.mjs printed no listing")
}

/// What is to run of the suites of a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Files whose own name matches: all of their tests run.
    pub whole: Vec<String>,
    /// Files of which only the tests with a matching name run.
    pub partly: Vec<String>,
    /// The number of selected tests.
    pub tests: usize,
}

impl Selection {
    /// Selects all tests, or those whose file or full name contains `filter`, in upper or lower case.
    pub fn of(listing: &Listing, filter: Option<&str>) -> Self {
        let filter = filter.unwrap_or_default().to_lowercase();
        let mut selection = Self::default();
        for (file, names) in listing {
            let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let matching = names.iter().filter(|name| name.to_lowercase().contains(&filter)).count();
            if name.contains(&filter) {
                selection.tests += names.len();
                selection.whole.push(file.clone());
            } else if matching > 0 {
                selection.tests += matching;
                selection.partly.push(file.clone());
            }
        }
        selection
    }

    pub fn is_empty(&self) -> bool {
        self.tests == 0
    }
}

impl std::fmt::Display for Selection {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} in {} files", self.tests, self.whole.len() + self.partly.len())
    }
}

/// Node's `--test-name-pattern` for the tests whose name contains `filter`, in upper or lower case.
pub fn node_pattern(filter: &str) -> String {
    let mut pattern = String::from("/");
    for character in filter.chars() {
        if r"\^$.*+?()[]{}|/".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push_str("/i");
    pattern
}

/// The filter as the names of Rust tests have it.
pub fn native_filter(filter: &str) -> String {
    filter.to_lowercase().replace(' ', "_")
}

/// Builds the native tests and returns the number of those that `filter` selects.
pub fn count_native(filter: &str) -> Result<usize> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--workspace", "--", "--list", "--format", "terse", &native_filter(filter)]);
    let listed = watched::run(cargo.current_dir(workspace::root()), super::NO_RUST, super::COMPILING)?;
    Ok(count_listed(&listed))
}

/// Counts the lines `<name>: test` of libtest's listing.
fn count_listed(listing: &str) -> usize {
    listing.lines().filter(|line| line.ends_with(": test")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        BTreeMap::from([
            ("tests/e2e/clicks.test.mjs".to_owned(), of(&["a click is stored once", "Slugs lead on"])),
            ("tests/e2e/edge.test.mjs".to_owned(), of(&["the edge a slug is asked for once", "other"])),
        ])
    }

    fn select(filter: Option<&str>) -> (Vec<String>, Vec<String>, usize) {
        let Selection { whole, partly, tests } = Selection::of(&listing(), filter);
        let stem =
            |file: &String| file.trim_start_matches("tests/e2e/").trim_end_matches(".test.mjs").to_owned();
        (whole.iter().map(stem).collect(), partly.iter().map(stem).collect(), tests)
    }

    #[test]
    fn a_filter_selects_by_file_and_by_full_name() {
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(select(None), (of(&["clicks", "edge"]), of(&[]), 4));
        assert_eq!(select(Some("slug")), (of(&[]), of(&["clicks", "edge"]), 2));
        assert_eq!(select(Some("edge a SLUG")), (of(&[]), of(&["edge"]), 1));
        assert_eq!(select(Some("clicks")), (of(&["clicks"]), of(&[]), 2));
        assert_eq!(select(Some("edge.test")), (of(&["edge"]), of(&[]), 2));
        assert_eq!(select(Some("nothing has this name")), (of(&[]), of(&[]), 0));
    }

    #[test]
    fn a_filter_is_text_and_no_regular_expression() {
        assert_eq!(node_pattern("a+b (c)"), r"/a\+b \(c\)/i");
        assert_eq!(node_pattern("/v1"), r"/\/v1/i");
    }

    #[test]
    fn a_filter_of_words_finds_rust_names() {
        assert_eq!(native_filter("The books balance"), "the_books_balance");
        assert_eq!(native_filter("payouts::random"), "payouts::random");
    }

    #[test]
    fn listed_tests_are_counted_without_benchmarks() {
        assert_eq!(count_listed("a::b: test\nc: test\nd: bench\n\n2 tests, 1 benchmark\n"), 2);
    }
}
