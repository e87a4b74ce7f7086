//! PEM (RFC 7468): base64 in lines, between two that say what it is.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Characters of a line; the last has as many as are left (RFC 7468 §2).
const LINE: usize = 64;

/// The bytes of a text that holds one thing, under this label. An explanation may stand before it, and nothing behind it.
pub(super) fn decode(text: &str, label: &str) -> Option<Vec<u8>> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("-----BEGIN "));
    let begin = lines.next()?;
    let lines: Vec<&str> = lines.collect();
    let (end, body) = lines.split_last()?;
    let (last, whole) = body.split_last()?;
    let labelled = begin == format!("-----BEGIN {label}-----") && *end == format!("-----END {label}-----");
    if !labelled || last.len() > LINE || whole.iter().any(|line| line.len() != LINE) {
        return None;
    }
    STANDARD.decode(body.concat()).ok()
}

/// The bytes of the first certificate of a text; behind it may stand those of its issuers.
pub(super) fn first_certificate(text: &str) -> Option<Vec<u8>> {
    const END: &str = "-----END CERTIFICATE-----";
    let end = text.find(END)?.checked_add(END.len())?;
    decode(text.get(..end)?, "CERTIFICATE")
}
