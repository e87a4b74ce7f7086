//! `cargo xtask export <url> [<file>]`: writes the whole log of a deployment into one file.

use crate::{deployment, npm, process};
use anyhow::{Context, Result};
use lexopt::Arg;
use std::ffi::{OsStr, OsString};

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut values: Vec<OsString> = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(value) if values.len() < 2 => values.push(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let url = deployment::url(values.first().context("pass the address of a deployment")?)?;
    let key = deployment::key(&url)?;
    // The program that writes it runs in the repository's root.
    let file = std::path::absolute(values.get(1).map_or(OsStr::new("export.ndjson"), OsString::as_os_str))?;
    let config = serde_json::json!({ "url": url, "key": key, "file": file });
    process::serve(&mut npm::script("xtask/runner/export.mjs")?, &config.to_string())
}
