//! The words of partners' names and e-mail addresses, by which partners are found.

use crate::domain::programme::partner::PartnerNo;
use crate::store::{Sql, SqlError, meta, value::json_text};
use std::collections::BTreeSet;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Returns the words of a text in their order: runs of letters and digits in lower case, without accents, in the forms that
/// NFKD gives to full-width and other variants.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let folded: String =
        text.nfkd().filter(|letter| !is_combining_mark(*letter)).collect::<String>().to_lowercase();
    folded
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Replaces the words of a partner.
pub fn put(sql: &dyn Sql, no: PartnerNo, name: &str, email: Option<&str>) -> Result<(), SqlError> {
    let words: BTreeSet<String> = words(name).into_iter().chain(words(email.unwrap_or_default())).collect();
    sql.exec("DELETE FROM partner_words WHERE partner_no = ?1", &[no.into()])?;
    sql.exec(
        "INSERT INTO partner_words (word, partner_no) SELECT value, ?2 FROM json_each(?1)",
        &[json_text(&words)?.into(), no.into()],
    )
    .map(drop)
}

/// Adds the words of partners from before words were kept. Call it in a transaction whenever a Ledger opens; nothing happens
/// once they are there.
pub fn complete(sql: &dyn Sql) -> Result<(), SqlError> {
    if meta::get_int(sql, meta::name::PARTNER_WORDS_MISSING)?.is_none() {
        return Ok(());
    }
    for row in sql.exec("SELECT no, name, email FROM partners", &[])? {
        put(sql, row.number(0)?, row.text(1)?, row.opt_text(2)?)?;
    }
    meta::delete(sql, meta::name::PARTNER_WORDS_MISSING)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_folded() {
        for (text, expected) in [
            ("Ada Lovelace", vec!["ada", "lovelace"]),
            ("ada.l+x@Mail.example.com", vec!["ada", "l", "x", "mail", "example", "com"]),
            ("Jos\u{e9} Nguye\u{302}\u{303}n", vec!["jose", "nguyen"]),
            ("\u{ff21}\u{ff22} \u{674e}\u{660e}", vec!["ab", "\u{674e}\u{660e}"]),
            (" -- ", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}
