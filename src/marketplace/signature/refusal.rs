//! Why a callback was refused. The caller never learns it: every refusal is answered with the same 401.

/// The reason of a refusal, for tests and for the operator's log. It names headers and parameters of the protocol, and
/// never holds what came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header that the scheme needs is absent.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// A header that the scheme reads stands there twice: which one the vendor meant is anybody's guess.
    #[error("the header {0} stands there twice")]
    DuplicateHeader(&'static str),
    /// A parameter of the query or the form, or a member of the message, that the scheme needs is absent.
    #[error("the parameter {0} is missing")]
    MissingParameter(&'static str),
    /// A parameter stands there twice, so that two readers could read two different values.
    #[error("a parameter stands there twice")]
    DuplicateParameter,
    /// The query or the form is not UTF-8 once decoded, or a value is not of its documented alphabet and length.
    #[error("the query or the form is not UTF-8, or a value not of its documented form")]
    MalformedParameters,
    /// Two different queries would have the same signed text as this one.
    #[error("the signed text of this query is that of another query, too")]
    AmbiguousParameters,
    /// The signature, token or credential is not of its documented form: alphabet, padding, length, parts.
    #[error("the signature is not of its documented form")]
    MalformedSignature,
    /// The signed time is not a plain decimal number of seconds or milliseconds.
    #[error("the time is not a number")]
    MalformedTime,
    /// The token names an algorithm other than the one that is configured.
    #[error("the algorithm is not the configured one")]
    WrongAlgorithm,
    /// The token demands an extension (`crit`, RFC 7515 §4.1.11); none is known here.
    #[error("the token demands an extension")]
    UnknownExtension,
    /// The key is said to stand somewhere else than where the vendor publishes its keys: it is not fetched.
    #[error("the key is not where the vendor publishes its keys")]
    ForeignKey,
    /// No key is named, or one that the vendor does not publish. It may have new ones: they may be read again.
    #[error("the key is none of the vendor's")]
    UnknownKey,
    /// What was fetched is no key or certificate of a kind and size that is taken.
    #[error("the key that was fetched cannot be used")]
    UnusableKey,
    /// The token brings a key of its own, or an address of one: its sender would choose what it is verified with.
    #[error("the token brings a key of its own")]
    SuppliedKey,
    /// A certificate was issued by another authority, or for another purpose.
    #[error("the certificate is another authority's, or for another purpose")]
    WrongCertificate,
    /// The signature is that of other bytes, or was made with another key.
    #[error("the signature does not match")]
    BadSignature,
    /// The body is empty where the vendor never sends an empty one.
    #[error("the body is empty")]
    EmptyBody,
    /// The body is not of the documented form: though authentic, or so that no signature could be found in it.
    #[error("the body is not of its documented form")]
    MalformedBody,
    /// The XML declares a document type, the door to entities and external files.
    #[error("the XML has a document type declaration")]
    DocumentType,
    /// The claims, though authentic, are not of the documented form.
    #[error("the claims are not of their documented form")]
    MalformedClaims,
    /// Signed too long ago, or expired.
    #[error("too old")]
    Stale,
    /// Signed in the future, or not valid yet.
    #[error("from the future")]
    Future,
    /// Made for another recipient.
    #[error("for another audience")]
    WrongAudience,
    /// Made by another sender.
    #[error("from another issuer")]
    WrongIssuer,
    /// About an account whose name is not of the vendor's form.
    #[error("about something that is no account of this marketplace")]
    WrongSubject,
    /// A stronger signature came with it, which must be verified instead: no falling back.
    #[error("a stronger signature came with it, and that one counts")]
    StrongerSignature,
    /// The listing lacks a secret or a setting that the scheme needs: nothing can be proven.
    #[error("the listing is not set up for it: a secret or a setting is missing")]
    NotConfigured,
    /// The vendor does not take the code, or does not know what it was asked for.
    #[error("the vendor says no")]
    Declined,
    /// The vendor could not be asked. Nobody's fault who sent the callback: it may be tried again.
    #[error("the vendor does not answer")]
    Unanswered,
    /// A single-use token came again. The rules here have no memory: who has one says so.
    #[error("used before")]
    Replayed,
}
