//! Bank account numbers (ISO 13616) and bank identifiers (ISO 9362). Both checks are short. Crates for them include
//! tables of every country's account format and reject formats that a country introduces later.

/// Parses an IBAN and returns its electronic form: upper case, without spaces.
///
/// It checks the characters, the length (15 to 34) and the check digits (ISO 7064, MOD 97-10).
#[must_use]
pub fn iban(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
    let is_valid = (15..=34).contains(&compact.len())
        && compact.bytes().enumerate().all(|(at, b)| match at {
            0 | 1 => b.is_ascii_uppercase(),
            2 | 3 => b.is_ascii_digit(),
            _ => b.is_ascii_uppercase() || b.is_ascii_digit(),
        });
    if !is_valid {
        return None;
    }
    let (head, rest) = compact.split_at_checked(4)?;
    let remainder = rest.bytes().chain(head.bytes()).try_fold(0u32, |sum, b| {
        // A letter stands for two digits: A = 10 … Z = 35.
        let value = char::from(b).to_digit(36)?;
        let shift: u32 = if value < 10 { 10 } else { 100 };
        sum.checked_mul(shift)?.checked_add(value)?.checked_rem(97)
    })?;
    (remainder == 1).then_some(compact)
}

/// The countries of IBANs in the geographical scope of the SEPA schemes (EPC409-09). Territories such as Guernsey or
/// Martinique use the IBANs of their countries.
const SEPA_COUNTRIES: &str = "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT \
NL NO PL PT RO RS SE SI SK SM VA";

/// Returns whether an account can be reached by SEPA credit transfer, from the country of its IBAN.
#[must_use]
pub fn is_sepa(iban: &str) -> bool {
    iban.get(..2).is_some_and(|code| SEPA_COUNTRIES.split(' ').any(|country| country == code))
}

/// Parses a BIC: four letters or digits for the bank, two letters for the country, two characters for the location, and
/// optionally three for the branch (BICFIDec2014Identifier).
#[must_use]
pub fn bic(text: &str) -> Option<String> {
    let compact = text.to_ascii_uppercase();
    let is_valid = matches!(compact.len(), 8 | 11)
        && compact.bytes().enumerate().all(|(at, b)| match at {
            4 | 5 => b.is_ascii_uppercase(),
            _ => b.is_ascii_uppercase() || b.is_ascii_digit(),
        });
    is_valid.then_some(compact)
}

/// Masks a secret account number or address: its last four characters if it has more than eight, otherwise none of
/// them.
#[must_use]
pub fn mask(text: &str) -> String {
    let length = text.chars().count();
    let end: String = text.chars().skip(length.saturating_sub(4)).collect();
    if length > 8 { format!("••••{end}") } else { "••••".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ibans_are_checked_by_their_digits() {
        // Examples from the IBAN registry.
        for text in [
            "DE89 3704 0044 0532 0130 00",
            "GB29NWBK60161331926819",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "fr1420041010050500013M02606",
        ] {
            let compact = iban(text).unwrap();
            assert_eq!(compact, text.replace(' ', "").to_uppercase());
            // Changing any digit, or swapping any two different neighbours, is detected.
            for at in 2..compact.len() {
                let mut other: Vec<u8> = compact.bytes().collect();
                other[at] = if other[at] == b'7' { b'8' } else { b'7' };
                assert_eq!(iban(std::str::from_utf8(&other).unwrap()), None, "{compact} at {at}");
                let mut other: Vec<u8> = compact.bytes().collect();
                other.swap(at, at - 1);
                if other != compact.as_bytes() {
                    assert_eq!(iban(std::str::from_utf8(&other).unwrap()), None, "{compact} at {at}");
                }
            }
        }
        for text in [
            "",
            "DE",
            "DE89",
            "DE89370400440532013001",
            "DE89-3704-0044-0532-0130-00",
            "ÄE89370400440532013000",
        ] {
            assert_eq!(iban(text), None, "{text}");
        }
    }

    #[test]
    fn sepa_has_the_accounts_of_its_countries() {
        for text in
            ["DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947", "RS35260005601001611379"]
        {
            assert!(is_sepa(text), "{text}");
        }
        for text in [
            "TR330006100519786457841326",
            "SA0380000000608010167519",
            "BR1800360305000010009795493C1",
            "",
            "É",
        ] {
            assert!(!is_sepa(text), "{text}");
        }
        assert!(SEPA_COUNTRIES.split(' ').is_sorted());
        assert_eq!(SEPA_COUNTRIES.split(' ').count(), 42);
    }

    #[test]
    fn bics_and_masks_have_a_form() {
        assert_eq!(bic("cobadeff"), Some("COBADEFF".to_owned()));
        assert_eq!(bic("COBADEFFXXX"), Some("COBADEFFXXX".to_owned()));
        for text in ["", "COBADEF", "COBA1EFF", "COBADEFFXX", "COBADEFFXXXX", "COBÄDEF"] {
            assert_eq!(bic(text), None, "{text}");
        }
        assert_eq!(mask("DE89370400440532013000"), "••••3000");
        assert_eq!(mask("12345678"), "••••");
    }
}
