//! JSON bodies: read into types, every refusal with a code and a pointer to the field.

use super::problem::{Code, FieldError, Problem};
use crate::domain::{
    money::{CURRENCY_REFUSED, Currency, MAX_AMOUNT_MINOR, Money},
    values::{date::DATE_REFUSED, string_enum::Metadata, text, time::Timestamp},
};
use json::{FromJson, JsonError, Node, Numeral, Refusal};
use serde::de::{self, Error as _};

/// Largest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Reads a body, of at most [`MAX_BODY_BYTES`], that must be a JSON object of the form `T`.
pub fn parse<T: for<'j> FromJson<'j>>(body: &[u8]) -> Result<T, Problem> {
    json::read(well_formed(body)?).map_err(|error| refused(&error))
}

/// The problem of a body that could not be read. Not generic, as little is that need not be.
fn refused(error: &JsonError) -> Problem {
    field_problem(error.pointer(), &error.to_string())
}

/// The text of a body that is well-formed JSON.
fn well_formed(body: &[u8]) -> Result<&str, Problem> {
    let body = std::str::from_utf8(body).map_err(|error| {
        Problem::new(Code::InvalidUtf8, format!("The first bad byte is at offset {}.", error.valid_up_to()))
    })?;
    // First the syntax of the whole, then the fields: a body that is no JSON is never judged by its first half.
    serde_json::from_str::<de::IgnoredAny>(body)
        .map_err(|error| Problem::new(Code::MalformedJson, format!("{error}.")))?;
    Ok(body)
}

/// What is wrong with the field at `pointer`, from what serde said of it.
///
/// serde's own messages have been stable for a decade and carry the name in backticks; the tests pin them.
pub fn field_problem(pointer: String, message: &str) -> Problem {
    // serde_json puts " at line 1 column 2" behind what it says.
    let said = message.rsplit_once(" at line ").map_or(message, |(said, _)| said);
    let named = said.split('`').nth(1).unwrap_or_default();
    let child = |name: &str| format!("{pointer}/{name}");
    if said == "number out of range" {
        let amount = pointer.ends_with("/amount");
        let code = if amount { Code::AmountOutOfRange } else { Code::OutOfRange };
        return Problem::field(code, pointer, "This number is out of range.");
    }
    // What the first pass, which skips values, could not see: half a surrogate pair, too many levels.
    if SYNTAX.iter().any(|start| said.starts_with(start)) {
        return Problem::new(Code::MalformedJson, format!("{message}."));
    }
    let detail = shown(&pointer, said);
    if said.starts_with("unknown field") {
        return Problem::field(Code::UnknownField, pointer, "This field is not known here.");
    }
    if said.starts_with("missing field") {
        return Problem::field(Code::MissingField, child(named), "This field is required.");
    }
    if said.starts_with("duplicate field") {
        return Problem::field(Code::DuplicateField, child(named), "This field is given twice.");
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
        return Problem::field(Code::InvalidDate, pointer, "Expected a day such as 2026-10-31.");
    }
    if said.starts_with("invalid value: integer") {
        return Problem::field(Code::OutOfRange, pointer, detail);
    }
    Problem::field(Code::WrongType, pointer, detail)
}

/// How serde_json begins what it says of syntax that only shows when a value is read.
const SYNTAX: &[&str] = &[
    "lone leading surrogate",
    "unexpected end of hex escape",
    "invalid unicode code point",
    "recursion limit",
];

/// Fields whose values stand in no error.
const SECRET: &[&str] =
    &["/secrets", "/legal_name", "/address", "/iban", "/bic", "/paypal_email", "/wise_email", "/tax_id"];

/// What serde said, fit to be shown: it repeats the value, which may be long or a secret.
fn shown(pointer: &str, said: &str) -> String {
    if SECRET.iter().any(|field| pointer.starts_with(field)) {
        return "This is not what is expected here.".to_owned();
    }
    let cut: String = said.chars().take(300).collect();
    format!("{cut}.")
}

const CURRENCY_EXPECTED: &str = "Expected three upper-case letters of ISO 4217 such as EUR.";
const AMOUNT_REFUSED: &str = "an amount is a whole number of minor units from 0 to 1000000000000";

/// An amount in minor units, 0 … 10^12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub i64);

impl<'de> FromJson<'de> for Amount {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        match node.number() {
            Some(Numeral::Integer(value)) if (0..=MAX_AMOUNT_MINOR).contains(&value) => Ok(Self(value)),
            // A JSON number that is not written as an integer, or has too many digits for one.
            Some(Numeral::Float(value)) if value.fract() != 0.0 || (0.0..=9e15).contains(&value) => {
                Err(node.unexpected("a whole number of minor units"))
            }
            Some(_) => Err(Refusal::custom(AMOUNT_REFUSED)),
            None => Err(node.unexpected("a whole number of minor units")),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "integer", "minimum": 0, "maximum": MAX_AMOUNT_MINOR,
            "description": "Minor units of the currency beside it (cents, yen, fils)"
        })
    }
}
#[cfg(not(target_arch = "wasm32"))]
use std::borrow::Cow;

