//! Names of hosts on the public internet. Outgoing requests go to no others.

/// Top-level labels that no public site has: RFC 6761, 6762 (with its appendix G), 7686, 8375, 9476, and `internal`.
const NOT_PUBLIC: [&str; 14] = [
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
];

/// A label of a DNS name in lower case (RFC 1123 §2.1).
fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(plain)
}

/// Whether a host in lower case is a name that the public DNS may have. A public name can still resolve to a private address: a
/// Worker at Cloudflare cannot reach one.
#[must_use]
pub fn is_public(host: &str) -> bool {
    let Some((_, last)) = host.rsplit_once('.') else { return false };
    // Every notation of an IP address ends in a number (`127.1`, `0x7f.1`, `1.0x7f`) or a bracket. A name ends in
    // letters or punycode.
    let is_top_level = last.bytes().all(|byte| byte.is_ascii_lowercase()) || last.starts_with("xn--");
    host.split('.').all(is_label) && is_top_level && !NOT_PUBLIC.contains(&last)
}
