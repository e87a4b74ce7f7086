//! Amounts in minor units, currencies, and the application of rates.

pub mod accounts;
pub mod amount;
pub mod fx;

use iso_currency::Currency as Iso;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The largest amount that a caller may send, in minor units.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;
/// The number of basis points in a whole.
pub const WHOLE_BP: i64 = 10_000;

/// An ISO 4217 currency in use (no precious metals, test codes or funds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The message of a serde error for an unknown currency; `api/http/body.rs` recognises the error by this text.
pub const CURRENCY_REFUSED: &str = "expected an ISO 4217 code";

impl Currency {
    /// Parses an upper-case alphabetic code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        // Units of account without minor units ("N.A." in the standard) cannot represent an amount in minor units.
        Iso::from_code(code).filter(|iso| iso.exponent().is_some()).map(|_| Self(bytes))
    }

    /// The euro.
    pub const EUR: Self = Self(*b"EUR");

    /// Returns the alphabetic code, such as `EUR`.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Returns the number of decimal places of the minor unit: 0 (JPY), 2 (EUR), 3 (KWD).
    #[must_use]
    pub fn exponent(&self) -> u16 {
        Iso::from_code(self.code()).and_then(|iso| iso.exponent()).unwrap_or(2)
    }
}

impl Currency {
    /// Formats an amount in minor units as a decimal with the currency's decimal places: `-12.30`, or `1230` for JPY.
    #[must_use]
    pub fn decimal(&self, amount_minor: i128) -> String {
        let places = usize::from(self.exponent());
        let sign = if amount_minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", amount_minor.unsigned_abs(), width = places.saturating_add(1));
        match digits.split_at_checked(digits.len().saturating_sub(places)) {
            Some((whole, decimals)) if !decimals.is_empty() => format!("{sign}{whole}.{decimals}"),
            _ => format!("{sign}{digits}"),
        }
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| D::Error::custom(CURRENCY_REFUSED))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code", "examples": ["EUR"]
        })
    }
}

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "FixedAmount"))]
pub struct Money {
    /// The amount in minor units.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: Currency,
}

/// Returns `numerator / denominator`, rounded half away from zero: 2.5 becomes 3 and -2.5 becomes -3. A negative amount
/// is therefore the exact mirror of the positive one, and a reversal takes back exactly what was booked. Returns `None`
/// if the denominator is not positive or an intermediate result overflows.
#[must_use]
pub fn divide_half_away(numerator: i128, denominator: i128) -> Option<i128> {
    if denominator <= 0 {
        return None;
    }
    // The quotient of 2·n + d and 2·d rounds a non-negative n half up.
    let doubled = numerator.checked_abs()?.checked_mul(2)?.checked_add(denominator)?;
    let rounded = doubled.checked_div(denominator.checked_mul(2)?)?;
    if numerator < 0 { rounded.checked_neg() } else { Some(rounded) }
}

/// Returns `amount × numerator / denominator`, rounded half up, which is half away from zero because no argument may be
/// negative. Returns `None` if the denominator is not positive, another argument is negative, or the result overflows.
#[must_use]
pub fn share_half_up(amount_minor: i64, numerator: i64, denominator: i64) -> Option<i64> {
    if amount_minor < 0 || numerator < 0 {
        return None;
    }
    // The product fits in i128 for all i64 arguments.
    let product = i128::from(amount_minor).checked_mul(i128::from(numerator))?;
    i64::try_from(divide_half_away(product, i128::from(denominator))?).ok()
}

