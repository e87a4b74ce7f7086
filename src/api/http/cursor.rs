//! Cursors: a position in one list under one set of filters. They are opaque to callers, and other lists refuse them.

use super::problems::{Code, Problem};
use crate::{domain::values::time::Timestamp, store::value::MAX_SAFE_INTEGER};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

const TAG_BYTES: usize = 7;

/// The tag of a list: a hash of its name and its filters.
fn tag(list: &str) -> [u8; TAG_BYTES] {
    let digest: [u8; 32] = Sha256::digest(list.as_bytes()).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The cursor at `position` of `list`.
#[must_use]
pub fn encode(list: &str, position: i64) -> String {
    let mut bytes = tag(list).to_vec();
    bytes.extend_from_slice(&position.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position that a cursor of `list` names.
pub fn decode(list: &str, cursor: &str) -> Result<i64, Problem> {
    let malformed = || Problem::new(Code::InvalidCursor, "Pass next_cursor of the previous page unchanged.");
    let bytes: [u8; TAG_BYTES + 8] =
        crate::domain::links::token::decode_exact(cursor).ok_or_else(malformed)?;
    let (of, position) = bytes.split_first_chunk::<TAG_BYTES>().unwrap_or((&[0; TAG_BYTES], &[]));
    if *of != tag(list) {
        return Err(mismatch());
    }
    let position = i64::from_be_bytes(position.first_chunk().copied().unwrap_or_default());
    // Cursors are not signed, and the SQL engine takes no integer beyond 2^53, so a forged position must not reach it.
    if (0..=MAX_SAFE_INTEGER).contains(&position) { Ok(position) } else { Err(malformed()) }
}

/// The cursor behind the row with this time and id.
#[must_use]
pub fn encode_at(list: &str, at_ms: i64, id: &str) -> String {
    let mut bytes = tag(list).to_vec();
    bytes.extend_from_slice(&at_ms.to_be_bytes());
    bytes.extend_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The time and id that a cursor of [`encode_at`] names.
pub fn decode_at(list: &str, cursor: &str) -> Result<(i64, String), Problem> {
    let malformed = || Problem::new(Code::InvalidCursor, "Pass next_cursor of the previous page unchanged.");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| malformed())?;
    let (of, rest) = bytes.split_first_chunk::<TAG_BYTES>().ok_or_else(malformed)?;
    let (at, id) = rest.split_first_chunk::<8>().ok_or_else(malformed)?;
    if *of != tag(list) {
        return Err(mismatch());
    }
    let id = std::str::from_utf8(id).ok().filter(|id| id.len() <= 64).ok_or_else(malformed)?;
    let at = i64::from_be_bytes(*at);
    // As in `decode`: a forged time must not reach the SQL engine.
    if (0..=MAX_SAFE_INTEGER).contains(&at) { Ok((at, id.to_owned())) } else { Err(malformed()) }
}

/// The time and number that a cursor of [`encode_at`] names, if its id is a number.
pub fn decode_place(list: &str, cursor: &str) -> Result<(Timestamp, i64), Problem> {
    let malformed = || Problem::new(Code::InvalidCursor, "Pass next_cursor of the previous page unchanged.");
    let (at_ms, no) = decode_at(list, cursor)?;
    let no = no.parse().ok().filter(|no| (0..=MAX_SAFE_INTEGER).contains(no)).ok_or_else(malformed)?;
    Ok((Timestamp::from_ms(at_ms).ok_or_else(malformed)?, no))
}

fn mismatch() -> Problem {
    Problem::new(
        Code::CursorMismatch,
        "This cursor was made for another list or other filters; start without one.",
    )
}
