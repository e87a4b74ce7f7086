//! Entity tags: a reader with the current data gets 304 and no body.

use super::message::Response;
use crate::domain::values::digest::sha256_hex;

/// The response with its tag, or 304 if the reader has the same bytes.
#[must_use]
pub fn conditional(if_none_match: Option<&str>, response: Response) -> Response {
    let tag = format!("\"{}\"", sha256_hex(response.body.as_bytes()).get(..32).unwrap_or_default());
    let is_known = if_none_match.is_some_and(|sent| matches_etag(sent, &tag));
    let response = if is_known { Response::empty(304) } else { response };
    response
        .with_header("etag", tag)
        .with_header("cache-control", "private, no-transform")
        .with_header("vary", "accept, authorization")
}

/// Whether `If-None-Match` is `*` or names the tag, compared weakly (RFC 9110 §13.1.2). A tag may contain commas, so the list
/// is split at its quotes. A list that is not well-formed names nothing after its fault.
fn matches_etag(sent: &str, etag: &str) -> bool {
    let mut rest = sent.trim();
    if rest == "*" {
        return true;
    }
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let Some(opened) = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"') else { return false };
        let Some((tag, behind)) = opened.split_once('"') else { return false };
        if etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"')) == Some(tag) {
            return true;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::matches_etag;

    #[test]
    fn a_tag_is_opaque_whatever_it_contains() {
        for (sent, matches) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            (" \"x\" , W/\"y,z\",\"abc\" ", true),
            ("*", true),
            ("\"client,*,tag\"", false),
            ("\"client,abc,tag\"", false),
            ("\"x\",*", false),
            ("abc", false),
            ("\"abc", false),
            ("", false),
        ] {
            assert_eq!(matches_etag(sent, "\"abc\""), matches, "{sent:?}");
        }
    }
}
