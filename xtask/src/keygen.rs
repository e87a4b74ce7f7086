//! `cargo xtask keygen`: prints a deployment's secrets on standard output and instructions on standard error.

use crate::keys::Keys;
use anyhow::{Context, Result};
use lexopt::ValueExt;

pub fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut rotate, mut rotate_data): (Option<String>, Option<String>) = (None, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("rotate") => rotate = Some(arguments.value()?.string()?),
            lexopt::Arg::Long("rotate-data") => rotate_data = Some(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(file) = &rotate_data {
        print_rotated_data(file)?;
    }
    match rotate {
        Some(ring) => print_rotated(&ring),
        None if rotate_data.is_some() => Ok(()),
        None => print_new(),
    }
}

fn print_rotated_data(file: &str) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{file:?} is not a readable file"))?;
    // The file may contain the line that this command printed, which starts with the secret's name.
    let keys = text.lines().find_map(|line| line.strip_prefix("DATA_KEY=")).unwrap_or(&text).trim();
    println!("DATA_KEY={}", crate::keys::data_keys(keys)?);
    eprintln!(
        "\nAfter deployment, the new key seals, and the old ones still open:\n  \
         cargo xtask wrangler secret put DATA_KEY\nThe Ledger then seals listings' secrets, payout details and the payer's \
         account anew. Keep the old key for 90 days, until unprocessed callbacks have expired."
    );
    Ok(())
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
