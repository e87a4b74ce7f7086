//! Bank accounts by ISO 13616, and banks by ISO 9362. Both checks are a page of the standard each; crates for them carry
//! tables of every country's account format, which would be more to load than all of this file, and refuse what a
//! country introduces later.

/// The IBAN that a text spells, in its electronic form: upper case, without the blanks of print.
///
/// Checked are the characters, the length (15 to 34) and the check digits (ISO 7064, MOD 97-10).
#[must_use]
#[inline]
pub fn iban(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
    let right = (15..=34).contains(&plain.len())
        && plain.bytes().enumerate().all(|(at, b)| match at {
            0 | 1 => b.is_ascii_uppercase(),
            2 | 3 => b.is_ascii_digit(),
            _ => b.is_ascii_uppercase() || b.is_ascii_digit(),
        });
    if !right {
        return None;
    }
    let (head, rest) = plain.split_at_checked(4)?;
    let remainder = rest.bytes().chain(head.bytes()).try_fold(0u32, |sum, b| {
        // A letter stands for two digits: A = 10 … Z = 35.
        let value = char::from(b).to_digit(36)?;
        let shift: u32 = if value < 10 { 10 } else { 100 };
        sum.checked_mul(shift)?.checked_add(value)?.checked_rem(97)
    })?;
    (remainder == 1).then_some(plain)
}

/// The BIC that a text spells: four letters or digits of the bank, two letters of the country, two of the place, and
/// three of the branch or none (BICFIDec2014Identifier).
#[must_use]
#[inline]
pub fn bic(text: &str) -> Option<String> {
    let plain = text.to_ascii_uppercase();
    let right = matches!(plain.len(), 8 | 11)
        && plain.bytes().enumerate().all(|(at, b)| match at {
            4 | 5 => b.is_ascii_uppercase(),
            _ => b.is_ascii_uppercase() || b.is_ascii_digit(),
        });
    right.then_some(plain)
}

/// What may be shown of an account or address that is kept secret: its last four characters, if there are more than eight.
#[must_use]
#[inline]
pub fn masked(text: &str) -> String {
    let length = text.chars().count();
    let end: String = text.chars().skip(length.saturating_sub(4)).collect();
    if length > 8 { format!("••••{end}") } else { "••••".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ibans_are_checked_by_their_digits() {
        // Examples of the IBAN registry.
        for text in [
            "DE89 3704 0044 0532 0130 00",
            "GB29NWBK60161331926819",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "fr1420041010050500013M02606",
        ] {
            let plain = iban(text).unwrap();
            assert_eq!(plain, text.replace(' ', "").to_uppercase());
            // Each digit changed, and each pair of neighbours that differ swapped, is found out.
            for at in 2..plain.len() {
                let mut other: Vec<u8> = plain.bytes().collect();
                other[at] = if other[at] == b'7' { b'8' } else { b'7' };
                assert_eq!(iban(std::str::from_utf8(&other).unwrap()), None, "{plain} at {at}");
                let mut other: Vec<u8> = plain.bytes().collect();
                other.swap(at, at - 1);
                if other != plain.as_bytes() {
                    assert_eq!(iban(std::str::from_utf8(&other).unwrap()), None, "{plain} at {at}");
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
    fn bics_and_masks_have_a_form() {
        assert_eq!(bic("cobadeff"), Some("COBADEFF".to_owned()));
        assert_eq!(bic("COBADEFFXXX"), Some("COBADEFFXXX".to_owned()));
        for text in ["", "COBADEF", "COBA1EFF", "COBADEFFXX", "COBADEFFXXXX", "COBÄDEF"] {
            assert_eq!(bic(text), None, "{text}");
        }
        assert_eq!(masked("DE89370400440532013000"), "••••3000");
        assert_eq!(masked("12345678"), "••••");
    }
}
