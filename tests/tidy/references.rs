//! References: comments and documents name only source files that exist.

use crate::{
    report::assert_none,
    sources::{ROOT, sources},
};
use std::{fs, path::Path};

/// The endings of the file names that are checked.
const ENDINGS: [&str; 2] = [".rs", ".mjs"];

/// Returns the comments of a source file: each line's number from 1, and the text of its comment.
fn comments(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let comment = if in_block || trimmed.starts_with("/*") {
            in_block = !trimmed.contains("*/");
            Some(trimmed)
        } else if trimmed.starts_with("//") {
            Some(trimmed)
        } else {
            // Without the space, this would match URLs in strings.
            line.split_once(" // ").map(|(_, comment)| comment)
        };
        found.extend(comment.map(|comment| (index + 1, comment)));
    }
    found
}

/// Expands braces: `a/{b,c}` becomes `a/b` and `a/c`.
fn expand(name: &str) -> Vec<String> {
    let parts = name.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match parts {
        Some((before, (names, after))) => {
            names.split(',').map(|name| format!("{before}{name}{after}")).collect()
        }
        None => vec![name.to_owned()],
    }
}

/// Returns the file names in a comment, without leading `../`. Names with placeholders (`<marketplace>.mjs`) and URLs are
/// left out.
fn file_names(comment: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || "_-./{},<>*".contains(c);
    let words = comment.split(|c| !is_part(c)).map(|word| word.trim_end_matches(['.', ',']));
    let names = words.filter(|word| {
        ENDINGS.iter().any(|ending| word.ends_with(ending))
            && !word.starts_with("//")
            && !word.contains(['<', '>', '*'])
    });
    names.flat_map(|name| expand(name.trim_start_matches("../").trim_start_matches("./"))).collect()
}

/// Returns the file names in comments that no path ends with.
fn unknown<'c>(comments: &[(usize, &'c str)], paths: &[&str]) -> Vec<(usize, String)> {
    let exists = |name: &str| {
        paths.iter().any(|path| {
            path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    };
    let names = comments.iter().flat_map(|(line, comment): &(usize, &'c str)| {
        file_names(comment).into_iter().map(move |name| (*line, name))
    });
    // A guide's commands write files into the data directory of `cargo xtask dev`.
    names.filter(|(_, name)| !name.starts_with(".signpost/") && !exists(name)).collect()
}

/// Returns the paths of the documents.
fn documents() -> Vec<String> {
    let in_docs = fs::read_dir(Path::new(ROOT).join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut found: Vec<_> = in_docs.map(|name| format!("docs/{}", name.to_string_lossy())).collect();
    found.extend(["README.md".to_owned(), "ARCHITECTURE.md".to_owned()]);
    found
}

#[test]
fn comments_and_documents_name_files_that_exist() {
    let sources = sources().unwrap();
    let paths: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let mut offences = Vec::new();
    let mut check = |path: &str, comments: &[(usize, &str)]| {
        for (line, name) in unknown(comments, &paths) {
            offences.push(format!("{path}:{line}: there is no file {name}"));
        }
    };
    for source in &sources {
        check(&source.path, &comments(&source.text));
    }
    for path in documents() {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).unwrap();
        let lines: Vec<_> = text.lines().enumerate().map(|(index, line)| (index + 1, line)).collect();
        check(&path, &lines);
    }
    assert_none(&offences);
}

#[test]
fn unknown_names_are_found_in_every_kind_of_comment() {
    let lines = [
        "//! See old.rs.",
        // Concatenated, so that this line has no comment of its own.
        concat!("let a = 1; /", "/ as in `src/b/old.mjs`"),
        "/**",
        " * (a/{b,old}.rs, ../a/b.rs)",
        " */",
        "let url = \"https://a.example/old.rs\";",
        "/** <any>.mjs, *.rs, https://a.example/old.rs */",
    ];
    let found = unknown(&comments(&lines.join("\n")), &["src/a/b.rs", "src/very_old.rs", "src/old.mjs"]);
    let expected = [(1, "old.rs"), (2, "src/b/old.mjs"), (4, "a/old.rs")];
    assert_eq!(found, expected.map(|(line, name)| (line, name.to_owned())));
}
