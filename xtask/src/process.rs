//! Runs child processes and guarantees that none of them outlives this process.
//!
//! All children stay in this program's process group. A signal may be sent to this program only, so the program ends
//! its children itself. It also finds orphaned descendants (on Linux it is their subreaper).

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the Worker's runner may take to stop by itself.
const SERVICE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long any other child may take to end after a signal.
const SIGNAL_TIMEOUT: Duration = Duration::from_secs(2);

/// State shared by the signal thread and the threads that start children.
struct Children {
    /// A signal has arrived. No child may be started any more, and the signal thread chooses the exit code.
    ending: bool,
    /// The running service's standard input. The service stops when it closes, even if `SIGKILL` ends this process.
    service: Option<ChildStdin>,
}

static CHILDREN: Mutex<Children> = Mutex::new(Children { ending: false, service: None });

fn children() -> MutexGuard<'static, Children> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child is started while this lock is held, so that the signal thread either sees the child or prevents its start.
/// After a signal the call does not return, because the caller would report the interrupted child as a failure.
fn unless_ending() -> MutexGuard<'static, Children> {
    loop {
        let children = children();
        if !children.ending {
            return children;
        }
        drop(children);
        std::thread::park();
    }
}

/// Runs `command` to its end. `if_missing` tells the user how to install the program if it does not exist.
pub fn run(command: &mut Command, if_missing: &str) -> Result<()> {
    let status = start(command, if_missing)?.wait();
    check(command, status.with_context(|| format!("waiting for `{}` failed", line(command)))?)
}

/// A program that failed after it had printed its own error. Nothing needs to be added.
#[derive(Debug, thiserror::Error)]
#[error("a program failed and has printed why")]
pub struct Reported;

/// Runs `command`, which prints its own errors, to its end.
pub fn run_reporting(command: &mut Command, if_missing: &str) -> Result<()> {
    let status = start(command, if_missing)?.wait();
    let status = status.with_context(|| format!("waiting for `{}` failed", line(command)))?;
    reported(command, status)
}

fn reported(command: &Command, status: ExitStatus) -> Result<()> {
    match status.code() {
        Some(0) => Ok(()),
        Some(_) => Err(Reported.into()),
        // A signal ended it before it could print anything.
        None => check(command, status),
    }
}

/// Starts `command` as a child that this program ends with itself.
pub fn start(command: &mut Command, if_missing: &str) -> Result<Child> {
    let children = unless_ending();
    let started = command.spawn();
    drop(children);
    let name = command.get_program().to_string_lossy();
    match started {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("`{name}` was not found. {if_missing}")
        }
        started => started.with_context(|| format!("`{name}` cannot be started")),
    }
}

/// Returns an error if `command` has failed.
pub fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// The command line, for errors.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs `command` as the service, which prints its own errors. `config` is the first line of its standard input, which stays
/// open.
pub fn serve(command: &mut Command, config: &str) -> Result<()> {
    let child = start_service(command, config)?;
    let status = end_service(child)?;
    reported(command, status)
}

/// Like [`serve`], and passes each line of its standard output to `on_line`.
pub fn serve_lines(
    command: &mut Command,
    config: &str,
    on_line: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut child = start_service(command.stdout(Stdio::piped()), config)?;
    lines(&mut child, on_line)?;
    let status = end_service(child)?;
    check(command, status)
}

fn start_service(command: &mut Command, config: &str) -> Result<Child> {
    let mut children = unless_ending();
    let mut child = command.stdin(Stdio::piped()).spawn().context("the Worker's runner cannot be started")?;
    let mut input = child.stdin.take().context("the runner has no standard input")?;
    writeln!(input, "{config}").context("the runner's configuration cannot be written")?;
    children.service = Some(input);
    Ok(child)
}

fn end_service(mut child: Child) -> Result<ExitStatus> {
    let status = child.wait().context("waiting for the Worker's runner failed")?;
    unless_ending().service = None;
    Ok(status)
}

/// Runs `command` to its end and passes each line of its standard output to `on_line`.
pub fn run_lines(command: &mut Command, on_line: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let children = unless_ending();
    let started = command.stdout(Stdio::piped()).spawn();
    drop(children);
    let mut child = started.with_context(|| format!("`{name}` cannot be started"))?;
    lines(&mut child, on_line)?;
    let status = child.wait().with_context(|| format!("waiting for `{name}` failed"))?;
    if !status.success() {
        bail!("`{name}` failed ({status})");
    }
    Ok(())
}

fn lines(child: &mut Child, mut on_line: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let output = child.stdout.take().context("a child process has no standard output")?;
    for line in BufReader::new(output).lines() {
        on_line(&line?)?;
    }
    Ok(())
}

/// Installs the handler that ends all descendants before a signal ends this program.
pub fn end_all_on_signal() -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let mut children = children();
            children.ending = true;
            // Dropping the pipe closes the service's standard input.
            let has_service = children.service.take().is_some();
            drop(children);
            if has_service {
                wait_until_none(SERVICE_TIMEOUT, descendants);
            }
            end_descendants();
            // A signal is the normal way to stop a service. Any other command was interrupted.
            std::process::exit(if has_service { 0 } else { signal.saturating_add(128) });
        }
    });
    Ok(())
}

/// Must be called before this program exits normally.
pub fn before_exit() {
    drop(unless_ending());
    end_descendants();
}

/// Ends the remaining descendants of this process.
fn end_descendants() {
    end(descendants);
}

/// Ends a child and the descendants that it has now. Other children go on.
pub fn end_with_descendants(child: &Child) {
    let Ok(pid) = i32::try_from(child.id()) else { return };
    let doomed = family_of(pid, &running());
    end(|| {
        let alive = running();
        alive.into_iter().map(|(pid, _)| pid).filter(|pid| doomed.contains(pid)).collect()
    });
}

/// Ends the processes that `find` lists with `SIGTERM`, then with `SIGKILL`.
fn end(find: impl Fn() -> BTreeSet<i32>) {
    for signal in [Signal::TERM, Signal::KILL] {
        for pid in find().into_iter().filter_map(Pid::from_raw) {
            // The process may have ended since it was listed, which is fine.
            kill_process(pid, signal).unwrap_or_default();
        }
        if wait_until_none(SIGNAL_TIMEOUT, &find) {
            return;
        }
    }
}

fn wait_until_none(limit: Duration, find: impl Fn() -> BTreeSet<i32>) -> bool {
    let since = crate::progress::now();
    loop {
        if find().is_empty() {
            return true;
        }
        if since.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Lists the running descendants of this process.
fn descendants() -> BTreeSet<i32> {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let mut family = family_of(own, &running());
    family.remove(&own);
    family
}

/// Lists the running processes, each with its parent.
fn running() -> Vec<(i32, i32)> {
    let listing = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat=,comm="]).output();
    let listing =
        listing.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    listing
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (pid, parent) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let (state, name) = (fields.next()?, fields.next()?);
            // Zombies have already ended, and `ps` lists itself.
            (!state.starts_with('Z') && name != "ps").then_some((pid, parent))
        })
        .collect()
}

/// Returns a process and its descendants among `processes`.
fn family_of(pid: i32, processes: &[(i32, i32)]) -> BTreeSet<i32> {
    let mut found = BTreeSet::from([pid]);
    // `ps` does not list parents first, so the search repeats until it finds no new process.
    loop {
        let new: Vec<i32> = processes
            .iter()
            .filter(|(pid, parent)| found.contains(parent) && !found.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if new.is_empty() {
            return found;
        }
        found.extend(new);
    }
}
