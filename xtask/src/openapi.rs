//! `cargo xtask openapi`: writes the API contract and the pages of the documentation to `dist/`, and lints the contract.

use crate::{build, npm, watched};
use anyhow::Result;
use std::time::Duration;

/// The script of the linter's npm package.
const LINTER: &str = "node_modules/@redocly/cli/bin/cli.js";
/// Disables the linter's telemetry and its check for a newer version.
const OFFLINE: [(&str, &str); 2] = [("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")];

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    npm::install()?;
    build::documents()?;
    lint()
}

/// Lints `dist/openapi.json` with the rules of redocly.yaml, which reports every finding as an error.
pub fn lint() -> Result<()> {
    let mut linter = npm::script(LINTER)?;
    linter.envs(OFFLINE).args(["lint", "--config", "redocly.yaml", "dist/openapi.json"]);
    watched::run(&mut linter, "Run `cargo xtask build`", Duration::from_secs(120)).map(drop)
}
