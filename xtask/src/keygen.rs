//! `cargo xtask keygen`: prints a deployment's secrets on standard output and instructions on standard error.

use crate::keys::Keys;
use anyhow::{Context, Result};
use lexopt::ValueExt;

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut rotate: Option<String> = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("rotate") => rotate = Some(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    match rotate {
        Some(ring) => print_rotated(&ring),
        None => print_new(),
    }
}

fn print_new() -> Result<()> {
    let keys = Keys::generate()?;
    println!("OPERATOR_KEY={}", keys.operator_key);
    println!("SIGNING_KEYS={}", keys.signing_keys);
    println!("DATA_KEY={}", keys.data_key);
    eprintln!(
        "\nStore these with your other secrets. For each, run its command and paste the value after the `=`:\n  \
         cargo xtask wrangler secret put OPERATOR_KEY\n  cargo xtask wrangler secret put SIGNING_KEYS\n  cargo xtask wrangler secret put DATA_KEY"
    );
    Ok(())
}

fn print_rotated(file_or_text: &str) -> Result<()> {
    let ring = if file_or_text.trim_start().starts_with('{') {
        file_or_text.to_owned()
    } else {
        std::fs::read_to_string(file_or_text).with_context(|| {
            format!("{file_or_text:?} is neither the text of a key ring nor a readable file")
        })?
    };
    // The file may contain the line that this command printed, which starts with the secret's name.
    let text = ring.lines().find_map(|line| line.strip_prefix("SIGNING_KEYS=")).unwrap_or(&ring).trim();
    println!("SIGNING_KEYS={}", crate::keys::signing_keys(Some(text))?);
    eprintln!(
        "\nAfter deployment, the new key signs, and the old keys still verify:\n  \
         cargo xtask wrangler secret put SIGNING_KEYS\nTo revoke a key, remove it from \"keys\". Everything that it signed is \
         refused from then on."
    );
    Ok(())
}
