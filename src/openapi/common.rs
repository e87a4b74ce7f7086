//! What several operations share: texts, groups of problem codes, parameters, and kinds of operations.

use super::{
    description::{Content, Description},
    filters::*,
    headers::Header,
    query::{QueryParameter, QuerySchema},
    schemas::schema_of,
    wire_types::CallbackKind,
};
use crate::{
    api::http::{call::List, problems::Code},
    domain::{
        programme::listing::Marketplace,
        values::id::{ListingId, PayoutId, RunId},
    },
    ledger::payouts::{run_view::RunView, view::PayoutView},
};
use schemars::JsonSchema;

pub const RECEIVER_CODES: &[Code] = &[
    Code::InvalidText,
    Code::InvalidValue,
    Code::InvalidUrl,
    Code::UrlNotHttps,
    Code::UrlWithCredentials,
    Code::HostNotPublic,
    Code::UnknownEvent,
    Code::OutOfRange,
];
pub const TEXT_CODES: &[Code] = &[Code::InvalidText, Code::InvalidValue];
pub const PLAN_CODES: &[Code] = &[
    Code::InvalidText,
    Code::InvalidValue,
    Code::InvalidCurrency,
    Code::InvalidTime,
    Code::OutOfRange,
    Code::AmountOutOfRange,
    Code::UnknownPartner,
    Code::UnknownListing,
    Code::DuplicateName,
    Code::PlansOverlap,
    Code::EndsBeforeStart,
    Code::ContradictoryTerms,
];
pub const PARTNER_CODES: &[Code] = &[
    Code::InvalidText,
    Code::InvalidValue,
    Code::InvalidEmail,
    Code::InvalidCountry,
    Code::InvalidCurrency,
    Code::InvalidMetadata,
    Code::OutOfRange,
    Code::ExternalIdTaken,
    Code::UnknownPartner,
    Code::ReferralCircle,
];
pub const LISTING_CODES: &[Code] = &[
    Code::InvalidText,
    Code::InvalidUrl,
    Code::InvalidSlug,
    Code::ReservedSlug,
    Code::SlugTaken,
    Code::AmountOutOfRange,
    Code::InvalidCurrency,
    Code::OutOfRange,
    Code::MisplacedField,
];
pub const LINK_CODES: &[Code] = &[
    Code::InvalidText,
    Code::InvalidPath,
    Code::InvalidQuery,
    Code::InvalidSlug,
    Code::ReservedSlug,
    Code::SlugTaken,
    Code::InvalidTime,
    Code::InvalidMetadata,
    Code::OutOfRange,
    Code::UnknownPartner,
    Code::UnknownListing,
    Code::PartnerTerminated,
    Code::NotFound,
];
/// Problems of lines of an import besides those of partners, listings and links.
pub const IMPORT_CODES: &[Code] = &[
    Code::TooManyLines,
    Code::ImportConflict,
    Code::UnknownReference,
    Code::UnknownClick,
    Code::UnknownLink,
    Code::ListingLimit,
    Code::MisplacedField,
    Code::EndsBeforeStart,
    Code::CouponTaken,
    Code::MixedScripts,
    Code::OccurredInFuture,
    Code::PartExceedsAmount,
    Code::ConversionConflict,
    Code::RefundExceedsSale,
    Code::RefundBeforeSale,
    Code::RefundConflict,
    Code::NotRefundable,
    Code::InvalidDate,
    Code::InvalidPeriod,
    Code::PeriodNotOver,
    Code::PayoutExceedsBalance,
    Code::PayoutOpen,
];
const PAGE_CODES: &[Code] = &[Code::InvalidCursor, Code::CursorMismatch, Code::OutOfRange];

pub const PARTNER: &str = "The partner's id.";
pub const LISTING: &str = "The listing's id.";
pub const COUPON: &str = "The coupon's id.";
pub const WEBHOOK: &str = "The webhook's id.";
pub const LINK: &str = "The link's id.";
pub const CONVERSION: &str = "The conversion's id.";
pub const COMMISSION: &str = "The commission's id.";
pub const RUN: &str = "The run's id.";
pub const PAYOUT: &str = "The payout's id.";
pub const ALREADY_SENT: &str =
    "The same content was sent before: the first response again. Nothing was changed.";
const UNCHANGED: &str = "Nothing has changed since the given `ETag`.";
pub const ALREADY_REQUESTED: &str = "A run of this period and currency was requested before with the same terms: the run in its present state, which may be \
     approved or settled. Nothing was changed.";

/// The operation returns `T`s in pages.
pub fn list<T: JsonSchema>(operation: Description, description: &'static str) -> Description {
    let limit = QueryParameter { name: "limit", description: "Rows per page.", schema: QuerySchema::Limit };
    let headers = &[Header::ETag, Header::CacheControl, Header::NextCursor, Header::Total];
    operation
        .query_parameters([limit, CURSOR, COUNT])
        .conditional()
        .response(200, description, Content::JsonOrCsv(schema_of::<List<T>>()), headers)
        .response(304, UNCHANGED, Content::Nothing, headers)
        .problems(PAGE_CODES)
}

/// The operation returns this content, or 304 to a reader who has the same.
pub fn revalidated(operation: Description, description: &'static str, content: Content) -> Description {
    let headers = &[Header::ETag, Header::CacheControl];
    operation.conditional().response(200, description, content, headers).response(
        304,
        UNCHANGED,
        Content::Nothing,
        headers,
    )
}

