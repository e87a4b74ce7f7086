//! `cargo xtask test`: runs every check. The output of each test runner is passed on as it comes.

mod selection;

use crate::progress::{Progress, now, seconds};
use crate::{build, debian, npm, openapi, pypi, watched, workspace, wrangler};
use anyhow::{Context, Result, anyhow, bail};
use lexopt::{Arg, ValueExt};
use selection::{Selection, count_native, list_suites, native_filter, node_pattern};
use std::path::PathBuf;
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

/// Silence of the native tests: the random suites print nothing for up to 95 s on two busy cores.
const NATIVE_SILENCE: Duration = Duration::from_secs(600);
/// How much `--full` multiplies the histories and requests of the random suites (tests/native/support/random.rs).
const FULL: (&str, &str) = ("SIGNPOST_RANDOM_FACTOR", "10");
const END_TO_END: &str = "tests/e2e";
const BROWSER: &str = "tests/browser";
const GUIDES: &str = "tests/guides";

#[derive(Default)]
struct Options {
    filter: Option<String>,
    full: bool,
}

impl Options {
    fn parse(mut arguments: lexopt::Parser) -> Result<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("filter") => options.filter = Some(arguments.value()?.string()?),
                Arg::Long("full") => options.full = true,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }

    /// Environment variables of the suites. Without `--full` the caller's own apply.
    fn variables(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.full.then_some(FULL).into_iter()
    }

    fn select(&self, folder: &str) -> Result<Selection> {
        Ok(Selection::of(&list_suites(folder, self.variables())?, self.filter.as_deref()))
    }
}

pub fn run(arguments: lexopt::Parser) -> Result<()> {
    let options = Options::parse(arguments)?;
    let since = now();
    build::check_requirements()?;
    let suites = match &options.filter {
        Some(filter) => selected(&options, filter)?,
        None => {
            debian::chromium()?;
            debian::jq()?;
            debian::receivers();
            everything(&options)
        }
    };
    suites.summary(&seconds(since.elapsed()))
}

fn everything(options: &Options) -> Suites {
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
        suites.run("native tests", || native(options));
        suites.run("build", || built.join().map_err(|_| anyhow!("the build crashed"))?);
        suites.run("build for the tests", build_for_tests);
        suites.run("contract", openapi::lint);
        suites.run("end to end", || end_to_end(options, &options.select(END_TO_END)?));
        suites.run("browser", || in_browser(options, &options.select(BROWSER)?));
        suites.run("guides", || guides(options, &options.select(GUIDES)?));
        suites.run("deploy, dry run", dry_run);
        if options.full {
            suites.run("benchmarks", benchmarks);
        }
    });
    suites
}

/// Runs the tests that `filter` selects, and builds only what they need.
fn selected(options: &Options, filter: &str) -> Result<Suites> {
    npm::install()?;
    let (edge, pages) = (options.select(END_TO_END)?, options.select(BROWSER)?);
    let commands = options.select(GUIDES)?;
    let native_tests = count_native(filter)?;
    println!(
        "\n{filter:?} selects native tests: {native_tests} · end to end: {edge} · browser: {pages} · guides: {commands}"
    );
    let in_node = [&edge, &pages, &commands].iter().any(|selection| !selection.is_empty());
    if native_tests == 0 && !in_node {
        bail!("no test has {filter:?} in its name, so nothing was run");
    }
    let mut suites = Suites::default();
    if native_tests > 0 {
        suites.run("native tests", || native(options));
    }
    if in_node {
        suites.run("build", || build::build(&Progress::new(build::STEPS)));
    }
    if !edge.is_empty() {
        suites.run("build for the tests", build_for_tests);
        suites.run("end to end", || end_to_end(options, &edge));
    }
    if !pages.is_empty() {
        suites.run("browser", || in_browser(options, &pages));
    }
    if !commands.is_empty() {
        suites.run("guides", || guides(options, &commands));
    }
    Ok(suites)
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

fn cargo(arguments: &[&str], silence: Duration) -> Result<()> {
    let mut cargo = Command::new("cargo");
    watched::run(cargo.args(arguments).current_dir(workspace::root()), NO_RUST, silence).map(drop)
}

fn native(options: &Options) -> Result<()> {
    cargo(&["test", "--workspace", "--no-run"], COMPILING)?;
    let mut tests = Command::new("cargo");
    tests.args(["test", "--workspace", "--no-fail-fast"]).envs(options.variables());
    if let Some(filter) = &options.filter {
        tests.args(["--", &native_filter(filter)]);
    }
    watched::run(tests.current_dir(workspace::root()), NO_RUST, NATIVE_SILENCE).map(drop)
}

/// Builds what only the end-to-end tests use. Built by a test, it would be silent for too long.
fn build_for_tests() -> Result<()> {
    build::build_with_faults()?;
    cargo(&["build", "--package", "replay"], COMPILING)
}

fn end_to_end(options: &Options, selection: &Selection) -> Result<()> {
    node_tests(options, selection, pypi::packages().map(|directory| ("PYTHONPATH", directory)))
}

/// Runs the browser suite in Chromium.
fn in_browser(options: &Options, selection: &Selection) -> Result<()> {
    node_tests(options, selection, Some(("CHROMIUM", debian::chromium()?)))
}

/// Runs the commands of README.md and docs/, which use this program and jq.
fn guides(options: &Options, selection: &Selection) -> Result<()> {
    debian::jq()?;
    // A guide's command builds this program too, and would be silent for too long.
    cargo(&["build", "--release", "--package", "replay"], COMPILING)?;
    let this_program = std::env::current_exe().context("this program's own path is unknown")?;
    node_tests(options, selection, Some(("XTASK", this_program)))
}

fn node_tests(options: &Options, selection: &Selection, variable: Option<(&str, PathBuf)>) -> Result<()> {
    let run = |files: &[String], pattern: Option<String>| -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let mut node = npm::node_command()?;
        node.args(["--test", "--test-reporter=spec"]).args(pattern).args(files);
        node.envs(options.variables()).envs(variable.clone());
        watched::run(&mut node, NOT_BUILT, SILENCE).map(drop)
    };
    // Both run even if the first fails, as all suites do.
    let whole = run(&selection.whole, None);
    let pattern =
        options.filter.as_deref().map(|filter| format!("--test-name-pattern={}", node_pattern(filter)));
    run(&selection.partly, pattern).and(whole)
}

/// Runs `cargo xtask bench` as a process of its own, which can be ended.
fn benchmarks() -> Result<()> {
    let mut bench = Command::new(std::env::current_exe().context("this program's own path is unknown")?);
    watched::run(bench.arg("bench"), NO_RUST, COMPILING).map(drop)
}

/// Lets wrangler bundle, check and measure as for a deployment, without uploading.
fn dry_run() -> Result<()> {
    let out = workspace::target()?.join("dry-run");
    let mut command = npm::script(wrangler::SCRIPT)?;
    command.args(["deploy", "--dry-run", "--outdir"]).arg(&out);
    let text = watched::run(&mut command, NOT_BUILT, SILENCE)?;
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
