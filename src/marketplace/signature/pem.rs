//! PEM (RFC 7468).

/// The bytes of a text that holds one thing, under this label.
pub(super) fn decode(text: &str, label: &str) -> Option<Vec<u8>> {
    let (found, bytes) = pem_rfc7468::decode_vec(text.as_bytes()).ok()?;
    (found == label).then_some(bytes)
}

/// The bytes of the first certificate of a text; behind it may stand those of its issuers.
pub(super) fn first_certificate(text: &str) -> Option<Vec<u8>> {
    const END: &str = "-----END CERTIFICATE-----";
    let end = text.find(END)?.checked_add(END.len())?;
    decode(text.get(..end)?, "CERTIFICATE")
}
