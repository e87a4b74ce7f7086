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

    /// Returns the language that most people of a country read best among these; English where none of the others is spoken by
    /// most. The country is an ISO 3166-1 alpha-2 code in upper case.
    #[must_use]
    pub fn of_country(country: &str) -> Self {
        let is_code = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
        let speaks = |(_, countries): &&(Self, &str)| is_code && countries.contains(country);
        COUNTRIES.iter().find(speaks).map_or(Self::English, |(language, _)| *language)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next()?.to_ascii_lowercase();
        if primary == "pt" { Some(Self::Portuguese) } else { Self::parse(&primary) }
    }
}

/// The countries in which most people speak a language other than English that is one of these. Belgium and Canada are not
/// here: a mail in French would be wrong for most people there. Neither are countries where French is an official language and
/// others are spoken at home, unless French is what business is written in.
const COUNTRIES: [(Language, &str); 6] = [
    (Language::Spanish, "AR BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR PY SV UY VE"),
    (Language::German, "AT CH DE LI"),
    (
        Language::French,
        "BF BJ BL CD CF CG CI CM DJ FR GA GF GN GP HT KM LU MC MF MG ML MQ NC NE PF PM RE SN TD TF TG WF YT",
    ),
    (Language::Italian, "IT SM VA"),
    (Language::Portuguese, "AO BR CV GW MZ PT ST TL"),
    (Language::Japanese, "JP"),
];

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

    #[test]
    fn a_country_has_a_language() {
        for (country, language) in [
            ("DE", Language::German),
            ("CH", Language::German),
            ("AR", Language::Spanish),
            ("FR", Language::French),
            ("IT", Language::Italian),
            ("PT", Language::Portuguese),
            ("BR", Language::Portuguese),
            ("JP", Language::Japanese),
            ("GB", Language::English),
            ("BE", Language::English),
            ("IN", Language::English),
            // Neither a blank between two codes nor a lower-case code is a country.
            ("T ", Language::English),
            (" A", Language::English),
            ("", Language::English),
            ("de", Language::English),
            ("DEU", Language::English),
        ] {
            assert_eq!(Language::of_country(country), language, "{country:?}");
        }
        for (language, countries) in COUNTRIES {
            for country in countries.split(' ') {
                assert!(crate::values::text::is_country(country), "{country}");
                assert_eq!(Language::of_country(country), language, "{country} is in one list");
            }
        }
    }
}
