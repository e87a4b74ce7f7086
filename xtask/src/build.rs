//! `cargo xtask build`: Rust → wasm → JavaScript that loads it → one bundle, in `build/`.
//!
//! Steps run in parallel where possible. Each writes to a temporary directory and moves the complete result into place.

use crate::{npm, process, progress::Progress, stamp, watched, workspace};
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The number of steps of a build.
pub const STEPS: usize = 7;
/// The Worker's target.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// The profile of the wasm with fault injection (Cargo.toml), and its directory in `build/`.
const FAULTS: &str = "faults";
/// cargo is quiet here, so this limits a whole compilation. The longest took three minutes on two busy cores.
const LIMIT: Duration = Duration::from_secs(1_800);

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    while let Some(argument) = arguments.next()? {
        match argument {
            // The build is always a release build, so the flag has no effect.
            lexopt::Arg::Long("release") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    build(&Progress::new(STEPS))
}

/// Waits until no other command builds. Two builds at once (in a terminal and by wrangler) would move each other's files, and
/// cargo waits for the other one without saying so.
fn lock() -> Result<fs::File> {
    let out = workspace::root().join("build");
    fs::create_dir_all(&out).context("build/ cannot be created")?;
    let file = fs::File::create(out.join(".lock")).context("build/.lock")?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            eprintln!("another `cargo xtask` is building: waiting until it has finished …");
        }
        Err(fs::TryLockError::Error(error)) => return Err(error).context("build/.lock cannot be locked"),
    }
    file.lock().context("build/.lock cannot be locked")?;
    Ok(file)
}

/// Brings `build/` up to date.
pub fn build(progress: &Progress) -> Result<()> {
    let out = workspace::root().join("build");
    let _lock = lock()?;
    progress.step(1, "requirements", check_requirements)?;
    std::thread::scope(|scope| {
        // The Worker's build ends with a long link step on one thread, so the other steps run in parallel.
        let packages = scope.spawn(|| progress.step(2, "npm packages", npm::install));
        let tools = scope.spawn(|| progress.step(3, "tools", build_tools));
        let wasm = progress.step(4, "wasm", build_wasm);
        for other in [packages, tools] {
            other.join().map_err(|_| anyhow!("a build step crashed"))??;
        }
        wasm
    })?;
    progress.step(5, "bindings", || write_bindings("release", &out.join("wasm")))?;
    progress.step(6, "documents", write_documents)?;
    progress.step(7, "bundle", || write_bundle(&out))
}

/// Builds the Worker with fault injection (feature `faults`) in `build/faults`.
pub fn build_with_faults() -> Result<()> {
    let progress = Progress::new(2);
    progress
        .step(1, "wasm with faults", || cargo_build_wasm(&["--profile", FAULTS, "--features", "faults"]))?;
    progress.step(2, "bindings", || write_bindings(FAULTS, &workspace::root().join("build").join(FAULTS)))
}

/// Updates only the documentation of the API.
pub fn documents() -> Result<()> {
    let out = workspace::root().join("build");
    fs::create_dir_all(&out).context("build/ cannot be created")?;
    build_tools()?;
    write_documents()
}

/// Installs Rust's wasm target, and reports what is missing on this machine, before minutes of compiling.
pub fn check_requirements() -> Result<()> {
    npm::check()?;
    ensure_wasm_target()
}

fn ensure_wasm_target() -> Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]).stderr(Stdio::null());
    let output = rustc.output().context("`rustc` cannot be run")?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && libraries.is_dir() {
        return Ok(());
    }
    process::run(
        Command::new("rustup").args(["target", "add", WASM_TARGET]).stdout(Stdio::null()),
        "This Rust cannot build for wasm32-unknown-unknown: install rustup (https://rustup.rs), or your system's \
         package with the standard library of that target",
    )
}

fn cargo_build(arguments: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--target-dir"]).arg(workspace::target()?).args(arguments);
    let hint = "Install Rust with rustup (https://rustup.rs)";
    watched::run(cargo.current_dir(workspace::root()), hint, LIMIT).map(drop)
}

/// Builds the package `name`, whose program has the same name, and returns the program's path.
pub fn tool(name: &'static str, profile: &str) -> Result<PathBuf> {
    let _lock = lock()?;
    let build = || cargo_build(&["--package", name, "--profile", profile]);
    Progress::new(1).step(1, name, build)?;
    Ok(workspace::target()?.join(profile).join(name))
}

fn build_tools() -> Result<()> {
    cargo_build(&["--package", "bindgen", "--package", "openapi", "--profile", "tools"])
}

