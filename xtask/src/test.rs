//! `cargo xtask test`: runs every check. The output of each test runner is passed through unchanged.

use crate::progress::{Progress, now, seconds};
use crate::{browser, build, npm, openapi, process, workspace, wrangler};
use anyhow::{Context, Result, anyhow, bail};
use lexopt::{Arg, ValueExt};
use std::process::{Command, Stdio};

const LINTS: [&str; 3] = ["--", "--deny", "warnings"];
/// Budget of the deployed bundle, compressed: half of what the platform's free plan allows.
const BUNDLE_KIB: f64 = 1536.0;

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut filter: Option<String> = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("filter") => filter = Some(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let since = now();
    let mut suites = Suites::default();
    match &filter {
        Some(name) => {
            suites.run("build", || build::build(&Progress::new(build::STEPS)));
            suites.run("build with faults", build::build_with_faults);
            suites.run("end to end", || end_to_end(Some(name)));
        }
        None => std::thread::scope(|scope| {
            // The build's link step uses one core only, so the other suites run beside it.
            let built = scope.spawn(|| build::build(&Progress::new(build::STEPS)));
            suites.run("format", || cargo(&["fmt", "--all", "--check"]));
            suites
                .run("lints", || cargo(&[&["clippy", "--workspace", "--all-targets"], &LINTS[..]].concat()));
            suites.run("lints, wasm", || {
                let worker = ["clippy", "--package", "signpost", "--lib", "--target", build::WASM_TARGET];
                cargo(&[&worker[..], &LINTS[..]].concat())
            });
            suites.run("native tests", || cargo(&["test", "--workspace", "--no-fail-fast"]));
            suites.run("build", || built.join().map_err(|_| anyhow!("the build crashed"))?);
            suites.run("build with faults", build::build_with_faults);
            suites.run("contract", openapi::lint);
            suites.run("end to end", || end_to_end(None));
            suites.run("browser", in_browser);
            suites.run("deploy, dry run", dry_run);
        }),
    }
    suites.summary(&seconds(since.elapsed()))
}

#[derive(Default)]
struct Suites {
    passed: Vec<&'static str>,
    failed: Vec<&'static str>,
}

impl Suites {
    /// Runs one suite. The other suites run even if it fails, so that one run shows every failure.
    fn run(&mut self, name: &'static str, body: impl FnOnce() -> Result<()>) {
        println!("\n── {name}");
        let since = now();
        match body() {
            Ok(()) => {
                println!("── {name}: passed in {}", seconds(since.elapsed()));
                self.passed.push(name);
            }
            Err(error) => {
                println!("── {name}: FAILED after {}: {error:#}", seconds(since.elapsed()));
                self.failed.push(name);
            }
        }
    }

    fn summary(self, duration: &str) -> Result<()> {
        println!("\npassed: {}", self.passed.join(" · "));
        if self.failed.is_empty() {
            println!("all suites passed in {duration}");
            return Ok(());
        }
        bail!("failed after {duration}: {}", self.failed.join(" · "))
    }
}

fn cargo(arguments: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    process::run(
        cargo.args(arguments).current_dir(workspace::root()),
        "Install Rust with rustup (https://rustup.rs)",
    )
}

fn end_to_end(filter: Option<&str>) -> Result<()> {
    let mut node = npm::node_command()?;
    node.args(["--test", "--test-reporter=spec"]);
    if let Some(name) = filter {
        node.arg(format!("--test-name-pattern={name}"));
    }
    process::run(node.arg("tests/e2e/*.test.mjs"), "Run `cargo xtask build`")
}

/// Runs the browser suite in Chromium.
fn in_browser() -> Result<()> {
    let mut node = npm::node_command()?;
    node.args(["--test", "--test-reporter=spec"]).env("CHROMIUM", browser::chromium()?);
    process::run(node.arg("tests/browser/*.test.mjs"), "Run `cargo xtask build`")
}

/// Lets wrangler bundle, check and measure as for a deployment, without uploading.
fn dry_run() -> Result<()> {
    let out = workspace::target()?.join("dry-run");
    let mut command = npm::script(wrangler::SCRIPT)?;
    command.args(["deploy", "--dry-run", "--outdir"]).arg(&out);
    let output = command.stderr(Stdio::inherit()).output().context("wrangler cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if !output.status.success() {
        bail!("wrangler failed ({})", output.status);
    }
    let size = gzip_kib(&text).context("wrangler did not print the size of the bundle")?;
    println!("bundle: {size} KiB gzip of at most {BUNDLE_KIB}");
    if size > BUNDLE_KIB {
        bail!("the bundle is {size} KiB gzip, over its budget of {BUNDLE_KIB}");
    }
    Ok(())
}

/// Reads the gzip size from wrangler's line `Total Upload: 738.50 KiB / gzip: 278.10 KiB`.
fn gzip_kib(text: &str) -> Option<f64> {
    let after = text.split_once("gzip: ")?.1;
    after.split_once(" KiB")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::gzip_kib;

    #[test]
    fn reads_the_size_that_wrangler_prints() {
        let line = "Some line\nTotal Upload: 738.50 KiB / gzip: 278.10 KiB\nNo bindings found.";
        assert_eq!(gzip_kib(line), Some(278.10));
        assert_eq!(gzip_kib("Total Upload: 738.50 KiB"), None);
    }
}
