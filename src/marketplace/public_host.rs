//! URLs that come from outside and that Signpost calls. Only sites on the public internet are accepted, in one
//! canonical form. Anything that a URL parser would repair or that parsers read differently (a backslash, `%2e`,
//! `user@`, a number as the host) is rejected, which is why no URL parser is used here. A public name can still resolve
//! to a private IP address: a Worker at Cloudflare cannot reach one, and redirects are not followed.

use crate::domain::delivery::host::is_public;

/// The maximum length of a URL, so that it fits where it is stored.
const LONGEST: usize = 200;

/// A path segment that every parser reads in the same way.
fn is_plain(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    // `.` and `..` move within the path.
    !segment.is_empty() && !segment.bytes().all(|byte| byte == b'.') && segment.bytes().all(plain)
}

/// The canonical form of a site's URL: `https://`, the host name in lower case without a trailing dot, and the path
/// without a trailing slash. `None` if it is not HTTPS at a public host name, or has a port, a user, a query or a
/// fragment.
#[must_use]
pub fn address(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))?;
    let mut segments = rest.strip_suffix('/').unwrap_or(rest).split('/');
    let host = segments.next()?;
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if !is_public(&host) {
        return None;
    }
    let mut address = format!("{}://{host}", scheme.to_ascii_lowercase());
    for segment in segments {
        if !is_plain(segment) {
            return None;
        }
        address.push('/');
        address.push_str(segment);
    }
    (address.len() <= LONGEST).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::{Host, Url};

    #[test]
    fn a_public_site_has_one_spelling() {
        let long = format!("https://{}.example", "a".repeat(63));
        for (text, expected) in [
            ("https://shop.example", "https://shop.example"),
            ("https://shop.example/", "https://shop.example"),
            ("HTTPS://Shop.EXAMPLE./Wp/", "https://shop.example/Wp"),
            ("https://shop.example/a/b-c_d.e~f", "https://shop.example/a/b-c_d.e~f"),
            ("https://xn--mller-kva.example", "https://xn--mller-kva.example"),
            ("https://shop.xn--p1ai", "https://shop.xn--p1ai"),
            ("https://1.2.3.4.example", "https://1.2.3.4.example"),
            ("https://localhost.example", "https://localhost.example"),
            ("https://mylocal.shop", "https://mylocal.shop"),
            (&long, &long),
        ] {
            assert_eq!(address(text).as_deref(), Some(expected), "{text}");
            assert_eq!(address(expected).as_deref(), Some(expected), "once is enough");
            // As whoever calls it reads it.
            let url = Url::parse(expected).unwrap();
            assert!(matches!(url.host(), Some(Host::Domain(_))), "{expected}");
            assert_eq!(url.as_str().trim_end_matches('/'), expected);
        }
    }

    #[test]
    fn whatever_is_not_a_public_site_over_https_has_none() {
        let long_label = format!("https://{}.example", "a".repeat(64));
        let long_path = format!("https://shop.example/{}", "a".repeat(200));
        for text in [
            "",
            "https",
            "https:",
            "https://",
            "https:///",
            "//shop.example",
            "shop.example",
            "https:shop.example",
            "http://shop.example",
            "ftp://shop.example",
            "javascript://shop.example",
            " https://shop.example",
            "https://shop.example ",
            "https://shop.example\n",
            "ht\ttps://shop.example",
            "https:\\\\shop.example",
            // No name with a dot.
            "https://shop",
            "https://.example",
            "https://shop..example",
            "https://shop.example..",
            "https://.",
            "https://..",
            "https://-shop.example",
            "https://shop-.example",
            "https://sh_op.example",
            "https://shop.ex-ample",
            "https://m\u{fc}ller.example",
            "https://shop.example\u{3002}",
            "https://\u{ff11}27.0.0.1",
            "https://%6cocalhost.example",
            // A port, a user, a query, a fragment.
            "https://shop.example:443",
            "https://shop.example:8443",
            "https://shop.example:",
            "https://u@shop.example",
            "https://u:p@shop.example",
            "https://@shop.example",
            "https://shop.example@127.0.0.1",
            "https://shop.example?x=1",
            "https://shop.example/?x",
            "https://shop.example#x",
            "https://shop.example/#",
            // IP addresses, in every notation.
            "https://127.0.0.1",
            "https://127.0.0.1.",
            "https://127.1",
            "https://2130706433",
            "https://0x7f000001",
            "https://0x7f.0.0.1",
            "https://127.0.0.0x1",
            "https://0177.0.0.1",
            "https://0x7f.1",
            "https://1.0x7f",
            "https://169.254.169.254",
            "https://10.0.0.1",
            "https://[::1]",
            "https://[::ffff:127.0.0.1]",
            "https://[fe80::1%25eth0]",
            "https://::1",
            "https://[2001:db8::1]",
            "https://1.1.1.1",
            "https://0",
            "https://0.0",
            "https://a.0x",
            // Names that are not public.
            "https://localhost",
            "https://localhost.",
            "https://shop.localhost",
            "https://SHOP.LOCAL",
            "https://shop.local.",
            "https://metadata.google.internal",
            "https://shop.test",
            "https://shop.invalid",
            "https://shop.onion",
            "https://router.home.arpa",
            "https://1.0.0.127.in-addr.arpa",
            "https://nas.lan",
            "https://shop.corp",
            "https://nas.home",
            "https://shop.intranet",
            "https://shop.private",
            "https://shop.localdomain",
            "https://shop.alt",
            // Paths that somebody would read in another way.
            "https://shop.example//",
            "https://shop.example//a",
            "https://shop.example/a//b",
            "https://shop.example/..",
            "https://shop.example/a/../b",
            "https://shop.example/./a",
            "https://shop.example/%2e%2e/a",
            "https://shop.example/a;b",
            "https://shop.example/a\\b",
            "https://shop.example/a b",
            "https://shop.example/a@b",
            "https://shop.example/a:b",
            "https://shop.example/\u{e9}",
            "https://shop.example/\0",
            &long_label,
            &long_path,
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