/// The operation creates an `Out` from an `In`.
pub fn create<In: JsonSchema, Out: JsonSchema>(
    operation: Description,
    description: &'static str,
) -> Description {
    let content = Content::Json(schema_of::<Out>());
    operation.request_body::<In>().response(201, description, content, &[Header::Location])
}

/// The operation redirects a visitor.
pub fn redirect(operation: Description) -> Description {
    let headers = &[Header::Location, Header::SetCookie, Header::CacheControl, Header::ReferrerPolicy];
    let description = "To the listing, with the visitor's own query and a new click id; to the landing page if the link is \
                       expired, revoked, paused or not signed by this Worker.";
    operation.response(302, description, Content::Nothing, headers).problems(&[Code::NotFound])
}

/// The operation returns the log in pages of NDJSON.
pub fn export<T: JsonSchema>(operation: Description) -> Description {
    let description = "A page of the log. Its last line tells whether more pages follow; without that line the response was \
                       cut off.";
    operation
        .query_parameters([FROM, TO, CURSOR])
        .response(200, description, Content::Lines(schema_of::<T>()), &[])
        .problems(PAGE_CODES)
}

/// The operation is a callback. Each marketplace defines the content of its own successful responses.
pub fn callback(operation: Description) -> Description {
    operation
        .path_parameter::<Marketplace>("The marketplace.")
        .path_parameter::<ListingId>(LISTING)
        .path_parameter::<CallbackKind>("The kind of callback.")
        .response(
            200,
            "The message is stored. The body is what the marketplace expects.",
            Content::Text("text/plain"),
            &[],
        )
        .response(
            401,
            "The message could not be verified. The response is the same for every reason.",
            Content::Text("text/plain"),
            &[],
        )
        .problems(&[Code::Unavailable])
}

/// A callback sends the browser on to a page of the Worker.
pub fn continued(operation: Description) -> Description {
    operation.response(
        303,
        "To a page of the Worker at the top level, where the visitor's cookies are visible.",
        Content::Nothing,
        &[Header::Location, Header::CacheControl],
    )
}

/// The operation returns the attribution report.
pub fn report(operation: Description, content: Content) -> Description {
    let query = [
        BY_PARTNER,
        BY_LISTING,
        BY_LINK,
        QueryParameter {
            description: "The start of the period, inclusive: a time on a 15-minute mark, or a day such as `2026-11-22`, which \
                          begins at midnight in `timezone`.",
            schema: QuerySchema::DateOrTime,
            ..FROM
        },
        QueryParameter {
            description: "The end of the period, exclusive: a time on a 15-minute mark, or a day, at whose beginning the period \
                          ends.",
            schema: QuerySchema::DateOrTime,
            ..TO
        },
        QueryParameter {
            name: "timezone",
            description: "The IANA time zone of hours, days, weeks and months, and of days in `from` and `to`.",
            schema: QuerySchema::TimeZone,
        },
        QueryParameter {
            name: "group_by",
            description: "The dimension of the rows, or two such as `day,link`, of which one at most is a period.",
            schema: QuerySchema::Groups,
        },
        QueryParameter {
            name: "fill",
            description: "`true`: periods without data have rows of zeros, from `from` (or the first data) to `to` (or the last). \
                          At most 20,000 rows.",
            schema: QuerySchema::Flag,
        },
        QueryParameter {
            name: "expand",
            description: "`names`: rows by partner, listing or link also have the name.",
            schema: QuerySchema::Names,
        },
    ];
    let headers = &[Header::ETag, Header::CacheControl, Header::CompleteThrough];
    operation
        .query_parameters(query)
        .conditional()
        .response(200, "The report.", content, headers)
        .response(304, UNCHANGED, Content::Nothing, headers)
        .problems(&[Code::InvalidValue, Code::UnalignedTime, Code::UnknownTimezone, Code::OutOfRange])
        .problems(&[Code::NotFound])
}

/// The operation changes a draft run.
pub fn change_run(operation: Description, description: &'static str) -> Description {
    operation.path_parameter::<RunId>(RUN).json::<RunView>(200, description).problems(&[Code::RunImmutable])
}

/// The operation records the result of a payout.
pub fn record_result<In: JsonSchema>(operation: Description, description: &'static str) -> Description {
    operation
        .path_parameter::<PayoutId>(PAYOUT)
        .request_body::<In>()
        .json::<PayoutView>(200, description)
        .problems(&[Code::InvalidText, Code::PayoutNotOpen, Code::PayoutEnded])
}

/// The operation returns a payment file of a run.
pub fn payment_file(
    operation: Description,
    media_type: &'static str,
    description: &'static str,
) -> Description {
    operation
        .path_parameter::<RunId>(RUN)
        .response(200, description, Content::Text(media_type), &[Header::CacheControl])
        .problems(&[Code::RunNotApproved, Code::PayoutsLeftOut, Code::SealedKeyGone])
}

/// The operation returns the statement of a payout.
pub fn statement(operation: Description, content: Content) -> Description {
    operation.path_parameter::<PayoutId>(PAYOUT).response(200, "The statement.", content, &[]).problems(&[
        Code::RunNotApproved,
        Code::PayoutNotOpen,
        Code::SealedKeyGone,
    ])
}
