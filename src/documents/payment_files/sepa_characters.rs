//! Text in the characters that every SEPA bank accepts (EPC217-08): Latin letters, digits, blanks and `/ - ? : ( ) . , ' +`.
//!
//! Text is first composed (NFC) and then transliterated letter by letter, as that document recommends: Latin, Greek and
//! Cyrillic letters have Latin forms, accents are removed, and signs without a form become a full stop. German banks also
//! allow two letters for an umlaut, which bank staff recognise more easily, so that is what we write. The tables of general
//! transliteration crates differ from EPC217-08 in Greek and Cyrillic letters, and cover scripts that no bank accepts.

use crate::domain::values::text::is_ignorable;
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// Transliterations of lower-case letters that are more than a letter with accents, and of signs: the characters, a colon,
/// and what replaces each of them.
const TRANSLITERATIONS: &[&str] = &[
    // Latin.
    "ä:ae",
    "æ:ae",
    "ö:oe",
    "œ:oe",
    "ü:ue",
    "ß:ss",
    "þ:th",
    "ðđɖ:d",
    "ħ:h",
    "ı:i",
    "ĸ:k",
    "łŀ:l",
    "ŋ:n",
    "ø:o",
    "ŧ:t",
    "ə:e",
    // Greek.
    "α:a",
    "β:v",
    "γ:g",
    "δ:d",
    "ε:e",
    "ζ:z",
    "η:i",
    "θ:th",
    "ι:i",
    "κ:k",
    "λ:l",
    "μ:m",
    "ν:n",
    "ξ:x",
    "ο:o",
    "π:p",
    "ρ:r",
    "σς:s",
    "τ:t",
    "υ:y",
    "φ:f",
    "χ:ch",
    "ψ:ps",
    "ω:o",
    // Cyrillic: Bulgarian, then letters of other languages.
    "а:a",
    "б:b",
    "в:v",
    "г:g",
    "д:d",
    "е:e",
    "ж:zh",
    "з:z",
    "и:i",
    "й:y",
    "к:k",
    "л:l",
    "м:m",
    "н:n",
    "о:o",
    "п:p",
    "р:r",
    "с:s",
    "т:t",
    "у:u",
    "ф:f",
    "х:h",
    "ц:ts",
    "ч:ch",
    "ш:sh",
    "щ:sht",
    "ъ:a",
    "ь:y",
    "ю:yu",
    "я:ya",
    "э:e",
    "ы:y",
    "є:ye",
    "і:i",
    "ґ:g",
    "ђ:dj",
    "ѓ:gj",
    "ѕџ:dz",
    "ј:j",
    "љ:lj",
    "њ:nj",
    "ћ:c",
    "ќ:kj",
    // Armenian.
    "ա:a",
    "բ:b",
    "գ:g",
    "դ:d",
    "եէ:e",
    "զ:z",
    "ը:y",
    "թտ:t",
    "ժ:zh",
    "ի:i",
    "լ:l",
    "խ:kh",
    "ծց:ts",
    "կք:k",
    "հ:h",
    "ձ:dz",
    "ղ:gh",
    "ճչ:ch",
    "մ:m",
    "յ:y",
    "ն:n",
    "շ:sh",
    "ոօ:o",
    "պփ:p",
    "ջ:j",
    "ռր:r",
    "ս:s",
    "վւ:v",
    "ֆ:f",
    // Georgian.
    "ა:a",
    "ბ:b",
    "გ:g",
    "დ:d",
    "ე:e",
    "ვ:v",
    "ზ:z",
    "თტ:t",
    "ი:i",
    "კქ:k",
    "ლ:l",
    "მ:m",
    "ნ:n",
    "ო:o",
    "პფ:p",
    "ჟ:zh",
    "რ:r",
    "ს:s",
    "უ:u",
    "ღ:gh",
    "ყ:q",
    "შ:sh",
    "ჩჭ:ch",
    "ცწ:ts",
    "ძ:dz",
    "ხ:kh",
    "ჯ:j",
    "ჰ:h",
    // Signs.
    "’‘‛ʼ`´′ʹ:'",
    "–—‐‑−_~:-",
    "&:+",
    "[{:(",
    "]}:)",
    "\\|:/",
    "€:E",
    "!\"#$%*;<=>@^¡¢£¤¥§©«¬®°±¶·»¿×÷…•“”„‹›†‡:.",
];

fn is_accepted(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c)
}

/// What replaces a lower-case letter or a sign.
fn find(c: char) -> Option<&'static str> {
    TRANSLITERATIONS.iter().find_map(|row| {
        let (letters, replacement) = row.rsplit_once(':')?;
        letters.contains(c).then_some(replacement)
    })
}

/// What replaces one character of composed text, or `None` if there is nothing. `is_shouted`: the word is in capitals, so
/// all of the letters that replace a capital are capitals.
fn replace(c: char, is_shouted: bool) -> Option<String> {
    if is_accepted(c) {
        return Some(c.to_string());
    }
    if c.is_whitespace() {
        return Some(" ".to_owned());
    }
    if is_ignorable(c) || canonical_combining_class(c) != 0 {
        return Some(String::new());
    }
    let mut lower = c.to_lowercase();
    let (lower, is_capital) = match (lower.next(), lower.next()) {
        (Some(lower), None) => (lower, lower != c),
        (_, _) => (c, false),
    };
    let Some(found) = find(lower) else {
        // A letter with accents, or a ligature.
        let parts: Vec<char> = c.nfkd().collect();
        let is_whole = parts.as_slice() == [c];
        return if is_whole {
            None
        } else {
            parts.into_iter().map(|part| replace(part, is_shouted)).collect()
        };
    };
    Some(match found.split_at_checked(1) {
        Some((first, rest)) if is_capital && !is_shouted => first.to_ascii_uppercase() + rest,
        Some(_) if is_capital => found.to_ascii_uppercase(),
        Some(_) | None => found.to_owned(),
    })
}

