//! Currency conversion at dated rates that the operator supplies.

use crate::money::{Currency, divide_half_away};

/// The number of decimal places of a rate.
pub const RATE_DECIMALS: u16 = 10;
/// The number of units of a rate in one.
const RATE_UNIT: i64 = 10_000_000_000;
/// The maximum rate: 10^8.
const MAX_RATE: i64 = 100_000_000 * RATE_UNIT;

/// The value of one unit of a currency in another, in units of 10^-10, exactly as supplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeRate(i64);

impl ExchangeRate {
    /// Parses a decimal: digits with at most one point that has digits on both sides, up to 10 decimal places, greater
    /// than 0 and at most 10^8.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole)
            || !digits(decimals)
            || whole.len() > 9
            || decimals.len() > usize::from(RATE_DECIMALS)
        {
            return None;
        }
        let scaled: i64 = format!("{whole}{decimals:0<10}").parse().ok()?;
        Self::from_scaled(scaled)
    }

    /// Creates a rate from units of 10^-10.
    #[must_use]
    pub fn from_scaled(scaled: i64) -> Option<Self> {
        (1..=MAX_RATE).contains(&scaled).then_some(Self(scaled))
    }

    /// Returns the rate in units of 10^-10.
    #[must_use]
    pub fn scaled(self) -> i64 {
        self.0
    }
}

/// Formats the rate as a decimal without trailing zeros.
impl std::fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) =
            (self.0.checked_div(RATE_UNIT).unwrap_or(0), self.0.checked_rem(RATE_UNIT).unwrap_or(0));
        let decimals = format!("{rest:010}");
        let decimals = decimals.trim_end_matches('0');
        if decimals.is_empty() { write!(f, "{whole}") } else { write!(f, "{whole}.{decimals}") }
    }
}

/// Converts `amount_minor` of `from` to minor units of `to`: amount × rate, adjusted for the decimal places of both
/// currencies and rounded half away from zero, so that a negative amount is worth exactly as much as the positive one.
/// Returns `None` if the result overflows.
#[must_use]
pub fn convert(amount_minor: i64, from: Currency, to: Currency, rate: ExchangeRate) -> Option<i64> {
    let ten = |places: u16| 10i128.checked_pow(u32::from(places));
    let numerator =
        i128::from(amount_minor).checked_mul(i128::from(rate.0))?.checked_mul(ten(to.exponent())?)?;
    let denominator = ten(from.exponent().checked_add(RATE_DECIMALS)?)?;
    i64::try_from(divide_half_away(numerator, denominator)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_kept_as_they_were_supplied() {
        for (text, canonical) in [
            ("0.9231", "0.9231"),
            ("1", "1"),
            ("0.0000000001", "0.0000000001"),
            ("100000000", "100000000"),
            ("007.5000", "7.5"),
            ("12345678.0123456789", "12345678.0123456789"),
        ] {
            let rate = ExchangeRate::parse(text).unwrap();
            assert_eq!(rate.to_string(), canonical);
            assert_eq!(ExchangeRate::parse(canonical), Some(rate));
            assert_eq!(ExchangeRate::from_scaled(rate.scaled()), Some(rate));
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "0",
            "0.0",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "0.00000000001",
            "100000000.0000000001",
            "1.2.3",
            "٣",
            " 1",
            "1000000000",
        ] {
            assert_eq!(ExchangeRate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_negative_amount_is_the_mirror_of_the_positive_one() {
        let currency = |code| Currency::parse(code).unwrap();
        for rate in ["0.5", "0.25", "1.5", "0.9231", "162.53", "0.0061"] {
            let rate = ExchangeRate::parse(rate).unwrap();
            for (from, to) in [("USD", "EUR"), ("EUR", "JPY"), ("JPY", "EUR"), ("KWD", "USD")] {
                let worth = |amount| convert(amount, currency(from), currency(to), rate).unwrap();
                for amount in 0..1_000 {
                    assert_eq!(worth(-amount), -worth(amount), "{amount} {from} in {to} at {rate}");
                }
            }
        }
    }

    #[test]
    fn overflow_is_none() {
        let currency = |code| Currency::parse(code).unwrap();
        let rate = ExchangeRate::parse("100000000").unwrap();
        assert_eq!(convert(i64::MAX, currency("JPY"), currency("CLF"), rate), None);
        assert_eq!(
            convert(i64::MIN, currency("EUR"), currency("EUR"), ExchangeRate::parse("1").unwrap()),
            Some(i64::MIN)
        );
        assert_eq!(
            convert(i64::MAX, currency("EUR"), currency("EUR"), ExchangeRate::parse("1").unwrap()),
            Some(i64::MAX)
        );
    }
}
