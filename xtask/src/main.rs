//! The project's single entry point. Each command is one file here and one line in [`COMMANDS`].
//!
//! This crate must compile in seconds, because it prints nothing until it has compiled. It therefore does not link the
//! library (and SQLite with it). Code that needs the library or compiles slowly is a crate of its own that a command runs.

mod bench;
mod browser;
mod build;
mod dev;
mod keygen;
mod keys;
mod npm;
mod openapi;
mod process;
mod progress;
mod replay;
mod stamp;
mod test;
mod vectors;
mod watched;
mod workspace;
mod wrangler;

// The key ring is compiled from its own source, because linking the `domain` crate would build fifty other crates first.
#[path = "../../src/domain/values"]
mod values {
    #[allow(dead_code, reason = "the seeded entropy is for tests and replays")]
    pub mod entropy;
}
#[path = "../../src/domain/links/keyring.rs"]
#[allow(dead_code, reason = "only the Worker signs and verifies")]
mod keyring;

use std::process::ExitCode;

struct Command {
    name: &'static str,
    flags: &'static str,
    about: &'static str,
    run: fn(lexopt::Parser) -> anyhow::Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "dev",
        flags: "[--port <n>] [--data <dir>] [--operator-key <key>] [--no-demo]",
        about: "build and run the Worker on this machine, with its data on disk",
        run: dev::run,
    },
    Command { name: "build", flags: "[--release]", about: "build the Worker into build/", run: build::run },
    Command {
        name: "test",
        flags: "[--filter <text>]",
        about: "everything that is checked; with a filter, only the tests that have the text in their name",
        run: test::run,
    },
    Command {
        name: "bench",
        flags: "[--only <name>] [--seconds <n>]",
        about: "what things cost, beside peers and targets",
        run: bench::run,
    },
    Command {
        name: "keygen",
        flags: "[--rotate <file or text>]",
        about: "new secrets for a deployment, or a key ring with one more key that signs",
        run: keygen::run,
    },
    Command {
        name: "openapi",
        flags: "",
        about: "write the contract into dist, and lint it",
        run: openapi::run,
    },
    Command {
        name: "replay",
        flags: "<export.ndjson> [<database to write>]",
        about: "rebuild a Ledger from an export and compare it with the original",
        run: replay::run,
    },
    Command {
        name: "vectors",
        flags: "<file or directory>…",
        about: "run request vectors and captured callbacks through the Worker's own verifiers",
        run: vectors::run,
    },
    Command {
        name: "wrangler",
        flags: "<arguments>",
        about: "the pinned wrangler with a Node that is new enough, to deploy and to put secrets",
        run: wrangler::run,
    },
];

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask <command>\n");
    for command in COMMANDS {
        text.push_str(&format!("\n  {} {}\n      {}\n", command.name, command.flags, command.about));
    }
    text
}

fn dispatch() -> anyhow::Result<()> {
    let mut arguments = lexopt::Parser::from_env();
    let name = match arguments.next()? {
        Some(lexopt::Arg::Value(name)) => name,
        Some(lexopt::Arg::Short('h') | lexopt::Arg::Long("help")) | None => {
            print!("{}", usage());
            return Ok(());
        }
        Some(flag) => return Err(flag.unexpected().into()),
    };
    let command = COMMANDS.iter().find(|command| name == command.name);
    let command = command.ok_or_else(|| anyhow::anyhow!("no command {name:?}\n\n{}", usage()))?;
    (command.run)(arguments).map_err(|error| match error.downcast_ref::<lexopt::Error>() {
        Some(error) => anyhow::anyhow!("{error}\nusage: cargo xtask {} {}", command.name, command.flags),
        None => error,
    })
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
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