/// Splits `total` in proportion to `weights` into whole units that add up to it, by the largest remainder method: each
/// part is rounded down, and the remaining units go to the largest remainders, or to the earlier of equal ones. Each
/// part differs from its exact share by less than one unit. Returns `None` if an argument is negative, or if `total` is
/// positive and all weights are zero.
#[must_use]
pub fn split_largest_remainder(total: i64, weights: &[i64]) -> Option<Vec<i64>> {
    if total < 0 || weights.iter().any(|weight| *weight < 0) {
        return None;
    }
    let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if whole == 0 {
        return (total == 0).then(|| vec![0; weights.len()]);
    }
    let mut left = total;
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        // The product fits in i128 for all i64 arguments.
        let product = i128::from(total).checked_mul(i128::from(*weight))?;
        let part = i64::try_from(product.checked_div(whole)?).ok()?;
        left = left.checked_sub(part)?;
        parts.push(part);
        remainders.push((product.checked_rem(whole)?, index));
    }
    // The sort is stable, so the earlier of equal remainders stays first. The number of remaining units is smaller than
    // the number of parts with a remainder.
    remainders.sort_by(|(a, _), (b, _)| b.cmp(a));
    for (_, index) in remainders.into_iter().take(usize::try_from(left).ok()?) {
        let part = parts.get_mut(index)?;
        *part = part.checked_add(1)?;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_by_largest_remainder() {
        for (total, weights, expected) in [
            (10_000, &[1, 1, 1][..], Some(vec![3_334, 3_333, 3_333])),
            (10, &[3_334, 3_333, 3_333], Some(vec![4, 3, 3])),
            (1, &[1, 1, 1], Some(vec![1, 0, 0])),
            (1, &[1, 2, 1], Some(vec![0, 1, 0])),
            (5, &[1, 1], Some(vec![3, 2])),
            (100, &[0, 5, 0], Some(vec![0, 100, 0])),
            (0, &[0, 0], Some(vec![0, 0])),
            (0, &[], Some(vec![])),
            (1, &[], None),
            (1, &[0, 0], None),
            (-1, &[1], None),
            (1, &[2, -1], None),
            (i64::MAX, &[i64::MAX, i64::MAX], Some(vec![i64::MAX / 2 + 1, i64::MAX / 2])),
        ] {
            assert_eq!(split_largest_remainder(total, weights), expected, "{total} by {weights:?}");
        }
    }

    #[test]
    fn quotients_round_half_away_from_zero() {
        for (numerator, denominator, expected) in [
            (5, 2, Some(3)),
            (-5, 2, Some(-3)),
            (249, 100, Some(2)),
            (-249, 100, Some(-2)),
            (1, 2, Some(1)),
            (-1, 2, Some(-1)),
            (-1, 3, Some(0)),
            (0, 7, Some(0)),
            (1, 0, None),
            (1, -2, None),
            (i128::MAX, 1, None),
            (i128::MIN, 1, None),
        ] {
            assert_eq!(divide_half_away(numerator, denominator), expected, "{numerator} / {denominator}");
        }
    }

    #[test]
    fn shares_round_half_up_at_every_edge() {
        for (amount, bp, expected) in [
            (9_900, 2_000, 1_980),
            (1, 5_000, 1),
            (1, 4_999, 0),
            (3, 1_500, 0),
            (333, 1_500, 50),
            (0, 10_000, 0),
            (MAX_AMOUNT_MINOR, WHOLE_BP, MAX_AMOUNT_MINOR),
            (i64::MAX, WHOLE_BP, i64::MAX),
        ] {
            assert_eq!(share_half_up(amount, bp, WHOLE_BP), Some(expected), "{amount} at {bp}");
        }
        assert_eq!(share_half_up(-1, 1, 1), None);
        assert_eq!(share_half_up(1, 1, 0), None);
        assert_eq!(share_half_up(i64::MAX, 2, 1), None);
    }

    #[test]
    fn amounts_are_shown_in_their_currencys_places() {
        for (code, amount, text) in [
            ("EUR", 0, "0.00"),
            ("EUR", 5, "0.05"),
            ("EUR", -5, "-0.05"),
            ("EUR", 123_456, "1234.56"),
            ("JPY", 1_230, "1230"),
            ("JPY", -7, "-7"),
            ("KWD", 1_230, "1.230"),
            ("CLF", 1, "0.0001"),
            ("EUR", i128::from(i64::MIN), "-92233720368547758.08"),
        ] {
            assert_eq!(Currency::parse(code).unwrap().decimal(amount), text);
        }
    }

    #[test]
    fn currencies_have_a_minor_unit() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("ISK", 0), ("CLF", 4)] {
            assert_eq!(Currency::parse(code).map(|c| c.exponent()), Some(exponent), "{code}");
        }
        for code in ["", "eur", "EURO", "ZZZ", "XXX", "XAU", "€€"] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }
}
