//! The five HTML entities that WordPress decodes in a stored secret before it signs with the secret.
//!
//! Source: `wp_specialchars_decode($text, ENT_QUOTES)` in WordPress' `wp-includes/formatting.php`, as called by
//! `WC_Webhook::generate_signature`. It decodes these spellings only: not `&apos;`, `&#x3c;` or `&AMP;`.
//! It ignores leading zeros of a number and the case of `x`. There is one pass, so `&amp;lt;` becomes `&lt;`.

/// The character of an entity, which is given without `&` and `;`.
fn character(entity: &str) -> Option<char> {
    let hexadecimal = entity.strip_prefix("#x").or_else(|| entity.strip_prefix("#X"));
    if let Some(digits) = hexadecimal {
        return match digits.trim_start_matches('0') {
            "22" => Some('"'),
            "26" => Some('&'),
            "27" => Some('\''),
            _ => None,
        };
    }
    if let Some(digits) = entity.strip_prefix('#') {
        return match digits.trim_start_matches('0') {
            "34" => Some('"'),
            "38" => Some('&'),
            "39" => Some('\''),
            "60" => Some('<'),
            "62" => Some('>'),
            _ => None,
        };
    }
    match entity {
        "quot" => Some('"'),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => None,
    }
}

/// Decodes the entities in `text`.
pub(super) fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let found = after.split_once(';').and_then(|(name, tail)| Some((character(name)?, tail)));
        rest = match found {
            Some((character, tail)) => {
                decoded.push(character);
                tail
            }
            None => {
                decoded.push('&');
                after
            }
        };
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn decodes_what_wordpress_decodes_and_nothing_else() {
        for (stored, meant) in [
            ("p&amp;ss&quot;w&#039;rd", "p&ss\"w'rd"),
            ("&lt;&gt;&#60;&#062;&#00038;&#34;&#39;", "<><>&\"'"),
            ("&#x22;&#X26;&#x0027;", "\"&'"),
            ("&amp;lt;", "&lt;"),
            ("&&amp;&", "&&&"),
            ("&apos;&AMP;&#x3c;&nbsp;&#65;", "&apos;&AMP;&#x3c;&nbsp;&#65;"),
            ("a & b; c", "a & b; c"),
            ("&amp", "&amp"),
            ("é&lt;☕", "é<☕"),
            ("", ""),
        ] {
            assert_eq!(decode(stored), meant, "{stored}");
        }
    }
}
