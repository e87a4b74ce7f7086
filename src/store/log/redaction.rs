//! Redaction of logs that were written before the payer's account was sealed. The event table is redacted by a schema step,
//! and segments in KV by the first alarm of a newer version. Exports that an operator has saved, and segments until then, are
//! redacted whenever they are read.

use crate::{
    domain::payouts::iban::mask,
    store::{Sql, SqlError, meta},
};
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
    let payer = strict_json::from_str::<ProgramLine>(line).ok().and_then(|line| line.data.payer);
    match payer {
        Some(LoggedPayer { iban }) if iban.is_ascii() && !iban.is_empty() => {
            Cow::Owned(line.replace(&iban, &mask(&iban)))
        }
        Some(_) | None => Cow::Borrowed(line),
    }
}

/// Returns a segment of the log, one event a line, without the payer's account; borrowed if it has none.
pub fn redact_segment(segment: &str) -> Cow<'_, str> {
    let lines: Vec<Cow<'_, str>> = segment.split('\n').map(redact).collect();
    if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
        return Cow::Borrowed(segment);
    }
    Cow::Owned(lines.join("\n"))
}

/// Returns the cursor in KV from which segments are still to be redacted, empty at the beginning; `None` if all have been.
pub fn progress(sql: &dyn Sql) -> Result<Option<String>, SqlError> {
    Ok(match meta::text(sql, meta::name::LOG_REDACTED)? {
        None => Some(String::new()),
        Some(cursor) => Some(cursor).filter(|cursor| !cursor.is_empty()),
    })
}

/// Records how far segments have been redacted; `None` means all of them.
pub fn set_progress(sql: &dyn Sql, cursor: Option<&str>) -> Result<(), SqlError> {
    meta::set_text(sql, meta::name::LOG_REDACTED, cursor.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::redact_segment;
    use std::borrow::Cow;

    const OLD: &str =
        r#"{"type":"program.updated","data":{"payer":{"name":"Acme","iban":"DE89370400440532013000"}}}"#;

    #[test]
    fn a_segment_loses_the_account_and_nothing_else() {
        let other = r#"{"type":"partner.created","data":{"name":"DE89370400440532013000"}}"#;
        let segment = format!("{other}\n{OLD}\n{other}\n");
        let redacted = redact_segment(&segment);
        let masked = OLD.replace("DE89370400440532013000", "••••3000");
        assert_eq!(redacted, format!("{other}\n{masked}\n{other}\n"));
        assert!(matches!(redact_segment(&redacted), Cow::Borrowed(_)));
    }
}
