//! Amounts that vendors send as decimal texts. They are read exactly.

use crate::domain::money::{Currency, MAX_AMOUNT_MINOR};

/// The minor units of a decimal text such as `29.35` or `-10.00` in a currency, and whether the amount is negative.
/// `None` if the text is not a decimal number, has more places than the currency, or is out of range: amounts are never
/// rounded.
#[must_use]
pub fn minor_units(text: &str, currency: Currency) -> Option<(i64, bool)> {
    let (negative, digits) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim()),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(places) {
        return None;
    }
    let exponent = usize::from(currency.exponent());
    // Additional places must be zeros: `20.000` is twenty euros.
    let places = places.trim_end_matches('0');
    if places.len() > exponent {
        return None;
    }
    let amount: i64 = format!("{whole}{places:0<exponent$}").parse().ok()?;
    (amount <= MAX_AMOUNT_MINOR).then_some((amount, negative))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_texts_are_read_exactly_or_not_at_all() {
        let read = |text, code| minor_units(text, Currency::parse(code).unwrap());
        for (text, code, expected) in [
            ("29.35", "EUR", Some((2935, false))),
            ("29.3", "EUR", Some((2930, false))),
            ("29", "EUR", Some((2900, false))),
            ("0.00", "EUR", Some((0, false))),
            ("-10.00", "EUR", Some((1000, true))),
            ("20.000", "EUR", Some((2000, false))),
            ("20.001", "EUR", None),
            ("1500", "JPY", Some((1500, false))),
            ("1500.00", "JPY", Some((1500, false))),
            ("1500.5", "JPY", None),
            ("1.234", "KWD", Some((1234, false))),
            ("10000000000.00", "EUR", Some((1_000_000_000_000, false))),
            ("10000000000.01", "EUR", None),
            ("", "EUR", None),
            (".5", "EUR", None),
            ("1e3", "EUR", None),
            ("1,50", "EUR", None),
            ("--1", "EUR", None),
            ("99999999999999999999", "EUR", None),
        ] {
            assert_eq!(read(text, code), expected, "{text} {code}");
        }
    }
}
