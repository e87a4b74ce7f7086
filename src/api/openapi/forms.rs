//! What operations have in common: their parameters, and the shapes of their answers.

use super::{
    super::{
        call::List,
        payouts::{PayoutView, runs::RunView},
        problem::Code,
        report::ReportView,
    },
    describe::{Content, Description, Header, Query, QuerySchema},
    edge::CallbackKind,
};
use crate::domain::{
    programme::listing::Marketplace,
    values::id::{ListingId, PayoutId, RunId},
};
use schemars::JsonSchema;

pub const TEXT_CODES: &[Code] = &[Code::InvalidText, Code::InvalidValue];
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
];
pub const LINK_CODES: &[Code] = &[
    Code::InvalidText,
    Code::InvalidPath,
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

pub const PARTNER: &str = "The partner's id.";
pub const LISTING: &str = "The listing's id.";
pub const COUPON: &str = "The coupon's id.";
pub const LINK: &str = "The link's id.";
pub const CONVERSION: &str = "The conversion's id.";
pub const COMMISSION: &str = "The commission's id.";
pub const SENT_BEFORE: &str =
    "It was sent before, with the same content: the first answer again. Nothing was changed.";
pub const EXPORT: &str =
    "A page of the log. Its last line says whether there is more; without that line it was cut off.";
pub const REDIRECTED: &str = "To the listing, with the visitor's own query and a new click id; to the landing page if the \
                          link is expired, revoked, paused or not ours.";

pub const CURSOR: Query = Query {
    name: "cursor",
    says: "`next_cursor` of the previous page, unchanged; another list's is refused.",
    schema: QuerySchema::Opaque,
};
pub const AFTER: Query = Query {
    name: "after",
    says: "`cursor` of the last event that you have; `cursor` means the same here.",
    schema: QuerySchema::Opaque,
};
pub const OF_PARTNER: Query =
    Query { name: "partner_id", says: "Only this partner's.", schema: QuerySchema::Partner };
pub const HELD: Query =
    Query { name: "held", says: "Only those that are held, or that are not.", schema: QuerySchema::Flag };
pub const HELD_REASON: Query = Query {
    name: "held_reason",
    says: "Only those that are held for this reason before all.",
    schema: QuerySchema::HeldReason,
};
pub const STATUS: Query =
    Query { name: "status", says: "Only those that stand there.", schema: QuerySchema::CommissionStatus };
pub const OF_LINK: Query = Query { name: "link_id", says: "Only this link's.", schema: QuerySchema::Link };
pub const AT: Query =
    Query { name: "at", says: "As of this time, itself included; now if absent.", schema: QuerySchema::Time };
pub const FROM: Query = Query { name: "from", says: "From this time on.", schema: QuerySchema::Time };
pub const TO: Query = Query { name: "to", says: "Before this time.", schema: QuerySchema::Time };
/// What a list refuses.
pub const PAGE_CODES: &[Code] = &[Code::InvalidCursor, Code::CursorMismatch, Code::OutOfRange];

/// A list of `T`, by pages.
pub fn list<T: JsonSchema>(description: Description, says: &'static str) -> Description {
    let limit = Query { name: "limit", says: "Rows a page.", schema: QuerySchema::Limit };
    description.query([limit, CURSOR]).answers::<List<T>>(200, says).refuses(PAGE_CODES)
}

/// Makes an `Out` of an `In`; the answer says where it is.
pub fn created<In: JsonSchema, Out: JsonSchema>(description: Description, says: &'static str) -> Description {
    let content = Content::Json(super::describe::of::<Out>());
    description.takes::<In>().gives(201, says, content, &[Header::Location])
}

pub fn redirect(description: Description) -> Description {
    let headers = &[Header::Location, Header::SetCookie, Header::CacheControl, Header::ReferrerPolicy];
    description.gives(302, REDIRECTED, Content::Nothing, headers).refuses(&[Code::NotFound])
}

/// What all callbacks have in common. What a success looks like is each vendor's own.
pub fn callback(description: Description) -> Description {
    description
        .names::<Marketplace>("The marketplace.")
        .names::<ListingId>(LISTING)
        .names::<CallbackKind>("Which of the marketplace's callbacks it is.")
        .gives(200, "It is written: the answer that the vendor wants.", Content::Text("text/plain"), &[])
        .gives(401, "It is not proven. The same for every reason.", Content::Text("text/plain"), &[])
        .refuses(&[Code::Unavailable])
}

pub fn report(description: Description) -> Description {
    let query = [
        OF_PARTNER,
        Query { name: "listing_id", says: "Only this listing's.", schema: QuerySchema::Listing },
        OF_LINK,
        Query { says: "From this time on; on a 15-minute mark.", ..FROM },
        Query { says: "Before this time; on a 15-minute mark.", ..TO },
        Query {
            name: "timezone",
            says: "IANA time zone of days, weeks and months.",
            schema: QuerySchema::Zone,
        },
        Query { name: "group_by", says: "What the rows are.", schema: QuerySchema::Group },
    ];
    let headers = &[Header::ETag, Header::CacheControl];
    description
        .query(query)
        .conditional()
        .gives(200, "The report.", Content::Json(super::describe::of::<ReportView>()), headers)
        .gives(304, "Nothing has changed since the `ETag` that was sent.", Content::Nothing, headers)
        .refuses(&[Code::InvalidValue, Code::UnalignedTime, Code::UnknownTimezone, Code::OutOfRange])
        .refuses(&[Code::NotFound])
}

pub const RUN: &str = "The run's id.";
pub const PAYOUT: &str = "The payout's id.";
pub const ASKED_BEFORE: &str =
    "The run of this period and currency was asked for before, with the same terms: the first answer again.";
pub const OF_DATE: Query = Query { name: "date", says: "Only this day's.", schema: QuerySchema::Date };
pub const FROM_CURRENCY: Query =
    Query { name: "from", says: "Only from this currency.", schema: QuerySchema::Currency };
pub const TO_CURRENCY: Query =
    Query { name: "to", says: "Only to this currency.", schema: QuerySchema::Currency };
pub const IN_CURRENCY: Query =
    Query { name: "currency", says: "Only payouts in this currency.", schema: QuerySchema::Currency };
pub const OF_RUN: Query = Query { name: "run_id", says: "Only this run's.", schema: QuerySchema::Run };
pub const STANDING: Query =
    Query { name: "status", says: "Only those that stand so.", schema: QuerySchema::Standing };
pub const PARTIAL: Query = Query {
    name: "partial",
    says: "`true`: leave out what cannot be in it; the header `x-signpost-left-out` names that.",
    schema: QuerySchema::Flag,
};
pub const EXECUTION: Query = Query {
    name: "execution_date",
    says: "When the bank is to pay; today if absent.",
    schema: QuerySchema::Date,
};
pub const PART: Query = Query {
    name: "part",
    says: "Which of the files, where the provider takes fewer rows than there are.",
    schema: QuerySchema::Part,
};

/// A step of a draft's life.
pub fn changed_run(description: Description, says: &'static str) -> Description {
    description.names::<RunId>(RUN).answers::<RunView>(200, says).refuses(&[Code::RunImmutable])
}

/// How a payout ended, told by an `In`.
pub fn ended<In: JsonSchema>(description: Description, says: &'static str) -> Description {
    let described = description.names::<PayoutId>(PAYOUT).takes::<In>().answers::<PayoutView>(200, says);
    described.refuses(&[Code::InvalidText, Code::PayoutNotOpen, Code::PayoutEnded])
}

/// A payment file of a run.
pub fn file(description: Description, media_type: &'static str, says: &'static str) -> Description {
    let described =
        description.names::<RunId>(RUN).gives(200, says, Content::Text(media_type), &[Header::CacheControl]);
    described.refuses(&[Code::RunNotApproved, Code::PayoutsLeftOut])
}

/// A payout's statement.
pub fn statement(description: Description, content: Content) -> Description {
    let described = description.names::<PayoutId>(PAYOUT).gives(200, "The statement.", content, &[]);
    described.refuses(&[Code::RunNotApproved, Code::PayoutNotOpen])
}
