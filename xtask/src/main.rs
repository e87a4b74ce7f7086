//! The project's single entry point. Each command is one file here and one line in [`COMMANDS`].
//!
//! This crate must compile in seconds, because it prints nothing until it has compiled. It therefore does not link the
//! library (and SQLite with it). Code that needs the library or compiles slowly is a crate of its own that a command
//! runs.

mod agents;
mod bench;
mod build;
mod debian;
mod deployment;
mod dev;
mod disk;
mod export;
mod keygen;
mod keys;
mod npm;
mod openapi;
mod process;
mod progress;
mod pypi;
mod replay;
mod restore;
mod stamp;
mod test;
mod vectors;
mod watched;
mod workspace;
mod wrangler;

// The key ring is compiled from its own source, because linking the `domain` crate would build fifty other crates
// first.
#[path = "../../src/domain/values"]
mod values {
    #[allow(dead_code, reason = "the seeded entropy is for tests and replays")]
    pub mod entropy;
}
#[path = "../../src/domain/links/keyring.rs"]
#[allow(dead_code, reason = "only the Worker signs and verifies")]
mod keyring;

use anyhow::{Context, anyhow, bail};
use lexopt::Arg;
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    /// Each option with what it does.
    options: &'static [(&'static str, &'static str)],
    run: fn(lexopt::Parser) -> anyhow::Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "dev",
        arguments: "",
        about: "build and run the Worker on this machine, with its data on disk",
        options: &[
            ("--port <n>", "listen on this port (8787; 0 = any free one)"),
            ("--data <dir>", "keep keys and data there (.signpost)"),
            ("--operator-key <key>", "use this API key instead of the one in the data directory"),
            ("--no-demo", "do not load the demo programme into an empty Ledger"),
            ("--allow-loopback", "let webhooks be sent to http addresses of this machine"),
            ("--verbose", "log each request: method, path, status and duration"),
            ("--now <RFC 3339>", "start the Worker's clock at this time, from which it runs on"),
        ],
        run: dev::run,
    },
    Command {
        name: "build",
        arguments: "",
        about: "build the Worker into build/",
        options: &[("--release", "build what is deployed, which is also the default")],
        run: build::run,
    },
    Command {
        name: "test",
        arguments: "",
        about: "run every check: format, lints, house rules, native tests, end to end, browser, guides, contract",
        options: &[
            (
                "--filter <text>",
                "run only the tests that have the text in their name or their suite's file name",
            ),
            (
                "--full",
                "also run ten times the random histories and requests, and the benchmarks with their targets",
            ),
        ],
        run: test::run,
    },
    Command {
        name: "bench",
        arguments: "",
        about: "measure costs, and compare them with peers and targets",
        options: &[
            ("--only <name>", "measure one part; an unknown name lists them"),
            ("--seconds <n>", "length of a load run (4)"),
        ],
        run: bench::run,
    },
    Command {
        name: "keygen",
        arguments: "",
        about: "print new secrets for a deployment",
        options: &[
            ("--rotate <file or text>", "print this key ring with a new signing key"),
            ("--rotate-data <file>", "print DATA_KEY with a new key before those in the file"),
        ],
        run: keygen::run,
    },
    Command {
        name: "openapi",
        arguments: "",
        about: "write the API description to dist/ and lint it",
        options: &[],
        run: openapi::run,
    },
    Command {
        name: "export",
        arguments: "<url> [<file>]",
        about: "write the whole log of a deployment into one file (export.ndjson); SIGNPOST_KEY is its API key",
        options: &[],
        run: export::run,
    },
    Command {
        name: "replay",
        arguments: "<export.ndjson> [<database to write>]",
        about: "rebuild a Ledger from an export and compare it with the original",
        options: &[],
        run: replay::run,
    },
    Command {
        name: "restore",
        arguments: "<export.ndjson>",
        about: "fill an empty deployment from an export, and compare; SIGNPOST_KEY is its API key",
        options: &[("--to <url>", "the deployment (http://127.0.0.1:8787, where `dev` listens)")],
        run: restore::run,
    },
    Command {
        name: "vectors",
        arguments: "<file or directory>…",
        about: "run request vectors and captured callbacks through the Worker's own verifiers",
        options: &[],
        run: vectors::run,
    },
    Command {
        name: "agents",
        arguments: "",
        about: "fetch the newest lists of crawlers' and browsers' user agents",
        options: &[],
        run: agents::run,
    },
    Command {
        name: "wrangler",
        arguments: "<arguments>…",
        about: "run the pinned wrangler on a supported Node, to deploy and to set secrets",
        options: &[],
        run: wrangler::run,
    },
];

