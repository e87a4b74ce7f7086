//! `cargo xtask wrangler …`: runs the pinned wrangler on a supported Node.

use crate::{npm, process};
use anyhow::Result;

/// The script of wrangler's npm package.
pub const SCRIPT: &str = "node_modules/wrangler/bin/wrangler.js";

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    npm::install()?;
    let mut wrangler = npm::script(SCRIPT)?;
    process::run_reporting(wrangler.args(arguments.raw_args()?), "Run `cargo xtask build`")
}
