//! Writes the documentation into the directory of the Worker's assets: the contract as `openapi.json`, and the pages below
//! `/docs`.

mod enumerations;
mod events;
mod guides;
mod markdown;
mod operation;
mod reference;
mod sample;
mod schema;
mod search;
mod shell;
mod site;
#[cfg(test)]
mod site_tests;

use anyhow::{Context, Result};
use site::{File, Site};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: openapi <repository> <directory>";
    let (root, out) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    let files = Site::read(&root)?.files();
    remove_others(&out, &files)?;
    for File { path, text } in files {
        write(&out.join(path), &text)?;
    }
    Ok(())
}

/// Steps of the build are skipped while their inputs keep their modification times, so unchanged files are not rewritten.
fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

/// Removes pages of earlier builds, such as those of guides that were renamed. They would be deployed too.
fn remove_others(out: &Path, files: &[File]) -> Result<()> {
    let kept: BTreeSet<PathBuf> = files.iter().map(|file| out.join(&file.path)).collect();
    for folder in [out.join("docs"), out.join("docs/guides")] {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_file() && !kept.contains(&path) {
                fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
            }
        }
    }
    Ok(())
}
