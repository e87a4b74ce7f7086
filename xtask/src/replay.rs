//! `cargo xtask replay <file>`: rebuilds a Ledger from an export and compares it with the original.

use crate::{build, process};
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
    let program = build::tool("replay", "release")?;
    process::run_reporting(Command::new(program).args(&paths), "Run the command again")
}
