//! URLs of receivers of events. They come from callers, so only HTTPS at public host names is accepted.

use super::host::is_public;
use url::{Host, Url};

/// The maximum length of a URL in bytes.
pub const MAX_BYTES: usize = 2_048;

/// Why a URL was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// It is not a URL, or one that parsers read differently.
    #[error(
        "Expected https://host/path of at most 2,048 bytes, without blanks, backslashes or a fragment; other than ASCII in \
         percent-encoding, and a host's name as xn--…."
    )]
    Malformed,
    /// Its scheme is not HTTPS.
    #[error("Use https: events are not sent unencrypted.")]
    NotHttps,
    /// It contains a user name or a password.
    #[error("Leave out the user name and the password. Receivers check the signature instead.")]
    Credentials,
    /// Its host is an IP address or a name that the public DNS does not have.
    #[error("Name a host that the public DNS knows. IP addresses and private names are not called.")]
    NotPublic,
}

/// Which hosts may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public hosts by HTTPS.
    Public,
    /// Also this machine by HTTP. `cargo xtask dev --allow-loopback` and tests use it; a deployed Worker cannot
    /// (`edge/receiver.rs`).
    PublicOrLoopback,
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Returns whether a checked URL leads to this machine.
#[must_use]
pub fn leads_to_loopback(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| is_loopback(&url))
}

