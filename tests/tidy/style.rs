//! Names, markers and headers of source files.

use crate::{
    report::{assert_none, note},
    sources::{Source, sources},
};

/// `text` as the names in it: runs of letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Advice only: a file is split where its nouns are, not where its lines end.
#[test]
fn files_over_four_hundred_lines_are_noted() {
    for Source { path, text } in sources().unwrap() {
        let lines = text.lines().count();
        if lines > 400 {
            note(&format!("{path} has {lines} lines: does it hold more than one noun?"));
        }
    }
}

#[test]
fn names_are_nouns_of_the_field() {
    let banned = ["utils", "helper", "manager"];
    let declares =
        ["fn", "struct", "enum", "trait", "mod", "type", "const", "static", "let", "class", "function"];
    let vague = |name: &str| banned.iter().any(|word| name.to_lowercase().contains(word));
    let mut offences = Vec::new();
    for source in sources().unwrap() {
        if vague(&source.path) {
            offences.push(format!("{}: name it after a noun of the field", source.path));
        }
        for (number, line) in source.text.lines().enumerate() {
            let names: Vec<&str> = words(line).collect();
            for pair in names.windows(2) {
                if declares.contains(&pair[0]) && vague(pair[1]) {
                    offences.push(format!("{}:{}: {}", source.path, number + 1, pair[1]));
                }
            }
        }
    }
    assert_none(&offences);
}

#[test]
fn no_work_is_left_for_later() {
    // Concatenated, so that this file does not match itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("dbg", "!(")];
    let skips = [concat!("#[ig", "nore"), concat!("test.", "skip("), concat!("test.", "todo(")];
    let mut offences = Vec::new();
    for source in sources().unwrap() {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(mark) = marks.iter().chain(&skips).find(|mark| line.contains(**mark)) {
                offences.push(format!("{}:{}: {mark}", source.path, number + 1));
            }
        }
    }
    assert_none(&offences);
}

#[test]
fn every_file_starts_with_a_header() {
    let silent = |source: &Source| {
        let ours = source.path.starts_with("src/") || source.path.starts_with("xtask/");
        let doc = if source.path.ends_with(".rs") { "//!" } else { "//" };
        (ours && !source.text.starts_with(doc))
            .then(|| format!("{}: starts without a {doc} header", source.path))
    };
    assert_none(&sources().unwrap().iter().filter_map(silent).collect::<Vec<_>>());
}

/// SQLite compiles such a statement again at each execution; see `Sql` in src/store/sql.rs.
#[test]
fn no_limit_is_a_bare_placeholder() {
    let mut offences = Vec::new();
    for source in sources().unwrap().iter().filter(|source| source.path.starts_with("src/store/")) {
        for (number, line) in
            source.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            if ["LIMIT ?", "LIMIT {"].iter().any(|bare| line.contains(bare)) {
                offences.push(format!("{}:{}: LIMIT CAST(?n AS INTEGER)", source.path, number + 1));
            }
        }
    }
    assert_none(&offences);
}
