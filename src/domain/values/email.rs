//! The form in which e-mail addresses are compared.

use super::text::is_email;

/// Returns an e-mail address without what its owner can vary at will: surrounding blanks, the case of letters, and a tag
/// after `+`. Dots stay, because only some providers ignore them. `None` if the text is not an e-mail address.
#[must_use]
pub fn fold(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').filter(|_| is_email(text))?;
    let untagged = local.split_once('+').map_or(local, |(name, _)| name);
    // An address that begins with a plus sign has no name before its tag.
    let name = if untagged.is_empty() { local } else { untagged };
    Some(format!("{name}@{domain}").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_and_tags_are_ignored_and_dots_are_not() {
        for text in [
            "ada.l@acme.example",
            " ADA.L@Acme.Example\n",
            "ada.l+shop@acme.example",
            "Ada.L+a+b@ACME.example",
        ] {
            assert_eq!(fold(text).as_deref(), Some("ada.l@acme.example"), "{text}");
        }
        assert_eq!(fold("adal@acme.example").as_deref(), Some("adal@acme.example"));
        assert_eq!(fold("+ada@acme.example").as_deref(), Some("+ada@acme.example"));
        assert_eq!(fold("ÉMILE@acme.example").as_deref(), Some("émile@acme.example"));
        for text in ["", "crm-7", "ada+shop", "ada@", "@acme.example", "a da@acme.example"] {
            assert_eq!(fold(text), None, "{text}");
        }
    }
}
