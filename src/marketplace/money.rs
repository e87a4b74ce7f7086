//! Amounts that vendors send as decimal texts. They are read from their digits, never through a float.

use crate::domain::money::{Currency, MAX_AMOUNT_MINOR};

/// An amount in minor units of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// The minor units, without a sign.
    pub minor: i64,
    /// Whether the text has a minus sign.
    pub is_negative: bool,
    /// Whether the text has places beyond the minor unit that are not zero. Shops set their decimals separately from
    /// their currency.
    pub is_rounded: bool,
}

impl Amount {
    /// The amount, unless it has a minus sign.
    #[must_use]
    pub fn without_sign(self) -> Option<Self> {
        (!self.is_negative).then_some(self)
    }
}

/// The amount of a decimal text such as `29.35` or `-10.00` in a currency, rounded half up to the minor unit (by its
/// magnitude, so that a refund rounds as its charge does). `None` if the text is not a decimal number or is out of range.
#[must_use]
pub fn amount(text: &str, currency: Currency) -> Option<Amount> {
    let (is_negative, digits) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim()),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(places) {
        return None;
    }
    let exponent = usize::from(currency.exponent());
    let (kept, beyond) = places.split_at_checked(exponent).unwrap_or((places, ""));
    let exact: i64 = format!("{whole}{kept:0<exponent$}").parse().ok()?;
    let minor = exact.checked_add(i64::from(beyond.bytes().next().is_some_and(|digit| digit >= b'5')))?;
    // Additional places may be zeros: `20.000` is exactly twenty euros.
    let is_rounded = beyond.bytes().any(|digit| digit != b'0');
    (minor <= MAX_AMOUNT_MINOR).then_some(Amount { minor, is_negative, is_rounded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_texts_are_rounded_half_up_to_the_minor_unit() {
        let read = |text, code| {
            let read = amount(text, Currency::parse(code).unwrap());
            read.map(|amount| (amount.minor, amount.is_negative, amount.is_rounded))
        };
        for (text, code, expected) in [
            ("29.35", "EUR", Some((2935, false, false))),
            ("29.3", "EUR", Some((2930, false, false))),
            ("29", "EUR", Some((2900, false, false))),
            ("29.", "EUR", Some((2900, false, false))),
            ("0.00", "EUR", Some((0, false, false))),
            ("-10.00", "EUR", Some((1000, true, false))),
            ("20.000", "EUR", Some((2000, false, false))),
            ("20.001", "EUR", Some((2000, false, true))),
            ("33.3333", "EUR", Some((3333, false, true))),
            ("33.335", "EUR", Some((3334, false, true))),
            ("33.3349999", "EUR", Some((3333, false, true))),
            ("0.999", "EUR", Some((100, false, true))),
            ("0.004", "EUR", Some((0, false, true))),
            ("18.4501", "EUR", Some((1845, false, true))),
            ("36.390000000000001", "EUR", Some((3639, false, true))),
            ("-10.005", "EUR", Some((1001, true, true))),
            ("1500", "JPY", Some((1500, false, false))),
            ("1500.00", "JPY", Some((1500, false, false))),
            ("1077.50", "JPY", Some((1078, false, true))),
            ("1077.49", "JPY", Some((1077, false, true))),
            ("12500.50", "CLP", Some((12_501, false, true))),
            ("1.234", "KWD", Some((1234, false, false))),
            ("1.2345", "KWD", Some((1235, false, true))),
            ("10000000000.00", "EUR", Some((1_000_000_000_000, false, false))),
            ("10000000000.004", "EUR", Some((1_000_000_000_000, false, true))),
            ("10000000000.005", "EUR", None),
            ("10000000000.01", "EUR", None),
            ("", "EUR", None),
            (".5", "EUR", None),
            ("1e3", "EUR", None),
            ("1,50", "EUR", None),
            ("1.5.0", "EUR", None),
            ("--1", "EUR", None),
            ("99999999999999999999", "EUR", None),
        ] {
            assert_eq!(read(text, code), expected, "{text} {code}");
        }
    }
}