/// Checks the URL of a receiver and returns its normal form.
pub fn check(text: &str, reach: Reach) -> Result<String, UrlRefusal> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    if text.len() > MAX_BYTES || !text.bytes().all(plain) {
        return Err(UrlRefusal::Malformed);
    }
    // The parser accepts `https:host` and `https:///host` too, which others read as a path.
    let (scheme, rest) = text.split_once("://").ok_or(UrlRefusal::Malformed)?;
    if rest.is_empty() || rest.starts_with('/') {
        return Err(UrlRefusal::Malformed);
    }
    let is_https = scheme.eq_ignore_ascii_case("https");
    let may_be_http = scheme.eq_ignore_ascii_case("http") && reach == Reach::PublicOrLoopback;
    if !is_https && !may_be_http {
        return Err(UrlRefusal::NotHttps);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlRefusal::Credentials);
    }
    // A host that the parser refuses, such as an address with a zone id, is not public either.
    let Ok(url) = Url::parse(text) else {
        return Err(if authority.starts_with('[') { UrlRefusal::NotPublic } else { UrlRefusal::Malformed });
    };
    if url.fragment().is_some() {
        return Err(UrlRefusal::Malformed);
    }
    if reach == Reach::PublicOrLoopback && is_loopback(&url) {
        return Ok(url.into());
    }
    let is_public = match url.host() {
        Some(Host::Domain(name)) => is_public(name.strip_suffix('.').unwrap_or(name)),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => false,
    };
    match (is_public, is_https) {
        (false, _) => Err(UrlRefusal::NotPublic),
        (true, false) => Err(UrlRefusal::NotHttps),
        (true, true) => Ok(url.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts_by_https_are_accepted_in_their_normal_form() {
        for (text, expected) in [
            ("https://hooks.example.com", "https://hooks.example.com/"),
            ("HTTPS://Hooks.EXAMPLE.com:443/a?b=c", "https://hooks.example.com/a?b=c"),
            ("https://hooks.example.com:8443/a/../b", "https://hooks.example.com:8443/b"),
            ("https://hooks.example.com./a", "https://hooks.example.com./a"),
            ("https://xn--mller-kva.example/%C3%A4", "https://xn--mller-kva.example/%C3%A4"),
            ("https://localhost.example.com/", "https://localhost.example.com/"),
            (
                "https://hooks.example.com/?to=user@example.com",
                "https://hooks.example.com/?to=user@example.com",
            ),
        ] {
            assert_eq!(check(text, Reach::Public).as_deref(), Ok(expected), "{text}");
            assert_eq!(check(expected, Reach::Public).as_deref(), Ok(expected), "once is enough");
        }
    }

    #[test]
    fn private_hosts_are_refused_in_every_spelling() {
        for host in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "%6cocalhost",
            "lo%63alhost",
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "2130706433",
            "017700000001",
            "0177.0.0.1",
            "0x7f000001",
            "0x7f.0.0.1",
            "0x7F.1",
            "0",
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "1.1.1.1",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[fd00::1]",
            "[2606:4700:4700::1111]",
            "intranet",
            "metadata.google.internal",
            "printer.local",
            "router.lan",
            "nas.home.arpa",
            "shop.test",
            "hidden.onion",
            "xn--lcalhost-54g",
            "1.0.0.127.in-addr.arpa",
        ] {
            for url in [format!("https://{host}/"), format!("https://{host}:8443/a?b")] {
                assert_eq!(check(&url, Reach::Public), Err(UrlRefusal::NotPublic), "{url}");
            }
        }
    }

    #[test]
    fn other_urls_are_refused_for_their_reason() {
        let long = format!("https://hooks.example.com/{}", "a".repeat(MAX_BYTES));
        for (text, refusal) in [
            ("http://hooks.example.com", UrlRefusal::NotHttps),
            ("http://127.0.0.1", UrlRefusal::NotHttps),
            ("ftp://hooks.example.com", UrlRefusal::NotHttps),
            ("wss://hooks.example.com", UrlRefusal::NotHttps),
            ("javascript://hooks.example.com/%0Aalert(1)", UrlRefusal::NotHttps),
            ("https://user@hooks.example.com", UrlRefusal::Credentials),
            ("https://user:password@hooks.example.com", UrlRefusal::Credentials),
            ("https://:@hooks.example.com", UrlRefusal::Credentials),
            ("https://hooks.example.com@127.0.0.1", UrlRefusal::Credentials),
            ("", UrlRefusal::Malformed),
            ("hooks.example.com", UrlRefusal::Malformed),
            ("//hooks.example.com", UrlRefusal::Malformed),
            ("https:hooks.example.com", UrlRefusal::Malformed),
            ("https://", UrlRefusal::Malformed),
            ("https:///hooks.example.com", UrlRefusal::Malformed),
            ("https:\\\\hooks.example.com", UrlRefusal::Malformed),
            (" https://hooks.example.com", UrlRefusal::Malformed),
            ("https://hooks.example.com/a b", UrlRefusal::Malformed),
            ("https://hooks.example.com/\n", UrlRefusal::Malformed),
            ("https://hooks.example.com/ä", UrlRefusal::Malformed),
            ("https://ⓛocalhost/", UrlRefusal::Malformed),
            ("https://１２７.0.0.1/", UrlRefusal::Malformed),
            ("https://hooks.example.com/#a", UrlRefusal::Malformed),
            ("https://hooks.example.com:99999/", UrlRefusal::Malformed),
            (&long, UrlRefusal::Malformed),
        ] {
            assert_eq!(check(text, Reach::Public), Err(refusal), "{text}");
        }
    }

    #[test]
    fn this_machine_can_be_reached_in_development_only() {
        for text in ["http://127.0.0.1:8080/a", "http://localhost:8080/a", "http://[::1]:8080/a"] {
            assert_eq!(check(text, Reach::PublicOrLoopback).as_deref(), Ok(text));
            assert_eq!(check(text, Reach::Public), Err(UrlRefusal::NotHttps));
            assert!(leads_to_loopback(text));
        }
        assert!(!leads_to_loopback("https://hooks.example.com/"));
        for (text, refusal) in [
            ("http://hooks.example.com/", UrlRefusal::NotHttps),
            ("http://192.168.1.1/", UrlRefusal::NotPublic),
            ("http://a.localhost/", UrlRefusal::NotPublic),
        ] {
            assert_eq!(check(text, Reach::PublicOrLoopback), Err(refusal), "{text}");
        }
    }
}