fn build_wasm() -> Result<()> {
    cargo_build_wasm(&["--release"])
}

fn cargo_build_wasm(arguments: &[&str]) -> Result<()> {
    let flags = format!("target.{WASM_TARGET}.rustflags=[{:?}, {SIMD:?}]", short_paths()?);
    let worker = ["--package", "signpost", "--lib", "--target", WASM_TARGET, "--config", &flags];
    cargo_build(&[&worker[..], arguments].concat())
}

/// Every engine that runs Workers has vector instructions, and `sha2` and `memchr` have code for them: each redirect computes several
/// hashes.
const SIMD: &str = "-Ctarget-feature=+simd128";

/// Returns a flag that shortens the paths of libraries in panic messages, so that the upload contains no paths of this
/// machine.
fn short_paths() -> Result<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("there is no CARGO_HOME")?;
    Ok(format!("--remap-path-prefix={}=", home.join("registry/src").display()))
}

/// Writes the bindings of the wasm of a profile to `destination`, a directory in `build/`.
fn write_bindings(profile: &str, destination: &Path) -> Result<()> {
    let target = workspace::target()?;
    let out = workspace::root().join("build");
    let wasm = target.join(WASM_TARGET).join(profile).join("signpost.wasm");
    let tool = target.join("tools/bindgen");
    let inputs = [wasm.clone(), tool.clone()];
    let outputs = [destination.join("index.js"), destination.join("index_bg.wasm")];
    stamp::unless_fresh(&out.join(format!(".bindings-stamp-{profile}")), &inputs, &outputs, || {
        let fresh = empty_dir(&out, &format!(".bindings-{profile}"))?;
        process::run(Command::new(&tool).arg(&wasm).arg(&fresh), "Run `cargo xtask build` again")?;
        remove_dir(destination)?;
        fs::rename(&fresh, destination)
            .with_context(|| format!("{} cannot be replaced", destination.display()))
    })
}

/// Writes `openapi.json`, the pages of the documentation and the texts, static assets of the Worker.
fn write_documents() -> Result<()> {
    let tool = workspace::target()?.join("tools/openapi");
    // They are not in build/, because wrangler treats text files there as modules of the bundle.
    let assets = workspace::root().join("dist");
    fs::create_dir_all(&assets).context("dist cannot be created")?;
    process::run(Command::new(tool).arg(workspace::root()).arg(&assets), "Run `cargo xtask build` again")?;
    write_locales(&assets.join("locales"))
}

/// Copies the texts of each language, static assets that only the Worker reads (`src/edge/texts.rs`).
fn write_locales(out: &Path) -> Result<()> {
    let locales = workspace::root().join("locales");
    remove_dir(out)?;
    for entry in fs::read_dir(&locales).context("locales/ cannot be read")? {
        let folder = entry.context("locales/")?.path();
        let (source, name) = (folder.join("mail.ftl"), folder.file_name().unwrap_or_default());
        if source.is_file() {
            let copies = out.join(name);
            fs::create_dir_all(&copies).with_context(|| format!("{} cannot be created", copies.display()))?;
            fs::copy(&source, copies.join("mail.ftl"))
                .with_context(|| format!("{} cannot be copied", source.display()))?;
        }
    }
    Ok(())
}

fn write_bundle(out: &Path) -> Result<()> {
    let root = workspace::root();
    let inputs = [
        root.join("src/edge/js"),
        out.join("wasm"),
        root.join("xtask/runner/bundle.mjs"),
        root.join("node_modules/esbuild/package.json"),
        root.join("node_modules/@fluent/bundle/package.json"),
    ];
    let names = ["index_bg.wasm", "worker.mjs"];
    stamp::unless_fresh(&out.join(".bundle-stamp"), &inputs, &names.map(|name| out.join(name)), || {
        let fresh = empty_dir(out, ".bundle")?;
        let mut bundler = npm::script("xtask/runner/bundle.mjs")?;
        bundler.arg(root.join("src/edge/js/entry.mjs")).arg(out.join("wasm")).arg(&fresh);
        process::run(&mut bundler, "Run `cargo xtask build` again")?;
        // The wasm is moved first, so that the bundle is never newer than the wasm.
        for name in names {
            fs::rename(fresh.join(name), out.join(name)).with_context(|| format!("build/{name}"))?;
        }
        remove_dir(&fresh)
    })
}

fn empty_dir(parent: &Path, name: &str) -> Result<PathBuf> {
    let path = parent.join(name);
    remove_dir(&path)?;
    fs::create_dir(&path).with_context(|| format!("{} cannot be created", path.display()))?;
    Ok(path)
}

fn remove_dir(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}
