//! Skips build steps whose inputs have not changed since their last success.

use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Describes the length and modification time of all `inputs` (of every file below a directory).
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

/// Runs `body`, unless `stamp` records a success with the same `inputs` and all `outputs` exist.
pub fn unless_fresh(
    stamp: &Path,
    inputs: &[PathBuf],
    outputs: &[PathBuf],
    body: impl FnOnce() -> Result<()>,
) -> Result<()> {
    // The inputs are described before the step runs, so that a file that changes meanwhile causes another run.
    let wanted = fingerprint(inputs)?;
    let unchanged = std::fs::read_to_string(stamp).is_ok_and(|found| found == wanted);
    if unchanged && outputs.iter().all(|output| output.exists()) {
        return Ok(());
    }
    body()?;
    std::fs::write(stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))
}
