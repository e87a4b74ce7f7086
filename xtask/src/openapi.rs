//! `cargo xtask openapi`: writes the contract, as `build/assets/openapi.json` and `build/assets/docs.html`, and lints it.

use crate::{build, npm, process};
use anyhow::Result;

/// The script of the linter's npm package.
const LINTER: &str = "node_modules/@redocly/cli/bin/cli.js";
/// The linter would report its use and look for a newer version of itself.
const OFFLINE: [(&str, &str); 2] = [("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")];

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    npm::install()?;
    build::documents()?;
    lint()
}

/// Lints `build/assets/openapi.json` by redocly.yaml, whose ruleset knows no warnings: what it finds is an error.
pub fn lint() -> Result<()> {
    let mut linter = npm::script(LINTER)?;
    linter.envs(OFFLINE).args(["lint", "--config", "redocly.yaml", "build/assets/openapi.json"]);
    process::run(&mut linter, "Run `cargo xtask build`")
}
