//! `vectors <file or directory>…`: runs request vectors through the Worker's own verifiers and prints a line for
//! each. The exit code is 1 if one fails or if a file cannot be read.

use anyhow::{Context, Result, bail};
use std::{path::PathBuf, process::ExitCode};
use vectors::{outcome::Summary, vector};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        bail!("usage: vectors <file or directory>…");
    }
    let (mut summary, mut readable) = (Summary::default(), true);
    for path in paths {
        for file in vector::files(&path).with_context(|| path.display().to_string())? {
            // A broken file does not stop the others.
            match vector::read(&file) {
                Ok(vectors) => vectors
                    .iter()
                    .filter_map(|vector| summary.add(vector))
                    .for_each(|line| println!("{line}")),
                Err(error) => {
                    eprintln!("error: {}: {error:#}", file.display());
                    readable = false;
                }
            }
        }
    }
    summary.unknown().for_each(|line| println!("{line}"));
    println!("{summary}");
    Ok(readable && summary.failed() == 0)
}
