//! Amounts as people write them, for the tables in `fixtures/ledger/`.

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
