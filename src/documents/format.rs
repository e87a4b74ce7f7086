//! How numbers are printed in documents.

/// Basis points as a percentage without trailing zeros: 1250 is `12.5`.
#[must_use]
pub fn percent(basis_points: i64) -> String {
    let (whole, rest) = (basis_points.div_euclid(100), basis_points.rem_euclid(100));
    let decimals = format!("{rest:02}");
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() { whole.to_string() } else { format!("{whole}.{decimals}") }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_have_no_trailing_zeros() {
        assert_eq!(
            [0, 5, 1_250, 2_000, 10_000].map(percent),
            ["0", "0.05", "12.5", "20", "100"].map(String::from)
        );
    }
}
