//! The languages in which Signpost speaks to people.

use crate::values::string_enum::string_enum;

string_enum! {
    /// A language, named by its BCP 47 tag.
    Language {
        /// English.
        English = "en";
        /// Spanish.
        Spanish = "es";
        /// German.
        German = "de";
        /// French.
        French = "fr";
        /// Italian.
        Italian = "it";
        /// Portuguese of Brazil.
        Portuguese = "pt-BR";
        /// Japanese.
        Japanese = "ja";
    }
}

impl Language {
    /// Returns the best language for an `Accept-Language` header (RFC 9110, section 12.5.4), or English if it names none of
    /// them. Variants of a language count as that language: `pt-PT` as `pt-BR`, `de-AT` as `de`.
    #[must_use]
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best: Option<(u16, Self)> = None;
        for range in accept_language.split(',') {
            let mut parts = range.split(';');
            let Some(language) = parts.next().and_then(Self::of_tag) else { continue };
            let weight = parts.find_map(weight).unwrap_or(1_000);
            // Of equal weights the first counts; a weight of 0 means "not acceptable".
            if weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next()?.to_ascii_lowercase();
        if primary == "pt" { Some(Self::Portuguese) } else { Self::parse(&primary) }
    }
}

/// Parses `q=0.8` into thousandths. Any other parameter, or a weight outside of 0 … 1, gives `None`.
fn weight(parameter: &str) -> Option<u16> {
    let value = parameter.trim().strip_prefix("q=")?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let thousandths: u16 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let weight = whole.parse::<u16>().ok()?.checked_mul(1_000)?.checked_add(thousandths)?;
    (weight <= 1_000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_of_the_seven_is_chosen() {
        for (header, language) in [
            ("", Language::English),
            ("nl,sv;q=0.9", Language::English),
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("nl, ja;q=0.5, it;q=0.7", Language::Italian),
            ("pt-PT", Language::Portuguese),
            ("PT-br", Language::Portuguese),
            ("en;q=0.1,es;q=0.2", Language::Spanish),
            ("fr;q=0,en;q=0.1", Language::English),
            ("fr;q=0", Language::English),
            ("it;q=2,fr;q=0.4", Language::Italian),
            ("ja,fr", Language::Japanese),
            ("*", Language::English),
        ] {
            assert_eq!(Language::negotiate(header), language, "{header:?}");
        }
    }
}
