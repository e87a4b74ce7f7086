//! PEM (RFC 7468) with one expected label.

/// Decodes a text that holds exactly one PEM block with this label. Explanatory text may precede the block; nothing
/// may follow it.
pub(super) fn decode(text: &str, label: &str) -> Option<Vec<u8>> {
    let (found, der) = pem_rfc7468::decode_vec(text.as_bytes()).ok()?;
    (found == label).then_some(der)
}

/// Decodes the first certificate of a text. The certificates of its issuers may follow.
pub(super) fn first_certificate(text: &str) -> Option<Vec<u8>> {
    const END: &str = "-----END CERTIFICATE-----";
    decode(text.split_inclusive(END).next()?, "CERTIFICATE")
}
