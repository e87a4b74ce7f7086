//! `cargo xtask replay <file>`: rebuilds a Ledger from an export and compares it with the original.

use crate::{build, process};
use anyhow::{Context, Result, bail};
use lexopt::Arg;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::Command;

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut paths: Vec<OsString> = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(path) if paths.len() < 2 => paths.push(path),
            other => return Err(other.unexpected().into()),
        }
    }
    check(&paths)?;
    let program = build::tool("replay", "release")?;
    process::run_reporting(Command::new(program).args(&paths), "Run the command again")
}

/// Checks the paths before anything is compiled, which may take minutes.
fn check(paths: &[OsString]) -> Result<()> {
    let export = Path::new(paths.first().context("pass the file that `cargo xtask export` wrote")?);
    File::open(export).with_context(|| format!("{} cannot be read", export.display()))?;
    if export.is_dir() {
        bail!("{} is a directory: name the file that `cargo xtask export` wrote", export.display());
    }
    match paths.get(1).map(Path::new) {
        Some(database) if database.exists() => bail!("{} exists; name a new file", database.display()),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use std::ffi::OsString;

    #[test]
    fn paths_are_checked_before_the_tool_is_compiled() {
        let said = |paths: &[&str]| {
            let paths: Vec<OsString> = paths.iter().map(OsString::from).collect();
            check(&paths).map_err(|error| error.to_string())
        };
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let folder = env!("CARGO_MANIFEST_DIR");
        assert_eq!(said(&[]), Err("pass the file that `cargo xtask export` wrote".to_owned()));
        assert_eq!(said(&["/missing.ndjson"]), Err("/missing.ndjson cannot be read".to_owned()));
        let expected = format!("{folder} is a directory: name the file that `cargo xtask export` wrote");
        assert_eq!(said(&[folder]), Err(expected));
        assert_eq!(said(&[file, file]), Err(format!("{file} exists; name a new file")));
        assert_eq!(said(&[file, "/missing.sqlite"]), Ok(()));
    }
}
