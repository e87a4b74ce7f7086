//! Figures as people write them, for the tables in `fixtures/ledger/`.

/// `12.34` with as many decimals as `places` says, in smallest units.
pub fn minor(text: &str, places: u16) -> i64 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    assert_eq!(decimals.len(), usize::from(places), "decimals of {text:?}");
    format!("{whole}{decimals}").parse().unwrap_or_else(|_| panic!("{text:?} is no amount"))
}

/// `12.5 %` in basis points.
pub fn basis_points(text: &str) -> i64 {
    let percent = text.strip_suffix(" %").unwrap_or_else(|| panic!("{text:?} is no rate"));
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
    assert!(decimals.len() <= 2, "{text:?} is finer than a basis point");
    format!("{whole}{decimals:0<2}").parse().unwrap()
}

/// Smallest units as people write them: `12.34`.
pub fn written(minor: i64, places: u16) -> String {
    let (sign, digits) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs().to_string());
    let places = usize::from(places);
    if places == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, decimals) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{decimals}")
}
