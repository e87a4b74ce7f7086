//! `cargo xtask replay <file>`: rebuilds a Ledger from an export and compares it with the original.

use crate::{process, workspace};
use anyhow::{Context, Result};
use lexopt::Arg;
use std::ffi::OsString;
use std::process::Command;

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut paths: Vec<OsString> = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(path) if paths.len() < 2 => paths.push(path),
            other => return Err(other.unexpected().into()),
        }
    }
    paths.first().context("pass the file that `curl …/v1/export` wrote")?;
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--quiet", "--release", "--manifest-path"]).arg(workspace::root().join("Cargo.toml"));
    cargo.args(["--package", "replay", "--"]).args(&paths);
    process::run(&mut cargo, "Install Rust with rustup (https://rustup.rs)")
}
