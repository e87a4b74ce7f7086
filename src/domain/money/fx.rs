//! Exchange: dated rates that the operator supplied, and what an amount is worth at one.

use crate::money::Currency;

/// Decimals of a rate.
pub const RATE_DECIMALS: u16 = 10;
/// The units of a rate in one.
const RATE_UNIT: i64 = 10_000_000_000;
/// The largest rate: 10^8 of one unit for one of the other.
const MAX_RATE: i64 = 100_000_000 * RATE_UNIT;

/// What one of a currency is worth in another, in units of 10^-10: exact, as it was supplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(i64);

impl Rate {
    /// The rate that a decimal text spells: digits, at most one point with digits on both sides, up to 10 decimals, more
    /// than 0, at most 10^8.
    #[must_use]
    #[inline]
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

    /// The rate of so many units of 10^-10.
    #[must_use]
    #[inline]
    pub fn from_scaled(scaled: i64) -> Option<Self> {
        (1..=MAX_RATE).contains(&scaled).then_some(Self(scaled))
    }

    /// In units of 10^-10.
    #[must_use]
    pub fn scaled(self) -> i64 {
        self.0
    }
}

/// Decimal, without zeros at its end.
impl std::fmt::Display for Rate {
    #[inline]
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) =
            (self.0.checked_div(RATE_UNIT).unwrap_or(0), self.0.checked_rem(RATE_UNIT).unwrap_or(0));
        let decimals = format!("{rest:010}");
        let decimals = decimals.trim_end_matches('0');
        if decimals.is_empty() { write!(f, "{whole}") } else { write!(f, "{whole}.{decimals}") }
    }
}

/// What `amount_minor` of `from` is worth in `to`, in minor units: amount × rate, by the decimal places of both currencies,
/// rounded half up; of a negative amount as much as of the positive one, with the sign. `None` if it does not fit.
#[must_use]
#[inline]
pub fn convert(amount_minor: i64, from: Currency, to: Currency, rate: Rate) -> Option<i64> {
    let ten = |places: u16| 10i128.checked_pow(u32::from(places));
    let numerator = i128::from(amount_minor.unsigned_abs())
        .checked_mul(i128::from(rate.0))?
        .checked_mul(ten(to.exponent())?)?;
    let denominator = ten(from.exponent().checked_add(RATE_DECIMALS)?)?;
    let half_up =
        numerator.checked_mul(2)?.checked_add(denominator)?.checked_div(denominator.checked_mul(2)?)?;
    let signed = if amount_minor < 0 { half_up.checked_neg()? } else { half_up };
    i64::try_from(signed).ok()
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
            let rate = Rate::parse(text).unwrap();
            assert_eq!(rate.to_string(), canonical);
            assert_eq!(Rate::parse(canonical), Some(rate));
            assert_eq!(Rate::from_scaled(rate.scaled()), Some(rate));
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
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_no_amount() {
        let currency = |code| Currency::parse(code).unwrap();
        let rate = Rate::parse("100000000").unwrap();
        assert_eq!(convert(i64::MAX, currency("JPY"), currency("CLF"), rate), None);
        assert_eq!(
            convert(i64::MIN, currency("EUR"), currency("EUR"), Rate::parse("1").unwrap()),
            Some(i64::MIN)
        );
        assert_eq!(
            convert(i64::MAX, currency("EUR"), currency("EUR"), Rate::parse("1").unwrap()),
            Some(i64::MAX)
        );
    }
}
