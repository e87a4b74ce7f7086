//! Writes the contract into a directory: `openapi.json` for programs and `docs.html` for people.

mod markdown;
mod operation;
mod page;
mod sample;
mod schema;

use anyhow::{Context, Result};
use std::path::PathBuf;

fn main() -> Result<()> {
    let out: PathBuf = std::env::args_os().nth(1).context("usage: openapi <directory>")?.into();
    let document = signpost::openapi::document();
    let files = [("openapi.json", document.to_string()), ("docs.html", page::render(&document))];
    for (name, text) in files {
        let path = out.join(name);
        // Steps of the build are skipped while their inputs keep their modification times, so unchanged files are not rewritten.
        if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
            continue;
        }
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
