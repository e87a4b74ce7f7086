//! Validation of texts: lengths, characters, e-mail addresses, countries, URLs and slugs.

use std::ops::RangeInclusive;
use url::Url;

/// The reason that a text was rejected; each has its own code in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text is shorter or longer than allowed.
    #[error("must have {min} to {max} characters")]
    Length {
        /// The minimum number of characters.
        min: usize,
        /// The maximum number of characters.
        max: usize,
    },
    /// The text contains control characters.
    #[error("must not hold control characters")]
    Control,
    /// The text consists of blanks and characters that are not shown, such as U+200B.
    #[error("must have a visible character")]
    Invisible,
}

/// Checks that `text` has `min` to `max` characters and no control characters.
pub fn check(text: &str, min: usize, max: usize) -> Result<(), TextError> {
    if !(min..=max).contains(&text.chars().count()) {
        return Err(TextError::Length { min, max });
    }
    if text.chars().any(char::is_control) { Err(TextError::Control) } else { Ok(()) }
}

/// Checks that a name has a visible character.
pub fn check_visible(text: &str) -> Result<(), TextError> {
    let is_visible = |c: char| !c.is_whitespace() && !is_ignorable(c) && c != BRAILLE_BLANK;
    if text.contains(is_visible) { Ok(()) } else { Err(TextError::Invisible) }
}

/// A letter that looks like a blank.
pub const BRAILLE_BLANK: char = '\u{2800}';

/// The characters with the property Default_Ignorable_Code_Point of Unicode 16.
pub const IGNORABLE: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fff8}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Returns whether a character is not shown by itself, such as a zero-width space, a soft hyphen or a variation
/// selector.
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    IGNORABLE.iter().any(|range| range.contains(&c))
}

/// Longest e-mail address that is accepted, in bytes (RFC 5321).
pub const MAX_EMAIL_BYTES: usize = 254;

/// Returns whether `text` has the form of an e-mail address: one `@` with text on both sides, a domain with a dot, and
/// no spaces. It does not check that the address accepts mail.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= MAX_EMAIL_BYTES
        && !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !local.contains('@')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// The ISO 3166-1 alpha-2 codes assigned today.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR \
MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU \
RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Returns whether `code` is an assigned ISO 3166-1 alpha-2 code in upper case.
#[must_use]
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split(' ').any(|country| country == code)
}

/// The maximum length of a URL in bytes.
pub const MAX_URL_BYTES: usize = 2048;

/// Parses an absolute http or https URL with a host and without a user name or password. A host with non-ASCII letters
/// must be in its `xn--` form: the tables for converting it would be a sixth of the Worker (Cargo.lock, `idna_adapter`
/// 1.0.0).
#[must_use]
pub fn web_url(text: &str) -> Option<Url> {
    // The parser drops tabs, newlines and surrounding spaces, so the stored text would differ from the checked one.
    if text.len() > MAX_URL_BYTES || text.chars().any(|c| c.is_control() || c == ' ' || c == '\\') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

/// Returns whether two hex digits follow each percent sign (RFC 3986 §2.1).
#[must_use]
pub fn escapes_are_whole(query: &str) -> bool {
    query.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes();
        [digits.next(), digits.next()]
            .iter()
            .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
    })
}

/// First path segments that Signpost uses itself or reserves for later use.
pub const RESERVED_SEGMENTS: &[&str] = &[
    "v1",
    "v2",
    "r",
    "p",
    "callbacks",
    "connections",
    "docs",
    "openapi.json",
    "openapi",
    "healthz",
    "readyz",
    "app",
    "apply",
    "embed",
    "sign-in",
    "odata",
    "oauth",
    ".well-known",
    "certificates",
    "surveys",
    "statements",
    "dub",
    "mcp",
    "dev",
    "assets",
    "static",
    "robots.txt",
    "favicon.ico",
    "dashboard",
    "admin",
    "api",
    "install",
    "well-known",
    "robots",
    "favicon",
    "sitemap",
    "cdn-cgi",
];

/// Returns whether `text` has the form of a slug: `[a-z0-9][a-z0-9-]{2,39}`.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    (3..=40).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Returns whether a slug would shadow one of Signpost's own paths.
#[must_use]
pub fn is_reserved(slug: &str) -> bool {
    RESERVED_SEGMENTS.contains(&slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters() {
        assert_eq!(check("ééé", 1, 3), Ok(()));
        assert_eq!(check("", 1, 3), Err(TextError::Length { min: 1, max: 3 }));
        assert_eq!(check("a\u{0}b", 1, 3), Err(TextError::Control));
    }

    #[test]
    fn urls_must_be_plain_web_urls() {
        for good in
            ["https://example.com", "http://127.0.0.1:8080/a?b=c#d", "https://xn--bcher-kva.example/x"]
        {
            assert!(web_url(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "//example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "https://u@example.com",
            "https://u:p@example.com",
            "https://exa mple.com",
            "https://example.com/\n",
            "https:\\\\example.com",
            "https://",
        ] {
            assert!(web_url(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn slugs_and_emails_have_a_form() {
        for good in ["abc", "0-a", "summer-sale-2026"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["", "ab", "-abc", "Abc", "a_b", "é-é", &"a".repeat(41)] {
            assert!(!is_slug(bad), "{bad}");
        }
        for (text, ok) in [
            ("a@b.c", true),
            ("a@b", false),
            ("@b.c", false),
            ("a b@c.d", false),
            ("a@@b.c", false),
            ("a@.c", false),
        ] {
            assert_eq!(is_email(text), ok, "{text}");
        }
        assert!(is_country("DE") && !is_country("de") && !is_country("UK") && !is_country("D E"));
    }
}
