//! `cargo xtask restore <file> [--to <url>]`: fills an empty deployment from an export, and compares.

use crate::{deployment, npm, process};
use anyhow::{Context, Result, bail};
use lexopt::Arg;
use std::ffi::OsString;

/// The address of `dev`.
const DEV: &str = "http://127.0.0.1:8787";

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut file: Option<OsString> = None;
    let mut to: OsString = DEV.into();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(value) if file.is_none() => file = Some(value),
            Arg::Long("to") => to = arguments.value()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let file = std::path::absolute(file.context("pass the file that `cargo xtask export` wrote")?)?;
    if !file.is_file() {
        bail!("{} is not a file", file.display());
    }
    let url = deployment::url(&to)?;
    let key = deployment::key(&url)?;
    let config = serde_json::json!({ "url": url, "key": key, "file": file });
    process::serve(&mut npm::script("xtask/runner/restore.mjs")?, &config.to_string())
}
