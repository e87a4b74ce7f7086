//! JSON bodies: they are parsed into types, and every error has a code and a pointer to the field.

use super::{
    checks::CURRENCY_EXPECTED,
    problems::{Code, Problem},
};
use crate::domain::{
    money::{CURRENCY_REFUSED, amount::AMOUNT_REFUSED},
    values::date::DATE_REFUSED,
};
use serde::de::DeserializeOwned;

/// Largest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Largest page of an export that is read, in bytes.
pub const MAX_PAGE_BYTES: usize = 8 * 1024 * 1024;
/// The path that takes pages of an export.
pub const RESTORE_PATH: &str = "/v1/restore";

/// The largest body that a path takes, in bytes.
#[must_use]
pub fn limit_of(path: &str) -> usize {
    if path == RESTORE_PATH { MAX_PAGE_BYTES } else { MAX_BODY_BYTES }
}

/// The problem of a body that is larger than its path takes.
#[must_use]
pub fn too_large(path: &str) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("Send at most {} bytes.", limit_of(path)))
}

/// Reads a body, of at most [`MAX_BODY_BYTES`], that must be a JSON object of the form `T`.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    strict_json::from_str(text(body)?).map_err(|error| refused(&error))
}

/// A JSON object without one of its members, such as a secret that is shown once.
#[must_use]
pub fn without(object: &str, member: &str) -> String {
    let Ok(mut value) = strict_json::from_str::<serde_json::Map<String, serde_json::Value>>(object) else {
        return String::new();
    };
    value.remove(member);
    serde_json::Value::Object(value).to_string()
}

/// Reads a body as text.
pub fn text(body: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(body).map_err(|error| {
        Problem::new(Code::InvalidUtf8, format!("The first bad byte is at offset {}.", error.valid_up_to()))
    })
}

/// The problem of a body that could not be read.
fn refused(error: &strict_json::Error) -> Problem {
    if error.is_syntax() {
        return Problem::new(Code::MalformedJson, format!("{error}."));
    }
    field_problem(error.pointer(), &error.to_string())
}

/// The problem of the field at `pointer`, from serde's message about it.
///
/// These messages have been stable for a decade and put names in backticks; tests pin them.
pub fn field_problem(pointer: String, said: &str) -> Problem {
    let named = said.split('`').nth(1).unwrap_or_default();
    let child = |name: &str| format!("{pointer}/{name}");
    if said == "number out of range" {
        let amount = pointer.ends_with("/amount");
        let code = if amount { Code::AmountOutOfRange } else { Code::OutOfRange };
        return Problem::field(code, pointer, "This number is out of range.");
    }
    let detail = presentable(&pointer, said);
    if said.starts_with("unknown field") {
        return Problem::field(Code::UnknownField, pointer, "This field is unknown.");
    }
    if said.starts_with("missing field") {
        return Problem::field(Code::MissingField, child(named), "This field is required.");
    }
    if said.starts_with("duplicate field") {
        return Problem::field(Code::DuplicateField, child(named), "This field is given twice.");
    }
    // A map's keys are not part of the message, because a key may contain anything: the pointer names it.
    if said.starts_with("duplicate key") {
        return Problem::field(Code::DuplicateField, pointer, "This field is given twice.");
    }
    if said.starts_with("unknown variant") {
        return Problem::field(Code::InvalidValue, pointer, detail);
    }
    if said == AMOUNT_REFUSED {
        return Problem::field(Code::AmountOutOfRange, pointer, format!("{AMOUNT_REFUSED}."));
    }
    if said == CURRENCY_REFUSED {
        return Problem::field(Code::InvalidCurrency, pointer, CURRENCY_EXPECTED);
    }
    if said == DATE_REFUSED {
        return Problem::field(Code::InvalidDate, pointer, "Expected a day that exists, such as 2026-10-31.");
    }
    if said.starts_with("invalid value: integer") {
        return Problem::field(Code::OutOfRange, pointer, detail);
    }
    Problem::field(Code::WrongType, pointer, detail)
}

/// Fields whose values never appear in errors.
const SECRET: &[&str] =
    &["/secrets", "/legal_name", "/address", "/iban", "/bic", "/paypal_email", "/wise_email", "/tax_id"];

/// serde's message as it may be shown. It repeats the value, which may be long or a secret.
fn presentable(pointer: &str, said: &str) -> String {
    if SECRET.iter().any(|field| pointer.starts_with(field)) {
        return "This is not what is expected here.".to_owned();
    }
    let cut: String = said.chars().take(300).collect();
    format!("{cut}.")
}
