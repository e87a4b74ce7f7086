//! Paths of the workspace.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    // cargo sets the variable at run time. The compile-time value is for a binary that is run by hand.
    let crate_dir =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&crate_dir).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// Cargo's target directory, derived from this program's own path `<target>/<profile>/`.
pub fn target() -> Result<PathBuf> {
    let program = std::env::current_exe().context("the path of this program is unknown")?;
    let target =
        program.parent().and_then(Path::parent).context("this program is not in a target directory")?;
    Ok(target.to_path_buf())
}
