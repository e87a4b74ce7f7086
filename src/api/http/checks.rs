//! Checks of a request's fields: they collect every error, so that a caller learns of all of them at once.

use super::problems::{Code, FieldError, Problem};
use crate::{
    documents::payment_files::is_writable,
    domain::{
        money::{Currency, MAX_AMOUNT_MINOR, Money, amount::AMOUNT_REFUSED},
        payouts::{
            iban::{bic, iban, is_sepa},
            payer::Address,
        },
        programme::origin::Origin,
        values::{
            date::Date,
            limits::{self, METADATA_KEY, METADATA_KEYS, METADATA_VALUE},
            string_enum::Metadata,
            text,
            time::Timestamp,
        },
    },
};

/// What is said of a text that is not a currency.
pub const CURRENCY_EXPECTED: &str = "Expected three upper-case letters of ISO 4217 such as EUR.";

/// Collects errors of fields.
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

    /// Records that a field is wrong.
    pub fn refuse(&mut self, code: Code, field: &str, detail: impl Into<String>) {
        self.first.get_or_insert(code);
        let pointer = format!("{}/{field}", self.prefix);
        self.errors.push(FieldError { line: None, pointer, code: code.as_str(), detail: detail.into() });
    }

    /// Adds the errors of other checks.
    pub fn absorb(&mut self, other: Self) {
        self.first = self.first.or(other.first);
        self.errors.extend(other.errors);
    }

    /// A text of 1 to `max` characters without control characters.
    pub fn text(&mut self, field: &str, value: Option<&str>, limit: limits::Text) {
        if let Some(Err(error)) = value.map(|value| limit.check(value)) {
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
    pub fn range(&mut self, field: &str, value: Option<i64>, limit: limits::Range) {
        let limits::Range { min, max } = limit;
        if value.is_some_and(|value| !(min..=max).contains(&value)) {
            self.refuse(Code::OutOfRange, field, format!("Expected {min} to {max}."));
        }
    }

    /// The number of items of a list.
    pub fn count(&mut self, field: &str, items: usize, limit: limits::Count) {
        if !limit.contains(items) {
            let limits::Count { min, max } = limit;
            let expected = match max {
                usize::MAX => format!("Expected at least {min}."),
                _ => format!("Expected {min} to {max} items."),
            };
            self.refuse(Code::OutOfRange, field, expected);
        }
    }

    /// The origin of a web page.
    pub fn origin(&mut self, field: &str, value: Option<&str>) -> Option<Origin> {
        let origin = value.and_then(Origin::parse);
        if value.is_some() && origin.is_none() {
            let detail = "Expected an origin as browsers send it: https://app.example, with a port if it is not the usual one, in \
                          lower case, without a path. http is accepted for localhost only.";
            self.refuse(Code::InvalidOrigin, field, detail);
        }
        origin
    }

    /// An amount of money, 0 to 10^12 minor units.
    pub fn money(&mut self, field: &str, value: Option<&Money>) {
        if value.is_some_and(|money| !(0..=MAX_AMOUNT_MINOR).contains(&money.amount)) {
            self.refuse(Code::AmountOutOfRange, &format!("{field}/amount"), format!("{AMOUNT_REFUSED}."));
        }
    }

    /// A slug for a short link.
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
            let expected = "Expected RFC 3339 such as 2026-11-22T10:00:00.000Z";
            let detail = match Date::impossible(value) {
                Some(day) => format!("{expected}; {day} is not a date that exists (from 1970 on)."),
                None => format!("{expected}."),
            };
            self.refuse(Code::InvalidTime, field, detail);
        }
        time
    }

    /// Free annotations.
    pub fn metadata(&mut self, field: &str, value: Option<&Metadata>) {
        let Some(metadata) = value else { return };
        if metadata.len() > METADATA_KEYS {
            self.refuse(
                Code::InvalidMetadata,
                field,
                format!("{} keys; at most {METADATA_KEYS} are kept.", metadata.len()),
            );
        }
        for (key, value) in metadata {
            if METADATA_KEY.check(key).is_err() || METADATA_VALUE.check(value).is_err() {
                let (keys, values) = (METADATA_KEY.max, METADATA_VALUE.max);
                let key: String = key.chars().take(keys).collect();
                let detail =
                    format!("The entry {key:?}: keys have 1 to {keys} characters, values up to {values}.");
                self.refuse(Code::InvalidMetadata, field, detail);
            }
        }
    }

    /// A postal address, whose fields are below `field`.
    pub fn address(&mut self, field: &str, address: Option<&Address>) {
        let Some(address) = address else { return };
        self.text(&format!("{field}/street"), address.street.as_deref(), limits::STREET);
        self.text(&format!("{field}/postal_code"), address.postal_code.as_deref(), limits::POSTAL_CODE);
        self.text(&format!("{field}/city"), Some(&address.city), limits::CITY);
        self.country(&format!("{field}/country"), Some(&address.country));
    }

    /// An IBAN; returns its electronic form. The error does not repeat what was sent.
    pub fn iban(&mut self, field: &str, text: Option<&str>) -> Option<String> {
        let plain = text.map(iban)?;
        if plain.is_none() {
            self.refuse(Code::InvalidIban, field, "Its characters, length or check digits are wrong.");
        }
        plain
    }

    /// An account that SEPA transfers reach. An IBAN that is malformed is refused elsewhere.
    pub fn sepa_account(&mut self, field: &str, iban: Option<&str>) {
        if iban.is_some_and(|iban| !is_sepa(iban)) {
            let detail = "Its country is outside SEPA. Choose another payout method.";
            self.refuse(Code::IbanOutsideSepa, field, detail);
        }
    }

    /// A name or a part of an address that a SEPA file can contain. The error does not repeat it.
    pub fn sepa_text(&mut self, field: &str, value: Option<&str>) {
        if value.is_some_and(|value| !is_writable(value)) {
            let detail =
                "SEPA banks accept names in Latin, Greek and Cyrillic letters. Write it as the bank does.";
            self.refuse(Code::NameNotWritable, field, detail);
        }
    }

    /// The name and the address of a party of a SEPA file; the fields of the address are below `address`.
    pub fn sepa_party(&mut self, name: (&str, &str), field: &str, address: Option<&Address>) {
        self.sepa_text(name.0, Some(name.1));
        let Some(address) = address else { return };
        self.sepa_text(&format!("{field}/street"), address.street.as_deref());
        self.sepa_text(&format!("{field}/postal_code"), address.postal_code.as_deref());
        self.sepa_text(&format!("{field}/city"), Some(&address.city));
    }

    /// A BIC; returns its electronic form.
    pub fn bic(&mut self, field: &str, text: Option<&str>) -> Option<String> {
        let plain = text.map(bic)?;
        if plain.is_none() {
            self.refuse(Code::InvalidBic, field, "Expected 8 or 11 characters such as COBADEFFXXX.");
        }
        plain
    }

    /// Returns the problem, if anything is wrong.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(code) = self.first else { return Ok(()) };
        let detail = match self.errors.as_slice() {
            [one] => format!("{}: {}", one.pointer, one.detail),
            several => format!("{} fields are wrong; see errors.", several.len()),
        };
        Err(Problem { code, detail: detail.into(), errors: self.errors, log: None })
    }
}
