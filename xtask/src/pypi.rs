//! Installs the Python packages of the tests from PyPI, pinned with their hashes.

use crate::{process, workspace};
use std::path::PathBuf;
use std::process::Command;

/// The packages, with versions and hashes.
const REQUIREMENTS: &str = "tests/e2e/support/requirements.txt";

/// Installs the packages and returns their directory. If they cannot be installed, the tests that need them say that they are
/// skipped.
pub fn packages() -> Option<PathBuf> {
    let directory = workspace::target().ok()?.join("python");
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--root-user-action",
        "ignore",
    ]);
    pip.args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--upgrade", "--target"]);
    pip.arg(&directory).arg("-r").arg(workspace::root().join(REQUIREMENTS));
    match process::run(
        &mut pip,
        "Python packages of the tests cannot be installed: check that `python3 -m pip` works",
    ) {
        Ok(_) => Some(directory),
        Err(error) => {
            println!("{error:#}");
            None
        }
    }
}