impl Command {
    /// The lines that `cargo xtask help` prints for this command.
    fn lines(&self) -> String {
        let mut text = format!("  {:<9} {}\n", self.name, self.about);
        if !self.arguments.is_empty() {
            text.push_str(&format!("             {}\n", self.arguments));
        }
        for (option, about) in self.options {
            text.push_str(&format!("             {option:<24} {about}\n"));
        }
        text
    }

    fn help(&self) -> String {
        let options = if self.options.is_empty() { "" } else { " [<options>]" };
        let arguments =
            if self.arguments.is_empty() { String::new() } else { format!(" {}", self.arguments) };
        format!("usage: cargo xtask {}{options}{arguments}\n\n{}", self.name, self.lines())
    }

    /// Whether these arguments ask for help. Everything behind `wrangler`'s first argument is wrangler's own.
    fn wants_help(&self, arguments: &[OsString]) -> bool {
        let own = if self.name == "wrangler" { arguments.get(..1).unwrap_or_default() } else { arguments };
        own.iter()
            .take_while(|argument| *argument != "--")
            .any(|argument| argument == "--help" || argument == "-h")
    }
}

fn help() -> String {
    let commands: String = COMMANDS.iter().map(Command::lines).collect();
    format!(
        "usage: cargo xtask <command> [<options>]\n\n{commands}\n  help      list the commands, or one: cargo xtask help <command>\n"
    )
}

fn find(name: &OsStr) -> anyhow::Result<&'static Command> {
    let command = COMMANDS.iter().find(|command| name == command.name);
    command.with_context(|| format!("there is no command {name:?}: `cargo xtask help` lists the commands"))
}

/// What the arguments ask for.
enum Wanted {
    Help(String),
    Run(&'static Command, lexopt::Parser),
}

fn parse(mut arguments: lexopt::Parser) -> anyhow::Result<Wanted> {
    let command = match arguments.next()? {
        Some(Arg::Value(name)) if name == "help" => {
            let text = match arguments.next()? {
                Some(Arg::Value(name)) => find(&name)?.help(),
                _ => help(),
            };
            return Ok(Wanted::Help(text));
        }
        Some(Arg::Short('h') | Arg::Long("help")) | None => return Ok(Wanted::Help(help())),
        Some(Arg::Value(name)) => find(&name)?,
        Some(flag) => bail!("{}: `cargo xtask help` lists the commands", flag.unexpected()),
    };
    if command.wants_help(arguments.raw_args()?.as_slice()) {
        return Ok(Wanted::Help(command.help()));
    }
    Ok(Wanted::Run(command, arguments))
}

fn dispatch() -> anyhow::Result<()> {
    match parse(lexopt::Parser::from_env())? {
        Wanted::Help(text) => {
            print!("{text}");
            Ok(())
        }
        Wanted::Run(command, arguments) => {
            (command.run)(arguments).map_err(|error| match error.downcast_ref::<lexopt::Error>() {
                Some(error) => anyhow!("{error}: `cargo xtask {} --help` lists the options", command.name),
                None => error,
            })
        }
    }
}

fn main() -> ExitCode {
    if let Err(error) = process::end_all_on_signal() {
        eprintln!("error: signals cannot be handled: {error:#}");
        return ExitCode::FAILURE;
    }
    let outcome = dispatch();
    process::before_exit();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // The program that failed has printed its own error, which is to stay the last line.
        Err(error) if error.is::<process::Reported>() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, find, help};
    use std::ffi::OsString;

    #[test]
    fn help_is_asked_for_anywhere_but_behind_two_dashes() {
        let asks = |name: &str, arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            find(name.as_ref()).unwrap().wants_help(&arguments)
        };
        for command in COMMANDS {
            assert!(asks(command.name, &["--help"]) && asks(command.name, &["-h"]), "{}", command.name);
            assert!(!asks(command.name, &[]), "{}", command.name);
        }
        assert!(asks("dev", &["--port", "0", "--help"]));
        assert!(!asks("vectors", &["--", "--help"]));
        assert!(!asks("wrangler", &["deploy", "--help"]), "wrangler's own help");
    }

    #[test]
    fn help_names_every_command_and_option_on_a_line_of_its_own() {
        let lines: Vec<String> = help().lines().map(|line| line.trim().to_owned()).collect();
        for command in COMMANDS {
            let names = command.options.iter().map(|(option, _)| *option).chain([command.name]);
            for name in names {
                let starts =
                    |line: &&String| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
                assert_eq!(lines.iter().filter(starts).count(), 1, "{name}");
            }
        }
    }
}
