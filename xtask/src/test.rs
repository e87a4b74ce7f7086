//! `cargo xtask test`: runs every check. The output of each test runner is passed on as it comes.

mod selection;

use crate::progress::{Progress, now, seconds};
use crate::{browser, build, npm, openapi, watched, workspace, wrangler};
use anyhow::{Context, Result, anyhow, bail};
use lexopt::{Arg, ValueExt};
use selection::{Selection, count_native, list_suites, native_filter, node_pattern};
use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

const LINTS: [&str; 3] = ["--", "--deny", "warnings"];
/// Budget of the deployed bundle, compressed: half of what the platform's free plan allows.
const BUNDLE_KIB: f64 = 1536.0;
const NO_RUST: &str = "Install Rust with rustup (https://rustup.rs)";
const NOT_BUILT: &str = "Run `cargo xtask build`";
/// A suite that prints nothing for this long hangs, and is ended.
const SILENCE: Duration = Duration::from_secs(120);
/// The same while cargo compiles. It prints a line when a crate begins, and the largest one takes minutes on a slow machine.
const COMPILING: Duration = Duration::from_secs(900);

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut filter: Option<String> = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("filter") => filter = Some(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    build::check_requirements()?;
    match filter {
        Some(filter) => selected(&filter),
        None => {
            browser::chromium()?;
            everything()
        }
    }
}

fn everything() -> Result<()> {
    let since = now();
    let mut suites = Suites::default();
    std::thread::scope(|scope| {
        // The build's link step uses one core only, so the other suites run beside it.
        let built = scope.spawn(|| build::build(&Progress::new(build::STEPS)));
        suites.run("format", || cargo(&["fmt", "--all", "--check"], COMPILING));
        suites.run("lints", || {
            cargo(&[&["clippy", "--workspace", "--all-targets"], &LINTS[..]].concat(), COMPILING)
        });
        suites.run("lints, wasm", || {
            let worker = ["clippy", "--package", "signpost", "--lib", "--target", build::WASM_TARGET];
            cargo(&[&worker[..], &LINTS[..]].concat(), COMPILING)
        });
        suites.run("native tests", || native(None));
        suites.run("build", || built.join().map_err(|_| anyhow!("the build crashed"))?);
        suites.run("build with faults", build::build_with_faults);
        suites.run("contract", openapi::lint);
        suites.run("end to end", || end_to_end(&Selection::of(&list_suites(END_TO_END)?, None), None));
        suites.run("browser", || in_browser(&Selection::of(&list_suites(BROWSER)?, None), None));
        suites.run("deploy, dry run", dry_run);
    });
    suites.summary(&seconds(since.elapsed()))
}

/// Runs the tests that `filter` selects, and builds only what they need.
fn selected(filter: &str) -> Result<()> {
    let since = now();
    npm::install()?;
    let edge = Selection::of(&list_suites(END_TO_END)?, Some(filter));
    let pages = Selection::of(&list_suites(BROWSER)?, Some(filter));
    let native_tests = count_native(filter)?;
    println!("\n{filter:?} selects native tests: {native_tests} · end to end: {edge} · browser: {pages}");
    if native_tests == 0 && edge.is_empty() && pages.is_empty() {
        bail!("no test has {filter:?} in its name, so nothing was run");
    }
    let mut suites = Suites::default();
    if native_tests > 0 {
        suites.run("native tests", || native(Some(&native_filter(filter))));
    }
    if !edge.is_empty() || !pages.is_empty() {
        suites.run("build", || build::build(&Progress::new(build::STEPS)));
    }
    if !edge.is_empty() {
        suites.run("build with faults", build::build_with_faults);
        suites.run("end to end", || end_to_end(&edge, Some(filter)));
    }
    if !pages.is_empty() {
        suites.run("browser", || in_browser(&pages, Some(filter)));
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

    fn summary(self, took: &str) -> Result<()> {
        println!("\npassed: {}", self.passed.join(" · "));
        if self.failed.is_empty() {
            println!("all suites passed in {took}");
            return Ok(());
        }
        bail!("failed after {took}: {}", self.failed.join(" · "))
    }
}

fn cargo(arguments: &[&str], silence: Duration) -> Result<()> {
    let mut cargo = Command::new("cargo");
    watched::run(cargo.args(arguments).current_dir(workspace::root()), NO_RUST, silence).map(drop)
}

/// Runs the native tests, or those whose name contains `filter`.
fn native(filter: Option<&str>) -> Result<()> {
    cargo(&["test", "--workspace", "--no-run"], COMPILING)?;
    let mut arguments = vec!["test", "--workspace", "--no-fail-fast"];
    arguments.extend(filter.map(|filter| ["--", filter]).into_iter().flatten());
    cargo(&arguments, SILENCE)
}

const END_TO_END: &str = "tests/e2e";
const BROWSER: &str = "tests/browser";

fn end_to_end(selection: &Selection, filter: Option<&str>) -> Result<()> {
    node_tests(selection, filter, &[])
}

/// Runs the browser suite in Chromium.
fn in_browser(selection: &Selection, filter: Option<&str>) -> Result<()> {
    let chromium = browser::chromium()?;
    node_tests(selection, filter, &[("CHROMIUM", chromium.as_os_str())])
}

fn node_tests(selection: &Selection, filter: Option<&str>, variables: &[(&str, &OsStr)]) -> Result<()> {
    let pattern = filter.map(|filter| format!("--test-name-pattern={}", node_pattern(filter)));
    let run = |files: &[String], pattern: Option<String>| -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let mut node = npm::node_command()?;
        node.args(["--test", "--test-reporter=spec"]).args(pattern).args(files);
        watched::run(node.envs(variables.iter().copied()), NOT_BUILT, SILENCE).map(drop)
    };
    // Both run even if the first fails, as all suites do.
    let whole = run(&selection.whole, None);
    run(&selection.partly, pattern).and(whole)
}

/// Lets wrangler bundle, check and measure as for a deployment, without uploading.
fn dry_run() -> Result<()> {
    let out = workspace::target()?.join("dry-run");
    let mut command = npm::script(wrangler::SCRIPT)?;
    command.args(["deploy", "--dry-run", "--outdir"]).arg(&out);
    let text = watched::run(&mut command, NOT_BUILT, SILENCE)?;
    let size = gzip_kib(&text).context("wrangler did not say how large the bundle is")?;
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
