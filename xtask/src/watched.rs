//! Runs commands that must keep printing: one that falls silent for too long is ended.

use crate::{disk, process, progress::now, workspace};
use anyhow::{Context, Result, bail};
use std::io::{IsTerminal, Read, Write, stderr, stdout};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Interval at which the child is asked whether it has ended.
const TICK: Duration = Duration::from_millis(100);
/// Characters of the last line that the error quotes.
const LAST_LINE: usize = 300;

/// A piece of the child's output.
enum Printed {
    Output(Vec<u8>),
    Error(Vec<u8>),
}

/// Runs `command` to its end, passes its output on, and returns its standard output. A command that prints nothing for
/// `silence` is ended with its descendants, and the error quotes its last line.
pub fn run(command: &mut Command, if_missing: &str, silence: Duration) -> Result<String> {
    // The child writes into a pipe, and would leave out its colours.
    if stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    let mut child = process::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()), if_missing)?;
    let (sender, printed) = channel();
    let output = child.stdout.take().context("a child process has no standard output")?;
    let errors = child.stderr.take().context("a child process has no standard error")?;
    send_each_piece(output, sender.clone(), Printed::Output);
    send_each_piece(errors, sender, Printed::Error);

    let (mut whole_output, mut last_line) = (Vec::new(), String::from("(none)"));
    let (mut since, mut ended, mut says_full) = (now(), None, false);
    let status = loop {
        match printed.recv_timeout(TICK) {
            Ok(piece) => {
                since = now();
                // Whoever read this program's output may have stopped reading; the command's outcome still counts.
                let bytes = match &piece {
                    Printed::Output(bytes) => {
                        stdout().write_all(bytes).and_then(|()| stdout().flush()).unwrap_or_default();
                        whole_output.extend_from_slice(bytes);
                        bytes
                    }
                    Printed::Error(bytes) => {
                        stderr().write_all(bytes).unwrap_or_default();
                        bytes
                    }
                };
                let text = String::from_utf8_lossy(bytes);
                says_full |= disk::is_said(&text);
                if let Some(line) = text.lines().rev().find(|line| !line.trim().is_empty()) {
                    last_line = line.trim().chars().take(LAST_LINE).collect();
                }
            }
            Err(RecvTimeoutError::Disconnected) => break child.wait()?,
            Err(RecvTimeoutError::Timeout) => {
                // A descendant that outlives the child keeps the pipes open. One more tick lets the last output arrive.
                if let Some(status) = ended {
                    break status;
                }
                ended = child.try_wait()?;
                if ended.is_none() && since.elapsed() >= silence {
                    process::end_with_descendants(&child);
                    child.wait()?;
                    bail!(
                        "it printed nothing for {} s and was ended; its last line: {last_line}",
                        silence.as_secs()
                    );
                }
            }
        }
    };
    let outcome = process::check(command, status);
    // Its own message is far above its last line.
    if says_full && disk::is_nearly_full(&workspace::root()) {
        outcome.context("no space left on device")?
    } else {
        outcome?
    }
    Ok(String::from_utf8_lossy(&whole_output).into_owned())
}

/// Sends what `from` yields until it ends or nobody listens.
fn send_each_piece(
    mut from: impl Read + Send + 'static,
    sender: Sender<Printed>,
    of: fn(Vec<u8>) -> Printed,
) {
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if sender.send(of(piece)).is_err() {
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::run;
    use std::process::Command;
    use std::time::Duration;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_is_printed_is_returned() {
        let output = run(&mut shell("echo one; echo two >&2; echo three"), "", Duration::from_secs(60));
        assert_eq!(output.unwrap(), "one\nthree\n");
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(&mut shell("exit 3"), "", Duration::from_secs(60)).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_test_that_prints_the_words_is_no_full_disk() {
        let error = run(&mut shell("echo ENOSPC; exit 101"), "", Duration::from_secs(60)).unwrap_err();
        assert_eq!(format!("{error:#}"), "`sh -c echo ENOSPC; exit 101` failed (exit status: 101)");
    }

    #[test]
    fn a_silent_command_is_ended_with_its_descendants_and_its_last_line_is_quoted() {
        let mut command = shell("echo started; tail -f /dev/null & echo $!; wait");
        let error = run(&mut command, "", Duration::from_secs(1)).unwrap_err().to_string();
        let (reason, descendant) = error.rsplit_once(' ').unwrap();
        assert_eq!(reason, "it printed nothing for 1 s and was ended; its last line:");
        let state = Command::new("ps").args(["-o", "stat=", "-p", descendant]).output().unwrap();
        let state = String::from_utf8(state.stdout).unwrap();
        assert!(state.is_empty() || state.starts_with('Z'), "the descendant is still running: {state}");
    }

    #[test]
    fn a_descendant_that_holds_the_output_open_delays_nothing() {
        let script = "tail -f /dev/null & echo $!";
        let output = run(&mut shell(script), "", Duration::from_secs(60)).unwrap();
        let ended = Command::new("kill").arg(output.trim()).status().unwrap();
        assert!(ended.success(), "the descendant was still running");
    }
}
