//! The files of `locales/` are complete: each language has the texts of English, and nothing else.

use super::source::{Parts, messages, parts};
use signpost::{domain::values::language::Language, mail::MailKind};
use std::{collections::BTreeMap, path::Path};

/// Words that are the same in English and a language, or in all languages.
const SAME_IN_ENGLISH: [(&str, &str); 7] = [
    ("", "PayPal"),
    ("", "Wise"),
    ("fr", "Message"),
    ("fr", "Payable"),
    ("fr", "minute"),
    ("fr", "minutes"),
    ("ja", "Webhook ID"),
];

type Messages = BTreeMap<String, Parts>;

/// Returns what is wrong with a language's texts, compared with English.
fn offences(language: &str, english: &Messages, other: &Messages) -> Vec<String> {
    let mut found = Vec::new();
    for id in other.keys().filter(|id| !english.contains_key(*id)) {
        found.push(format!("{language}: {id} is not in English"));
    }
    for (id, parts) in english {
        let Some(translated) = other.get(id) else {
            found.push(format!("{language}: {id} is missing"));
            continue;
        };
        if translated.needs != parts.needs {
            found.push(format!("{language}: {id} needs {:?}, not {:?}", parts.needs, translated.needs));
        }
        let is_word = |text: &&String| text.chars().any(char::is_alphabetic);
        for text in translated.texts.iter().filter(is_word).filter(|text| parts.texts.contains(text)) {
            let is_known = |(of, word): &(&str, &str)| (of.is_empty() || *of == language) && word == text;
            if !SAME_IN_ENGLISH.iter().any(is_known) {
                found.push(format!("{language}: {id} is English: {text}"));
            }
        }
    }
    found
}

#[test]
fn every_language_has_the_texts_of_english_in_its_own_words() {
    let english = messages(Language::English);
    assert!(english.len() > 80, "{}", english.len());
    for language in Language::ALL.iter().filter(|language| **language != Language::English) {
        assert_eq!(offences(language.as_str(), &english, &messages(*language)), [""; 0]);
    }
}

#[test]
fn no_folder_is_without_a_language_and_no_text_is_unused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = std::fs::read_dir(root.join("locales")).unwrap().map(|entry| entry.unwrap());
    let mut folders: Vec<_> = folders
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut languages: Vec<_> = Language::ALL.iter().map(|language| language.as_str()).collect();
    languages.sort_unstable();
    assert_eq!(folders, languages);

    let english = messages(Language::English);
    let code: String = ["composed.rs", "notice.rs"]
        .map(|name| std::fs::read_to_string(root.join("src/mail").join(name)).unwrap())
        .concat();
    for id in english.keys() {
        let (name, attribute) = id.split_once('.').unwrap_or((id, ""));
        let is_used = match MailKind::parse(name) {
            Some(_) => code.contains(&format!("own(\"{attribute}\")")),
            None => {
                code.contains(&format!("\"{name}\""))
                    || english.values().any(|parts| parts.needs.iter().any(|need| need == name))
            }
        };
        assert!(is_used, "{id} is unused");
    }
}

#[test]
fn the_comparison_finds_each_kind_of_defect() {
    let of = |source: &str| parts(source).0;
    let english = of(
        "a = Hello { $name }\nb = Pay { MONEY($amount) }\nc =\n    .d = { $by ->\n        [x] One word\n       *[y] Two\n    }\n",
    );
    for (source, offence) in [
        ("a = Hallo { $name }\nb = Zahle { MONEY($amount) }\n", "c.d is missing"),
        ("a = Hallo\nb = Zahle { MONEY($amount) }\n", "a needs [\"$name\"], not []"),
        (
            "a = Hallo { $name }\nb = Zahle { $amount }\n",
            "b needs [\"$amount\", \"MONEY()\"], not [\"$amount\"]",
        ),
        ("a = Hallo { $name }\nb = Pay { MONEY($amount) }\n", "b is English: Pay"),
        ("a = Hallo { $name }\ne = Neu\nb = Zahle { MONEY($amount) }\n", "e is not in English"),
        (
            "a = Hallo { $name }\nb = Zahle { MONEY($amount) }\nc =\n    .d = { $by ->\n       *[y] Zwei\n    }\n",
            "c.d needs [\"$by\", \"[x]\", \"[y]\"], not [\"$by\", \"[y]\"]",
        ),
    ] {
        let found = offences("de", &english, &of(source));
        assert!(found.contains(&format!("de: {offence}")), "{found:?}");
    }
    let (_, errors) = parts("a = { $name\nb = ok\n");
    assert_eq!(errors.len(), 1, "{errors:?}");
    let (_, errors) = parts("a = 1\na = 2\n");
    assert_eq!(errors, ["a occurs twice"]);
}
