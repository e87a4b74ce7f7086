//! `cargo xtask vectors <file or directory>…`: runs request vectors and captured callbacks through the Worker's
//! verifiers.

use crate::{process, workspace};
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
    let mut cargo = Command::new("cargo");
    // The release profile would take a minute to link, and a vector runs in microseconds in any profile.
    cargo.args(["run", "--quiet", "--profile", "tools", "--manifest-path"]);
    cargo.arg(workspace::root().join("Cargo.toml")).args(["--package", "vectors", "--"]).args(&paths);
    process::run(&mut cargo, "Install Rust with rustup (https://rustup.rs)")
}
