//! Reasons to refuse a callback. The caller never sees them: the response to every refusal is the same 401.

/// The reason of a refusal, for tests and for the operator's log. It names headers and parameters of the protocol and
/// never contains received values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A required header is missing.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// A header occurs twice, and it is unknown which one the vendor meant.
    #[error("the header {0} occurs twice")]
    DuplicateHeader(&'static str),
    /// A required parameter of the query or the form, or a required member of the message, is missing.
    #[error("the parameter {0} is missing")]
    MissingParameter(&'static str),
    /// A parameter occurs twice, so two parsers could read different values.
    #[error("a parameter occurs twice")]
    DuplicateParameter,
    /// The decoded query or form is not UTF-8, or a value has not its documented alphabet and length.
    #[error("the query or the form is not UTF-8, or a value does not have its documented format")]
    MalformedParameters,
    /// Another query has the same signed text as this one.
    #[error("the query is ambiguous: another query has the same signed text")]
    AmbiguousParameters,
    /// The signature, token, certificate or credential is malformed: alphabet, padding, length or structure.
    #[error("the signature does not have its documented format")]
    MalformedSignature,
    /// The signed time is not a plain decimal number of seconds or milliseconds.
    #[error("the time is not a number")]
    MalformedTime,
    /// The token, certificate or key uses another algorithm than the pinned one.
    #[error("the signature algorithm is not the expected one")]
    WrongAlgorithm,
    /// The token requires an extension (`crit`, RFC 7515 §4.1.11). No extensions are supported.
    #[error("the token requires an extension that is not supported")]
    UnknownExtension,
    /// The key's address is not one where the vendor publishes keys, so the key is not fetched.
    #[error("the address of the key is not one of the vendor's")]
    ForeignKey,
    /// The token has no key id, or its key id is not in the vendor's key set. The key set may be out of date.
    #[error("the key id is not in the vendor's key set")]
    UnknownKey,
    /// The fetched document is not a key or certificate of an accepted kind and size.
    #[error("the fetched key or certificate cannot be used")]
    UnusableKey,
    /// The token contains a key or the address of one. Using it would let the sender choose the key.
    #[error("the token contains its own key")]
    SuppliedKey,
    /// A certificate was issued by another authority, or for another purpose.
    #[error("the certificate was issued by another authority or for another purpose")]
    WrongCertificate,
    /// The signature belongs to other bytes, or was made with another key.
    #[error("the signature does not match")]
    BadSignature,
    /// The body is empty where the vendor never sends an empty one.
    #[error("the body is empty")]
    EmptyBody,
    /// The body is malformed, although it is authentic or before a signature was found in it.
    #[error("the body does not have its documented format")]
    MalformedBody,
    /// The XML declares a document type, which would allow entities and external files.
    #[error("the XML has a document type declaration")]
    DocumentType,
    /// The claims are authentic but malformed.
    #[error("the claims do not have their documented format")]
    MalformedClaims,
    /// The signature is too old, or the token or certificate has expired.
    #[error("the signature is too old or has expired")]
    Stale,
    /// The signed time is in the future, or the token or certificate is not valid yet.
    #[error("the signed time is in the future")]
    Future,
    /// The message was made for another recipient.
    #[error("the audience is not ours")]
    WrongAudience,
    /// The message was made by another sender.
    #[error("the issuer is not the expected one")]
    WrongIssuer,
    /// The subject does not have the form of the vendor's account names.
    #[error("the subject is not an account of this marketplace")]
    WrongSubject,
    /// The request also has a stronger signature. Accepting the weaker one would allow a downgrade.
    #[error("the request has a stronger signature, which must be verified instead")]
    StrongerSignature,
    /// The listing lacks a secret or a setting that the scheme needs, so nothing can be verified.
    #[error("the listing is not set up for this callback: a secret or a setting is missing")]
    NotConfigured,
    /// The vendor rejected the code, or does not know what the query was about.
    #[error("the vendor rejected the request")]
    Declined,
    /// The vendor could not be reached. The callback may be valid, so the sender may retry it.
    #[error("the vendor does not answer")]
    Unanswered,
    /// A single-use token was used again. The verifiers are stateless: the store detects this.
    #[error("the token was already used")]
    Replayed,
}
