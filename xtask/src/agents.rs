//! `cargo xtask agents`: fetches the newest lists of user agents from npm and writes them into the source tree.

use crate::{npm, process, workspace};
use anyhow::Result;

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    npm::install()?;
    let mut node = npm::script("xtask/runner/agents.mjs")?;
    process::run(node.arg(workspace::root()), "npm's registry must be reachable")?;
    println!("Run `cargo test -p domain bot`, and read the differences before you commit them.");
    Ok(())
}
