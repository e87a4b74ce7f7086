//! The project's one front door.
use std::process::{Command, ExitCode};

fn run(program: &str, args: &[&str]) -> bool {
    println!("› {program} {}", args.join(" "));
    Command::new(program).args(args).status().is_ok_and(|status| status.success())
}

fn main() -> ExitCode {
    let ok = run("cargo", &["fmt", "--all", "--check"])
        && run("cargo", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
        && run("cargo", &["test", "--workspace"]);
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
