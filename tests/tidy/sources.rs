//! The source files that the rules are about.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The repository's root.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A source file: its path from the repository's root, and its text.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// All Rust and JavaScript of this repository.
pub fn sources() -> io::Result<Vec<Source>> {
    let root = Path::new(ROOT);
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
    assert!(found.iter().any(|source| source.path == "src/lib.rs"), "the walk found no sources");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The crates under src, each with the path of its root: the Worker's own, and those in folders with a Cargo.toml.
pub fn crates() -> Vec<(String, String)> {
    let mut found = vec![("signpost".to_owned(), "src/lib.rs".to_owned())];
    let mut waiting = vec![PathBuf::from("src")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                waiting.push(path);
            } else if path.ends_with("Cargo.toml") {
                let name = folder.file_name().unwrap().to_string_lossy().replace('-', "_");
                found.push((name, folder.join("lib.rs").to_string_lossy().into_owned()));
            }
        }
    }
    found.sort();
    found
}
