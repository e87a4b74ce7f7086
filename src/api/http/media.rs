//! Which representation a reader prefers.

/// Whether `Accept` prefers CSV to JSON (RFC 9110 §12.5.1). Without the header, or for any type, the answer is JSON.
#[must_use]
pub fn prefers_csv(accept: Option<&str>) -> bool {
    let quality = |media_type: &str| {
        let ranges = accept.unwrap_or_default().split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case(media_type) {
                return None;
            }
            let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            Some(quality.map_or(1_000, thousandths))
        });
        ranges.max()
    };
    match (quality("text/csv"), quality("application/json")) {
        (Some(csv), json) => csv > 0 && csv >= json.unwrap_or_default(),
        (None, _) => false,
    }
}

/// A quality such as `0.25` in thousandths; 0 if it is malformed.
fn thousandths(quality: &str) -> u32 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("1", _) => 1_000,
        ("0", Ok(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::prefers_csv;

    #[test]
    fn csv_is_answered_to_those_who_prefer_it() {
        for (accept, expected) in [
            (None, false),
            (Some(""), false),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (Some("text/csv"), true),
            (Some("TEXT/CSV; charset=utf-8"), true),
            (Some("text/html, text/csv;q=0.5, */*;q=0.1"), true),
            (Some("application/json, text/csv;q=0.9"), false),
            (Some("application/json;q=0.25, text/csv;q=0.3"), true),
            (Some("text/csv;q=0"), false),
            (Some("text/csv;q=x"), false),
        ] {
            assert_eq!(prefers_csv(accept), expected, "{accept:?}");
        }
    }
}
