//! Errors of the API: RFC 9457 problems with stable codes. This file alone gives an error its HTTP status.

use super::message::Response;
use crate::{documents::DocumentError, store::SqlError};
use serde::Serialize;
use std::borrow::Cow;

macro_rules! codes {
    ($($variant:ident = $status:literal, $code:literal, $title:literal;)*) => {
        /// A stable code with its status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $title] $variant,)* }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// HTTP status.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The code in responses.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// A sentence for people, the same for every occurrence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    MalformedJson = 400, "malformed_json", "The body is not well-formed JSON";
    MalformedCsv = 400, "malformed_csv", "The body is not well-formed CSV";
    InvalidUtf8 = 400, "invalid_utf8", "The body is not valid UTF-8";
    InvalidParameter = 400, "invalid_parameter", "A query parameter is malformed";
    UnknownParameter = 400, "unknown_parameter", "A query parameter is unknown";
    InvalidHost = 400, "invalid_host", "The Host header is not a host";
    InvalidCursor = 400, "invalid_cursor", "The cursor is malformed";
    InvalidIdempotencyKey = 400, "invalid_idempotency_key", "The Idempotency-Key header is malformed";
    Unauthenticated = 401, "unauthenticated", "A valid API key is needed";
    InsufficientScope = 403, "insufficient_scope", "The API key's scopes do not allow this";
    OriginRefused = 403, "origin_refused", "Pages of this origin may not call the API with this";
    OwnRun = 403, "own_run", "A run must be approved by another key than the one that created it";
    NotFound = 404, "not_found", "The resource was not found";
    MethodNotAllowed = 405, "method_not_allowed", "The method is not allowed here";
    IdempotencyConflict = 409, "idempotency_conflict", "The idempotency key was used with another body";
    ConversionConflict = 409, "conversion_conflict", "The conversion exists with other content";
    ProgramChanged = 409, "program_changed", "The terms have changed since they were read";
    PlanInForce = 409, "plan_in_force", "Terms in force cannot be changed";
    ImportConflict = 409, "import_conflict", "The external id was imported with other content";
    RefundConflict = 409, "refund_conflict", "The refund exists with other content";
    StateConflict = 409, "state_conflict", "The resource is in a state that does not allow this";
    SlugTaken = 409, "slug_taken", "The slug is taken";
    ExternalIdTaken = 409, "external_id_taken", "The external id is taken";
    Restoring = 409, "restoring", "The Ledger is being restored from an export";
    NotEmpty = 409, "not_empty", "Only an empty Ledger can be restored";
    PageOutOfOrder = 409, "page_out_of_order", "A page of the export is missing before this one";
    CouponTaken = 409, "coupon_taken", "Another coupon has the code at that time";
    NotHeld = 409, "not_held", "The commission is not held";
    NotRejectable = 409, "not_rejectable", "The commission cannot be rejected";
    CurrencyFixed = 409, "currency_fixed", "The programme's currency is fixed once money has moved";
    RateInUse = 409, "rate_in_use", "An approved run used this rate, so it is fixed";
    RunConflict = 409, "run_conflict", "A run of this period and currency exists with other terms";
    RunOutdated = 409, "run_outdated", "The draft is outdated";
    RunImmutable = 409, "run_immutable", "The run can no longer be changed";
    RunNotApproved = 409, "run_not_approved", "The run is not approved";
    PayoutNotOpen = 409, "payout_not_open", "The payout was never approved";
    PayoutEnded = 409, "payout_ended", "The payout is already settled with another result";
    PayoutOpen = 409, "payout_open", "A payout of the partner is still open";
    NothingOwedBack = 409, "nothing_owed_back", "The balance is not negative";
    SealedKeyGone = 409, "sealed_key_gone", "This was sealed under a data key that is gone";
    PayerMissing = 409, "payer_missing", "The programme has no payer";
    PayoutsLeftOut = 409, "payouts_left_out", "The file would leave payouts out";
    SeveralCurrencies = 409, "several_currencies", "The file can contain only one currency";
    FileTooLong = 409, "file_too_long", "The provider accepts fewer rows per file";
    NothingToPay = 409, "nothing_to_pay", "There is nothing to pay by this method";
    BodyTooLarge = 413, "body_too_large", "The body is too large";
    UnsupportedEncoding = 415, "unsupported_encoding", "The body has a content encoding";
    UnknownField = 422, "unknown_field", "A field is unknown";
    MissingField = 422, "missing_field", "A field is missing";
    DuplicateField = 422, "duplicate_field", "A field is given twice";
    WrongType = 422, "wrong_type", "A field has the wrong type";
    InvalidValue = 422, "invalid_value", "A field's value is not one of those allowed";
    InvalidText = 422, "invalid_text", "A text has the wrong length or characters";
    InvalidEmail = 422, "invalid_email", "This is not an e-mail address";
    PublishableKey = 422, "publishable_key", "A publishable key may not do this";
    NotADocument = 422, "not_a_document", "A browser does not show this by its address";
    MixedScripts = 422, "mixed_scripts", "The letters of a code are of several scripts";
    InvalidOrigin = 422, "invalid_origin", "This is not the origin of a web page";
    InvalidCountry = 422, "invalid_country", "This is not an ISO 3166-1 alpha-2 country code";
    InvalidCurrency = 422, "invalid_currency", "This is not an ISO 4217 currency code";
    InvalidUrl = 422, "invalid_url", "This is not an absolute http or https URL without credentials";
    UrlNotHttps = 422, "url_not_https", "Events are sent by https only";
    UrlWithCredentials = 422, "url_with_credentials", "The URL contains a user name or a password";
    HostNotPublic = 422, "host_not_public", "The host is not a name of the public DNS";
    UnknownEvent = 422, "unknown_event", "There is no such type of event";
    UnknownEventId = 422, "unknown_event_id", "There is no such event";
    WebhookLimit = 422, "webhook_limit", "There are too many webhooks";
    InvalidQuery = 422, "invalid_query", "This query is not safe to put into a URL";
    InvalidPath = 422, "invalid_path", "This path is not safe to put into a URL";
    InvalidSlug = 422, "invalid_slug", "A slug is 3 to 40 lower-case letters, digits and hyphens, no hyphen first";
    ReservedSlug = 422, "reserved_slug", "This slug is reserved";
    InvalidTime = 422, "invalid_time", "This is not an RFC 3339 time";
    InvalidMetadata = 422, "invalid_metadata", "Metadata is at most 50 keys of 1 to 40 characters with values up to 500";
    InvalidDate = 422, "invalid_date", "This is not a day of the calendar, YYYY-MM-DD";
    InvalidPeriod = 422, "invalid_period", "The period ends before it begins";
    PeriodNotOver = 422, "period_not_over", "The period is not over yet";
    InvalidRate = 422, "invalid_rate", "An exchange rate is a decimal text with up to 10 decimals, more than 0";
    InvalidIban = 422, "invalid_iban", "This is not an IBAN";
    IbanOutsideSepa = 422, "iban_outside_sepa", "SEPA transfers do not reach this account";
    NameNotWritable = 422, "name_not_writable", "A bank file cannot contain this name or address";
    InvalidBic = 422, "invalid_bic", "This is not a BIC";
    CurrencyMismatch = 422, "currency_mismatch", "The currency differs from the run's";
    UnknownPayout = 422, "unknown_payout", "The run has no such payout";
    OutOfRange = 422, "out_of_range", "A number is out of its range";
    AmountOutOfRange = 422, "amount_out_of_range", "An amount is a whole number of minor units from 0 to 10^12";
    PartExceedsAmount = 422, "part_exceeds_amount", "Tax, discount and shipping exceed the amount";
    DuplicateName = 422, "duplicate_name", "Two terms have the same name";
    PlansOverlap = 422, "plans_overlap", "Two terms for the same target are valid at the same time";
    EndsBeforeStart = 422, "ends_before_start", "The end is not later than the start";
    MisplacedField = 422, "misplaced_field", "A field does not go with the others";
    ContradictoryTerms = 422, "contradictory_terms", "Parts of the terms contradict each other";
    ReferralCircle = 422, "referral_circle", "Two partners cannot have referred each other";
    UnknownLink = 422, "unknown_link", "The partner has no such link";
    OccurredInFuture = 422, "occurred_in_future", "The time is more than 24 hours in the future";
    TooManyConversions = 422, "too_many_conversions", "There are too many conversions for one simulation";
    InvalidPage = 422, "invalid_page", "This is not a whole page of an export";
    TooManyLines = 422, "too_many_lines", "An import has at most 1,000 lines";
    UnknownReference = 422, "unknown_reference", "Nothing was imported under this external id";
    UnknownClick = 422, "unknown_click", "This is not a click id of this Worker";
    PayoutExceedsBalance = 422, "payout_exceeds_balance", "The payout exceeds what is payable";
    UnknownPartner = 422, "unknown_partner", "There is no such partner";
    UnknownListing = 422, "unknown_listing", "There is no such listing";
    UnknownTimezone = 422, "unknown_timezone", "This is not an IANA time zone";
    UnalignedTime = 422, "unaligned_time", "The time is not on a 15-minute mark";
    CursorMismatch = 422, "cursor_mismatch", "The cursor belongs to another list or other filters";
    PartnerTerminated = 422, "partner_terminated", "The partner has been terminated";
    ListingLimit = 422, "listing_limit", "A programme has at most 65,535 listings";
    RefundBeforeSale = 422, "refund_before_sale", "The refund is earlier than its conversion";
    RefundExceedsSale = 422, "refund_exceeds_sale", "The refund exceeds what is left of the sale";
    NotRefundable = 422, "not_refundable", "The conversion has no amount to refund";
    NotALead = 422, "not_a_lead", "Only a lead can be qualified or unqualified";
    RateLimited = 429, "rate_limited", "Too many requests";
    Internal = 500, "internal_error", "Something went wrong on our side";
    Busy = 503, "busy", "The Ledger gives other requests their turn";
    Unavailable = 503, "unavailable", "The ledger cannot be reached at the moment; try again";
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct FieldError {
    /// The line of an import that the pointer is about, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// JSON pointer to the field (RFC 6901).
    pub pointer: String,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub detail: String,
}

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable code; of several bad fields, the first one's.
    pub code: Code,
    /// What happened this time, and what to do about it.
    pub detail: Cow<'static, str>,
    /// Bad fields.
    pub errors: Vec<FieldError>,
    /// For the log, never for the caller.
    pub log: Option<String>,
}

/// The body of a problem.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub struct ProblemBody<'a> {
    /// URI that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The same sentence for every problem of this kind.
    title: &'a str,
    /// HTTP status.
    status: u16,
    /// What happened this time.
    detail: &'a str,
    /// Stable code.
    code: &'a str,
    /// Bad fields.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    /// A problem that is not about one field.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), log: None }
    }

    /// A problem of one field.
    pub fn field(code: Code, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let (pointer, detail) = (pointer.into(), detail.into());
        let said = if pointer.is_empty() { detail.clone() } else { format!("{pointer}: {detail}") };
        let errors = vec![FieldError { line: None, pointer, code: code.as_str(), detail }];
        Self { code, detail: said.into(), errors, log: None }
    }

    /// This problem as one of a line of an import.
    #[must_use]
    pub fn on_line(mut self, line: usize) -> Self {
        if self.errors.is_empty() {
            let (pointer, detail) = (String::new(), self.detail.to_string());
            self.errors.push(FieldError { line: None, pointer, code: self.code.as_str(), detail });
        }
        for error in &mut self.errors {
            error.line = Some(line);
        }
        self.detail = format!("Line {line}: {}", self.detail).into();
        self
    }

    /// What a caller may not see looks as if it did not exist.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "Check the path and the id; data of other partners are hidden.")
    }

    /// The response.
    #[must_use]
    pub fn response(&self) -> Response {
        let body = ProblemBody {
            kind: format!("urn:signpost:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status(),
            detail: &self.detail,
            code: self.code.as_str(),
            errors: &self.errors,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = Response {
            status: self.code.status(),
            headers: vec![("content-type", "application/problem+json".to_owned())],
            body,
            log: self.log.clone(),
            bytes: None,
        };
        if self.code == Code::Unauthenticated {
            response = response.with_header("www-authenticate", "Bearer");
        }
        response
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.log.as_deref().unwrap_or(&self.detail))
    }
}

/// A failure of the database is ours to fix: the caller learns nothing else about it.
impl From<SqlError> for Problem {
    fn from(error: SqlError) -> Self {
        if matches!(error, SqlError::KeyGone) {
            let detail = "DATA_KEY lacks the key that it was sealed under. Add that key to DATA_KEY again, or set new values: \
                          the listing's \"secrets\", the partner's payout details, or the programme's \"payer\".";
            return Self::new(Code::SealedKeyGone, detail);
        }
        let detail = "Nothing was changed. Try again; if it stays, the operator finds the cause in the log.";
        Self { log: Some(error.to_string()), ..Self::new(Code::Internal, detail) }
    }
}

/// A document that cannot be written is our fault, like a failing store: the caller gets the same constant body.
impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        Self::from(SqlError::Engine(error.to_string()))
    }
}
