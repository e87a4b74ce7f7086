//! The signed form of URIs in HubSpot's v3: twelve percent escapes are decoded, and all others stay.
//!
//! Source: HubSpot, "Validating requests", the table of URL-encoded characters to decode. There is one pass: `%2540`
//! stays `%2540`. The table has upper-case digits; lower-case digits are equivalent (RFC 3986 §2.1).

/// The characters whose escapes are decoded.
const DECODED: &[u8] = b":/?@!$'()*,;";

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The byte of an escape of three bytes, if the table contains it.
fn decoded(escape: &[u8]) -> Option<u8> {
    let [b'%', high, low] = escape else { return None };
    let byte = hex_digit(*high)?.checked_shl(4)? | hex_digit(*low)?;
    DECODED.contains(&byte).then_some(byte)
}

/// The signed bytes of `uri`.
pub(super) fn decode(uri: &str) -> Vec<u8> {
    let mut signed = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, length) = match rest.get(..3).and_then(decoded) {
            Some(byte) => (byte, 3),
            None => (*first, 1),
        };
        signed.push(byte);
        rest = rest.get(length..).unwrap_or(after);
    }
    signed
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn decodes_the_table_and_nothing_else() {
        for (sent, signed) in [
            ("%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B", ":/?@!$'()*,;"),
            ("%3a%2f%3f%2c%3b", ":/?,;"),
            ("%20%26%3D%2B%25%23%C3%AB", "%20%26%3D%2B%25%23%C3%AB"),
            ("%2540%252C", "%2540%252C"),
            ("%%40%4", "%@%4"),
            ("%4", "%4"),
            ("%", "%"),
            ("é%zz", "é%zz"),
        ] {
            assert_eq!(decode(sent), signed.as_bytes(), "{sent}");
        }
    }
}