/// The text in accepted characters, and whether each of its characters has a form in them.
fn convert(text: &str) -> (String, bool) {
    let composed: Vec<char> = text.nfc().collect();
    let (mut plain, mut is_complete) = (String::new(), true);
    for (at, &c) in composed.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| composed.get(at));
        let is_shouted = match composed.get(at.saturating_add(1)) {
            Some(after) if after.is_alphabetic() => after.is_uppercase(),
            Some(_) | None => before.is_some_and(|before| before.is_uppercase()),
        };
        match replace(c, is_shouted) {
            Some(replacement) => plain.push_str(&replacement),
            None => {
                is_complete = false;
                plain.push('.');
            }
        }
    }
    (plain, is_complete)
}

/// Whether a name or an address can be written so that a bank recognises it: each character has a form in the accepted
/// characters, and at least one is a letter or a digit.
#[must_use]
pub fn is_writable(text: &str) -> bool {
    let (plain, is_complete) = convert(text);
    is_complete && plain.contains(|c: char| c.is_ascii_alphanumeric())
}

/// The text in characters that every bank accepts, cut to `max_length` of them.
///
/// The result neither begins nor ends with a slash or a blank and contains no double slash, because banks give these a
/// meaning of their own. Text with nothing left becomes a full stop, because the fields must not be empty.
#[must_use]
pub fn transliterate(text: &str, max_length: usize) -> String {
    let (mut plain, _) = convert(text);
    while plain.contains("//") {
        plain = plain.replace("//", "/");
    }
    let cut: String = plain.trim_matches(['/', ' ']).chars().take(max_length).collect();
    let cut = cut.trim_end_matches(['/', ' ']);
    if cut.is_empty() { ".".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_characters_that_every_bank_accepts() {
        for (text, max_length, plain) in [
            ("Ada Lovelace", 70, "Ada Lovelace"),
            ("Jörg Weiß & Söhne GmbH", 70, "Joerg Weiss + Soehne GmbH"),
            ("ÜBUNG Übung", 70, "UEBUNG Uebung"),
            ("Łukasz Żółć", 70, "Lukasz Zolc"),
            ("Þórður Ægir Åse Đorđe", 70, "Thordur Aegir Ase Dorde"),
            ("Γεώργιος Παπαδόπουλος", 70, "Georgios Papadopoylos"),
            ("Θεόδωρος ΨΥΧΉ", 70, "Theodoros PSYCHI"),
            ("Георги Иванов", 70, "Georgi Ivanov"),
            ("Щастлив Ъгъл, ЖЕЛЕВ ТОШ", 70, "Shtastliv Agal, ZHELEV TOSH"),
            ("Ђорђе Љубићев Џајић", 70, "Djordje Ljubicev Dzajic"),
            ("Володимир Їжак, Ёлкин", 70, "Volodimir Izhak, Elkin"),
            ("Jose\u{301} Mu\u{308}ller", 70, "Jose Mueller"),
            ("Nguyễn Đỗ Hương", 70, "Nguyen Do Huong"),
            ("Nguye\u{302}\u{303}n", 70, "Nguyen"),
            ("Աննա, გიორგი", 70, "Anna, giorgi"),
            ("İstanbul ﬁ ĳ Ｊ", 70, "Istanbul fi ij J"),
            ("a\u{200b}b\u{a0}c\u{2009}d", 70, "ab c d"),
            ("李明", 70, ".."),
            ("//x//y/", 70, "x/y"),
            ("O’Neill_<b>", 70, "O'Neill-.b."),
            ("abc / def", 5, "abc"),
            ("", 70, "."),
            ("run_0123", 35, "run-0123"),
        ] {
            assert_eq!(transliterate(text, max_length), plain, "{text}");
            assert!(transliterate(text, max_length).chars().all(is_accepted));
        }
        for row in TRANSLITERATIONS {
            let (letters, replacement) = row.rsplit_once(':').unwrap();
            assert!(replacement.chars().all(is_accepted) && !letters.chars().any(is_accepted), "{row}");
            assert!(!letters.chars().any(char::is_uppercase), "{row}");
        }
    }

    #[test]
    fn every_letter_of_latin_greek_and_cyrillic_alphabets_has_a_form() {
        // Latin-1 to Extended-A, the modern Greek and Cyrillic letters, and the letters with two accents of Vietnamese.
        for (first, last) in [('À', 'ž'), ('Ά', 'ώ'), ('Ѐ', 'џ'), ('Ạ', 'ỹ'), ('Ơ', 'ơ'), ('Ư', 'ư')]
        {
            for c in (first..=last).filter(|c| c.is_alphabetic()) {
                // Letters that went out of use with Old Church Slavonic and Coptic are not in these ranges.
                assert!(is_writable(&c.to_string()), "{c} U+{:04X}", u32::from(c));
            }
        }
        for text in ["", " ", "\u{200b}", "李明", "Ada 李", "علي", "😀", "...", "?!"] {
            assert!(!is_writable(text), "{text}");
        }
        for text in ["Ada", "=HYPERLINK(\"x\") <b>Bob</b>", "24/7", "Иван"] {
            assert!(is_writable(text), "{text}");
        }
    }
}
