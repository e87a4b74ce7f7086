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
