//! Steps whose inputs did not change since their last success are skipped.

use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Length and modification time of all `inputs` (a directory: of every file below it), as text.
fn fingerprint(inputs: &[PathBuf]) -> Result<String> {
    let mut text = String::new();
    for input in inputs {
        describe(input, &mut text).with_context(|| format!("{} cannot be read", input.display()))?;
    }
    Ok(text)
}

fn describe(path: &Path, text: &mut String) -> Result<()> {
    let metadata = path.metadata()?;
    if metadata.is_dir() {
        let mut entries = std::fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        return entries.iter().try_for_each(|entry| describe(&entry.path(), text));
    }
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
    writeln!(text, "{} {} {modified}", path.display(), metadata.len())?;
    Ok(())
}

/// Runs `body` unless `stamp` says that it succeeded with the very same `inputs` and all `outputs` exist.
pub fn unless_fresh(
    stamp: &Path,
    inputs: &[PathBuf],
    outputs: &[PathBuf],
    body: impl FnOnce() -> Result<()>,
) -> Result<()> {
    // Taken before the step runs: a file that changes while it runs makes the next run do the step again.
    let wanted = fingerprint(inputs)?;
    let unchanged = std::fs::read_to_string(stamp).is_ok_and(|found| found == wanted);
    if unchanged && outputs.iter().all(|output| output.exists()) {
        return Ok(());
    }
    body()?;
    std::fs::write(stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))
}
