//! `cargo xtask vectors <file or directory>…`: runs request vectors and captured callbacks through the Worker's
//! verifiers.

use crate::{build, process};
use anyhow::{Context, Result};
use lexopt::Arg;
use std::ffi::OsString;
use std::process::Command;

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut paths: Vec<OsString> = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(path) => paths.push(path),
            other => return Err(other.unexpected().into()),
        }
    }
    paths.first().context("pass vector files, or a directory of them, such as fixtures/vectors")?;
    // Wrong paths are refused before the build, which may take minutes.
    for path in &paths {
        std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
    }
    // The release profile would take a minute to link, and a vector runs in microseconds in any profile.
    let program = build::tool("vectors", "tools")?;
    process::run_reporting(Command::new(program).args(&paths), "Run the command again")
}
