//! Installs the npm packages: esbuild, wrangler with workerd, and a Node version that they support.

use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// wrangler requires 22.12, and `module.registerHooks` (xtask/runner/list.mjs) came with 22.15.
const MIN_NODE: (u32, u32) = (22, 15);

const NO_NPM: &str = "npm comes with Node.js: install Node.js 20 or newer, then try again";

/// The copy of package-lock.json that marks its packages as installed.
fn marker() -> PathBuf {
    workspace::root().join("node_modules/.installed-package-lock.json")
}

fn is_installed(lock: &str) -> bool {
    std::fs::read_to_string(marker()).is_ok_and(|found| found == lock)
}

fn package_lock() -> Result<String> {
    std::fs::read_to_string(workspace::root().join("package-lock.json")).context("package-lock.json")
}

/// Returns an error if npm is needed to install the packages and is missing.
pub fn check() -> Result<()> {
    if is_installed(&package_lock()?) {
        return Ok(());
    }
    process::run(Command::new("npm").arg("--version").stdout(Stdio::null()), NO_NPM)
}

/// Installs the packages of package-lock.json, unless they are already installed.
///
/// Install scripts are disabled: none of these packages needs one, and running them would be a supply-chain risk.
pub fn install() -> Result<()> {
    let lock = package_lock()?;
    if is_installed(&lock) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(workspace::root());
    // npm must not write to standard output, which is reserved for the commands' results.
    npm.stdin(Stdio::null()).stdout(Stdio::null());
    process::run(&mut npm, NO_NPM)?;
    std::fs::write(marker(), lock).context("node_modules cannot be written")
}

/// Finds the Node that runs the tools: the pinned one from npm, else the system's if it is new enough.
pub fn node() -> Result<PathBuf> {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let pinned = workspace::root().join(format!("node_modules/node-{system}-{machine}/bin/node"));
    let candidates = [pinned, PathBuf::from("node")];
    match candidates.into_iter().find(|node| version(node).is_some_and(|found| found >= MIN_NODE)) {
        Some(node) => Ok(node),
        None => bail!(
            "Node.js {}.{} or newer was not found: npm has no package for {system}-{machine}, and the system's `node` \
             is {}",
            MIN_NODE.0,
            MIN_NODE.1,
            version(Path::new("node")).map_or("missing".into(), |(major, minor)| format!("{major}.{minor}")),
        ),
    }
}

/// Returns the program's major and minor version, or `None` if it does not run.
fn version(node: &Path) -> Option<(u32, u32)> {
    let output = Command::new(node).arg("--version").stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Returns a command that runs Node in the repository's root.
pub fn node_command() -> Result<Command> {
    let mut command = Command::new(node()?);
    command.current_dir(workspace::root()).envs(OFFLINE);
    Ok(command)
}

/// Returns a command that runs `script` (a path from the root) with Node.
pub fn script(script: &str) -> Result<Command> {
    let mut command = node_command()?;
    command.arg(workspace::root().join(script));
    Ok(command)
}

/// Disables wrangler's metrics, version check and log files, and stops it from reading the developer's `.env` and
/// `.dev.vars` files instead of the values that are passed here.
const OFFLINE: [(&str, &str); 6] = [
    ("WRANGLER_SEND_METRICS", "false"),
    ("WRANGLER_SEND_ERROR_REPORTS", "false"),
    ("WRANGLER_HIDE_BANNER", "true"),
    ("WRANGLER_WRITE_LOGS", "false"),
    ("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", "false"),
    ("CLOUDFLARE_CF_FETCH_ENABLED", "false"),
];