/// Collects what is wrong with a body's fields, so that a caller learns of all of it at once.
#[derive(Debug, Default)]
pub struct Checks {
    prefix: String,
    first: Option<Code>,
    errors: Vec<FieldError>,
}

impl Checks {
    /// Checks of the fields below the pointer `prefix`.
    #[must_use]
    pub fn under(prefix: String) -> Self {
        Self { prefix, ..Self::default() }
    }

    /// Notes that a field is wrong.
    pub fn refuse(&mut self, code: Code, field: &str, detail: impl Into<String>) {
        self.first.get_or_insert(code);
        let pointer = format!("{}/{field}", self.prefix);
        self.errors.push(FieldError { pointer, code: code.as_str(), detail: detail.into() });
    }

    /// Takes over what other checks found.
    pub fn absorb(&mut self, other: Self) {
        self.first = self.first.or(other.first);
        self.errors.extend(other.errors);
    }

    /// A text of 1 to `max` characters without control characters.
    pub fn text(&mut self, field: &str, value: Option<&str>, max: usize) {
        if let Some(Err(error)) = value.map(|value| text::check(value, 1, max)) {
            self.refuse(Code::InvalidText, field, error.to_string());
        }
    }

    /// An e-mail address.
    pub fn email(&mut self, field: &str, value: Option<&str>) {
        if value.is_some_and(|value| !text::is_email(value)) {
            self.refuse(Code::InvalidEmail, field, "Expected an address such as ada@example.com.");
        }
    }

    /// A country.
    pub fn country(&mut self, field: &str, value: Option<&str>) {
        if value.is_some_and(|value| !text::is_country(value)) {
            self.refuse(Code::InvalidCountry, field, "Expected two upper-case letters such as DE.");
        }
    }

    /// A currency.
    pub fn currency(&mut self, field: &str, value: Option<&str>) -> Option<Currency> {
        let value = value?;
        let currency = Currency::parse(value);
        if currency.is_none() {
            self.refuse(Code::InvalidCurrency, field, CURRENCY_EXPECTED);
        }
        currency
    }

    /// A URL.
    pub fn url(&mut self, field: &str, value: Option<&str>) {
        if value.is_some_and(|value| text::web_url(value).is_none()) {
            let detail = "Expected https://host/… or http://host/… of at most 2,048 bytes, without blanks, \
                          backslashes, user name or password; a host's name in ASCII (xn--…).";
            self.refuse(Code::InvalidUrl, field, detail);
        }
    }

    /// A number within inclusive bounds.
    pub fn range(&mut self, field: &str, value: Option<i64>, min: i64, max: i64) {
        if value.is_some_and(|value| !(min..=max).contains(&value)) {
            self.refuse(Code::OutOfRange, field, format!("Expected {min} to {max}."));
        }
    }

    /// An amount of money, 0 to 10^12 minor units.
    pub fn money(&mut self, field: &str, value: Option<&Money>) {
        if value.is_some_and(|money| !(0..=MAX_AMOUNT_MINOR).contains(&money.amount)) {
            self.refuse(Code::AmountOutOfRange, &format!("{field}/amount"), format!("{AMOUNT_REFUSED}."));
        }
    }

    /// A slug that may stand in a URL of ours.
    pub fn slug(&mut self, field: &str, value: Option<&str>) {
        match value {
            Some(value) if !text::is_slug(value) => {
                let detail =
                    "Expected [a-z0-9][a-z0-9-]{2,39}: 3 to 40 lower-case letters, digits and hyphens.";
                self.refuse(Code::InvalidSlug, field, detail);
            }
            Some(value) if text::is_reserved(value) => {
                self.refuse(
                    Code::ReservedSlug,
                    field,
                    "Signpost itself answers at this path; choose another.",
                );
            }
            _ => {}
        }
    }

    /// A time.
    pub fn time(&mut self, field: &str, value: Option<&str>) -> Option<Timestamp> {
        let value = value?;
        let time = Timestamp::parse(value);
        if time.is_none() {
            self.refuse(Code::InvalidTime, field, "Expected RFC 3339 such as 2026-11-22T10:00:00.000Z.");
        }
        time
    }

    /// Free annotations.
    pub fn metadata(&mut self, field: &str, value: Option<&Metadata>) {
        let Some(metadata) = value else { return };
        if metadata.len() > 50 {
            self.refuse(
                Code::InvalidMetadata,
                field,
                format!("{} keys; at most 50 are kept.", metadata.len()),
            );
        }
        for (key, value) in metadata {
            if text::check(key, 1, 40).is_err() || text::check(value, 0, 500).is_err() {
                let key: String = key.chars().take(40).collect();
                let detail = format!("The entry {key:?}: keys have 1 to 40 characters, values up to 500.");
                self.refuse(Code::InvalidMetadata, field, detail);
            }
        }
    }

    /// The problem, if anything was wrong.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(code) = self.first else { return Ok(()) };
        let detail = match self.errors.as_slice() {
            [one] => format!("{}: {}", one.pointer, one.detail),
            several => format!("{} fields are wrong; see errors.", several.len()),
        };
        Err(Problem { code, detail: detail.into(), errors: self.errors, log: None })
    }
}
