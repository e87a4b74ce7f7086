//! Writes `openapi.json` and `docs.html`, the contract for programs and for people, into a directory.

use anyhow::{Context, Result};
use std::path::PathBuf;

fn main() -> Result<()> {
    let out: PathBuf = std::env::args_os().nth(1).context("usage: openapi <directory>")?.into();
    let document = signpost::api::openapi::document();
    let text = serde_json::to_string_pretty(&document)?;
    std::fs::write(out.join("openapi.json"), text)?;
    Ok(())
}
