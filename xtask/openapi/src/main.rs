//! Writes the contract into a directory: `openapi.json` for programs and `docs.html` for people.

mod markup;
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
        // A step of the build is skipped when its inputs are as old as before: what is unchanged stays untouched.
        if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
            continue;
        }
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
