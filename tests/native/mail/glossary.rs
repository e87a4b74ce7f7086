//! The texts use the words of `locales/glossary.md`.

use super::source::messages;
use signpost::domain::values::language::Language;
use std::path::Path;

/// The rows of the table that begins with a heading, without that heading.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales/glossary.md");
    let text = std::fs::read_to_string(file).unwrap();
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let mut rows: Vec<Vec<String>> = text
        .lines()
        .skip_while(|line| *line != heading)
        .take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect();
    assert!(rows.len() > 2, "{heading}");
    rows.remove(1);
    rows
}

/// The forms of a term.
fn forms(cell: &str) -> Vec<String> {
    cell.split(", ").map(str::to_lowercase).collect()
}

/// Whether a word of an English text begins with a form: "payouts" with "payout", but not "depending" with "pending".
fn has_word(text: &str, form: &str) -> bool {
    text.match_indices(form).any(|(at, _)| !text[..at].ends_with(char::is_alphabetic))
}

#[test]
fn each_text_uses_the_terms_of_its_language() {
    let table = rows("| en | de | es | fr | it | ja | pt-BR | what it is |");
    let english = messages(Language::English);
    let (mut offences, mut uses) = (Vec::new(), 0);
    for language in Language::ALL.iter().filter(|language| **language != Language::English) {
        let column = table[0].iter().position(|name| name == language.as_str()).unwrap();
        let texts = messages(*language);
        for row in &table[1..] {
            for (id, parts) in &english {
                let words = parts.words();
                if !forms(&row[0]).iter().any(|form| has_word(&words, form)) {
                    continue;
                }
                uses += 1;
                let translated = texts[id].words();
                if !forms(&row[column]).iter().any(|form| translated.contains(form.as_str())) {
                    offences.push(format!("{} {id}: {} is not {}", language.as_str(), row[0], row[column]));
                }
            }
        }
    }
    assert_eq!(offences, [""; 0]);
    assert!(uses > 200, "{uses}");
}

#[test]
fn no_text_uses_a_word_that_the_glossary_excludes() {
    for row in &rows("| language | not | but |")[1..] {
        let language = Language::parse(&row[0]).unwrap();
        for (id, parts) in messages(language) {
            let words = parts.words();
            assert!(!words.contains(&row[1].to_lowercase()), "{} {id}: {words}", row[0]);
        }
    }
}
