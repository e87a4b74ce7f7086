//! House rules that no other tool checks. What counts as failure is listed by the names of the tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file of ours: its path from the root, and its text.
struct Source {
    path: String,
    text: String,
}

/// All Rust and JavaScript of ours.
fn sources() -> std::io::Result<Vec<Source>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> =
        ["src", "tests", "xtask", "benches", "dashboard"].map(|name| root.join(name)).to_vec();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let outside = ["node_modules", "target", "build", "dist"];
            if !outside.iter().any(|name| path.ends_with(name)) {
                for entry in fs::read_dir(&path)? {
                    waiting.push(entry?.path());
                }
            }
        } else if path
            .extension()
            .is_some_and(|end| ["rs", "mjs", "js", "ts"].iter().any(|kind| end == *kind))
        {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.push(Source { path: name, text: fs::read_to_string(&path)? });
        }
    }
    assert!(found.iter().any(|source| source.path == "src/lib.rs"), "the walk found nothing of ours");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn assert_none(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

/// `text` as the names in it: runs of letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[test]
fn files_stay_under_four_hundred_lines() {
    let long = |source: &Source| {
        let lines = source.text.lines().count();
        (lines > 400).then(|| format!("{}: {lines} lines; split it by noun", source.path))
    };
    assert_none(&sources().unwrap().iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn layers_import_one_way() {
    let may_import = BTreeMap::from([
        ("domain", &["domain"][..]),
        ("marketplace", &["marketplace", "domain"]),
        ("store", &["store", "domain"]),
        ("documents", &["documents", "domain"]),
        ("api", &["api", "documents", "store", "marketplace", "domain"]),
        ("openapi", &["openapi", "api", "documents", "store", "marketplace", "domain"]),
        ("edge", &["edge", "api", "store", "marketplace", "domain"]),
    ]);
    let mut offences = Vec::new();
    for source in sources().unwrap() {
        let Some(layer) = source.path.strip_prefix("src/").and_then(|rest| words(rest).next()) else {
            continue;
        };
        let Some(allowed) = may_import.get(layer) else { continue };
        for (number, line) in source.text.lines().enumerate() {
            for after in line.split("crate::").skip(1) {
                let grouped = after.strip_prefix('{').map(|rest| rest.split('}').next().unwrap_or(rest));
                let names: Vec<&str> = match grouped {
                    Some(group) => group.split(',').filter_map(|part| words(part).next()).collect(),
                    None => words(after).take(1).collect(),
                };
                // Only layers are judged: `crate::Thing` does not exist here.
                for name in names.into_iter().filter(|name| may_import.contains_key(name)) {
                    if !allowed.contains(&name) {
                        offences.push(format!("{}:{}: {layer} imports {name}", source.path, number + 1));
                    }
                }
            }
        }
    }
    assert_none(&offences);
}

#[test]
fn names_say_what_a_thing_is() {
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
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
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
fn every_module_states_its_contract() {
    let silent = |source: &Source| {
        let ours = source.path.starts_with("src/") || source.path.starts_with("xtask/");
        let doc = if source.path.ends_with(".rs") { "//!" } else { "//" };
        (ours && !source.text.starts_with(doc))
            .then(|| format!("{}: starts without a {doc} header", source.path))
    };
    assert_none(&sources().unwrap().iter().filter_map(silent).collect::<Vec<_>>());
}
