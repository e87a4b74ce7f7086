//! Redaction of logs that were written before the payer's account was sealed. The event table is redacted by a schema step;
//! segments in KV and exports that an operator has saved are redacted whenever they are read.

use crate::domain::payouts::iban::mask;
use serde::Deserialize;
use std::borrow::Cow;

#[derive(Deserialize)]
struct ProgramLine {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    payer: Option<LoggedPayer>,
}

#[derive(Deserialize)]
struct LoggedPayer {
    iban: String,
}

/// Returns a line of the log of events without the payer's account, of which the last characters remain.
pub fn redact(line: &str) -> Cow<'_, str> {
    if !line.contains("\"program.updated\"") || !line.contains("\"payer\":{") {
        return Cow::Borrowed(line);
    }
    // A line that cannot be parsed is refused by its reader.
    let payer = serde_json::from_str::<ProgramLine>(line).ok().and_then(|line| line.data.payer);
    match payer {
        Some(LoggedPayer { iban }) if iban.is_ascii() && !iban.is_empty() => {
            Cow::Owned(line.replace(&iban, &mask(&iban)))
        }
        Some(_) | None => Cow::Borrowed(line),
    }
}
