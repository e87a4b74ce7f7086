//! `cargo xtask bench`: measures natively and in workerd beside the peers, and compares each figure with its target.
//!
//! The measuring programs (`benches/`) print one JSON object per line and figure. This module evaluates them.

mod figure;
mod machine;
mod native;

use crate::progress::{Progress, now, seconds};
use crate::{build, npm, process, workspace};
use anyhow::{Context, Result, bail};
use figure::{Figure, Verdict};
use lexopt::{Arg, ValueExt};
use std::process::{Command, Stdio};

/// Load runs per server start. The benchmark prints their median.
const ROUNDS: u32 = 3;

/// A part of the benchmark; `--only` selects it by name.
struct Part {
    name: &'static str,
    kind: Kind,
}

enum Kind {
    /// A criterion benchmark.
    Criterion(&'static [native::Criterion]),
    /// Storing clicks in a shard, and how the Ledger grows.
    Stores,
    /// A load test against workerd (`benches/load/<name>.mjs`).
    Load,
}

const PARTS: &[Part] = &[
    Part { name: "tokens", kind: Kind::Criterion(native::TOKENS) },
    Part { name: "signatures", kind: Kind::Criterion(native::SIGNATURES) },
    Part { name: "redirect", kind: Kind::Criterion(native::REDIRECT) },
    Part { name: "startup", kind: Kind::Load },
    Part { name: "redirects", kind: Kind::Load },
    Part { name: "clicks", kind: Kind::Load },
    Part { name: "conversions", kind: Kind::Load },
    Part { name: "simulation", kind: Kind::Load },
    Part { name: "callbacks", kind: Kind::Load },
    Part { name: "signed", kind: Kind::Load },
    Part { name: "webhooks", kind: Kind::Load },
    Part { name: "memory", kind: Kind::Load },
    Part { name: "stores", kind: Kind::Stores },
];

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut only, mut length) = (None, 4.0f64);
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("only") => only = Some(arguments.value()?.string()?),
            Arg::Long("seconds") => length = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let parts: Vec<&Part> =
        PARTS.iter().filter(|part| only.as_deref().is_none_or(|name| name == part.name)).collect();
    if parts.is_empty() {
        let names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        bail!("--only takes one of: {}", names.join(", "));
    }
    let since = now();
    if parts.iter().any(|part| matches!(part.kind, Kind::Load)) {
        prepare()?;
    }
    println!("{}", machine::describe());
    let mut figures = Vec::new();
    for part in parts {
        println!("\n── {}", part.name);
        let mut show = |figure: Figure| {
            println!("{figure}");
            figures.push(figure);
        };
        match part.kind {
            Kind::Criterion(measured) => native::criterion(part.name, measured, &mut show)?,
            Kind::Stores => native::stores(&mut show)?,
            Kind::Load => load(part.name, length, &mut show)?,
        }
    }
    summary(&figures, &seconds(since.elapsed()))
}

fn summary(figures: &[Figure], duration: &str) -> Result<()> {
    let with_target: Vec<_> = figures.iter().filter(|figure| figure.verdict() != Verdict::None).collect();
    let failed: Vec<_> = with_target.iter().filter(|figure| figure.verdict() == Verdict::Fail).collect();
    println!("\n{} of {} targets met, {duration}", with_target.len() - failed.len(), with_target.len());
    if failed.is_empty() {
        return Ok(());
    }
    for figure in &failed {
        println!("{figure}");
    }
    bail!("{} of {} targets missed", failed.len(), with_target.len())
}

/// Builds the Worker and the load generator, and installs the peer's packages.
fn prepare() -> Result<()> {
    build::build(&Progress::new(build::STEPS))?;
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--quiet", "--package", "load", "--release", "--target-dir"])
        .arg(workspace::target()?);
    process::run(cargo.current_dir(workspace::root()), "Install Rust with rustup (https://rustup.rs)")?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    npm.current_dir(workspace::root().join("benches/peers/hono")).stdin(Stdio::null()).stdout(Stdio::null());
    process::run(&mut npm, "npm comes with Node.js: install Node.js 20 or newer, then try again")
}

fn load(part: &str, length: f64, show: &mut dyn FnMut(Figure)) -> Result<()> {
    let target = workspace::target()?;
    let config = serde_json::json!({
        "root": workspace::root(),
        "load": target.join("release/load"),
        "disk": target,
        "seconds": length,
        "rounds": ROUNDS,
        "sections": [part],
    });
    let mut node = npm::node_command()?;
    // Node prints a warning about the experimental `node:sqlite` at every start.
    node.arg("--disable-warning=ExperimentalWarning").arg(workspace::root().join("benches/load/main.mjs"));
    process::serve_lines(&mut node, &config.to_string(), |line| {
        show(Figure::parse(line)?);
        Ok(())
    })
    .with_context(|| format!("the part {part:?}"))
}
