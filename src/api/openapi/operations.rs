//! What each operation takes, answers and refuses. The match is exhaustive: a route needs an operation, and an
//! operation needs its arm here.

use super::{
    super::{
        balances::Balances,
        call::List,
        clicks::ClickView,
        commissions::{NewRejection, NewRelease},
        conversions::{ConversionView, NewConversion, explain::ExplanationView},
        coupons::{CouponView, NewCoupon},
        events::EventView,
        health::HealthView,
        installs::PlayInstall,
        keys::{KeyView, MadeKey, NewKey},
        links::{MadeLinks, NewLink, NewLinks},
        listings::{ListingChange, NewListing},
        operation::Operation,
        partners::{NewPartner, PartnerChange},
        placements::{NewPlacement, PlacementView},
        problem::Code,
        programme::{NewProgramme, ProgrammeView},
        refunds::{NewRefund, RefundView},
        report::ReportView,
        simulation::{NewSimulation, SimulationView},
        views::{CommissionView, LinkView, ListingView, PartnerView},
    },
    describe::{Content, Description, Header, Query, QuerySchema, Tag},
    edge::{CallbackKind, ExportLine, Slug, Token},
};
use crate::domain::{
    id::{CommissionId, ConversionId, CouponId, KeyId, LinkId, ListingId, PartnerId, PlacementId},
    listing::Marketplace,
};
use schemars::JsonSchema;

const TEXT_CODES: &[Code] = &[Code::InvalidText, Code::InvalidValue];
const PARTNER_CODES: &[Code] = &[
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
const LISTING_CODES: &[Code] = &[
    Code::InvalidText,
    Code::InvalidUrl,
    Code::InvalidSlug,
    Code::ReservedSlug,
    Code::SlugTaken,
    Code::AmountOutOfRange,
    Code::InvalidCurrency,
    Code::OutOfRange,
];
const LINK_CODES: &[Code] = &[
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

/// What each operation takes, answers and refuses.
pub fn describe(operation: Operation) -> Description {
    use Operation as Op;
    let about = super::texts::about(operation);
    let of = |tag| Description::new(tag, about);
    match operation {
        Op::GetProgram => of(Tag::Programme).answers::<ProgrammeView>(200, "The terms in force."),
        Op::SetProgram => of(Tag::Programme)
            .takes::<NewProgramme>()
            .answers::<ProgrammeView>(200, "The terms now in force.")
            .refuses(TEXT_CODES)
            .refuses(&[Code::InvalidCurrency, Code::InvalidUrl, Code::OutOfRange])
            .refuses(&[Code::CurrencyFixed, Code::ProgramChanged, Code::PlanInForce])
            .refuses(&[
                Code::AmountOutOfRange,
                Code::InvalidCountry,
                Code::InvalidTime,
                Code::UnknownTimezone,
            ])
            .refuses(&[Code::UnknownPartner, Code::UnknownListing, Code::DuplicateName, Code::PlansOverlap])
            .refuses(&[Code::EndsBeforeStart, Code::ContradictoryTerms]),
        Op::CreateKey => of(Tag::Keys)
            .takes::<NewKey>()
            .answers::<MadeKey>(201, "The key, shown this once.")
            .refuses(TEXT_CODES)
            .refuses(&[Code::UnknownPartner]),
        Op::ListKeys => list::<KeyView>(of(Tag::Keys), "Keys in force, newest first."),
        Op::RevokeKey => of(Tag::Keys).names::<KeyId>("The key's id.").gives(
            204,
            "The key is no longer accepted.",
            Content::Nothing,
            &[],
        ),
        Op::CreatePartner => {
            created::<NewPartner, PartnerView>(of(Tag::Partners), "The partner.").refuses(PARTNER_CODES)
        }
        Op::ListPartners => list::<PartnerView>(of(Tag::Partners), "Partners, newest first."),
        Op::GetPartner => {
            of(Tag::Partners).names::<PartnerId>(PARTNER).answers::<PartnerView>(200, "The partner.")
        }
        Op::UpdatePartner => of(Tag::Partners)
            .names::<PartnerId>(PARTNER)
            .takes::<PartnerChange>()
            .answers::<PartnerView>(200, "The partner as it is now.")
            .refuses(PARTNER_CODES)
            .refuses(&[Code::PartnerTerminated]),
        Op::CreateListing => created::<NewListing, ListingView>(of(Tag::Listings), "The listing.")
            .refuses(LISTING_CODES)
            .refuses(&[Code::InvalidValue, Code::ListingLimit]),
        Op::ListListings => list::<ListingView>(of(Tag::Listings), "Listings, newest first."),
        Op::GetListing => {
            of(Tag::Listings).names::<ListingId>(LISTING).answers::<ListingView>(200, "The listing.")
        }
        Op::UpdateListing => of(Tag::Listings)
            .names::<ListingId>(LISTING)
            .takes::<ListingChange>()
            .answers::<ListingView>(200, "The listing as it is now.")
            .refuses(LISTING_CODES),
        Op::CreateLink => created::<NewLink, LinkView>(of(Tag::Links), "The link.").refuses(LINK_CODES),
        Op::CreateLinks => of(Tag::Links)
            .takes::<NewLinks>()
            .answers::<MadeLinks>(201, "The links, in the order of the request.")
            .refuses(LINK_CODES),
        Op::ListLinks => list::<LinkView>(of(Tag::Links), "Links, newest first."),
        Op::GetLink => of(Tag::Links).names::<LinkId>(LINK).answers::<LinkView>(200, "The link."),
        Op::GetLinkQr => of(Tag::Links).names::<LinkId>(LINK).gives(
            200,
            "The signed link as a QR code.",
            Content::Text("image/svg+xml"),
            &[Header::CacheControl],
        ),
        Op::RevokeLink => of(Tag::Links).names::<LinkId>(LINK).answers::<LinkView>(200, "The link, revoked."),
        Op::CreateCoupon => created::<NewCoupon, CouponView>(of(Tag::Coupons), "The coupon.")
            .refuses(&[Code::InvalidText, Code::InvalidTime, Code::InvalidMetadata, Code::UnknownPartner])
            .refuses(&[Code::UnknownListing, Code::PartnerTerminated, Code::EndsBeforeStart])
            .refuses(&[Code::CouponTaken]),
        Op::ListCoupons => list::<CouponView>(of(Tag::Coupons), "Coupons, newest first."),
        Op::GetCoupon => of(Tag::Coupons).names::<CouponId>(COUPON).answers::<CouponView>(200, "The coupon."),
        Op::RevokeCoupon => {
            of(Tag::Coupons).names::<CouponId>(COUPON).answers::<CouponView>(200, "The coupon, revoked.")
        }
        Op::CreateConversion => created::<NewConversion, ConversionView>(
            of(Tag::Conversions),
            "The conversion, accepted for good.",
        )
        .gives(200, SENT_BEFORE, Content::Json(super::describe::of::<ConversionView>()), &[])
        .refuses(TEXT_CODES)
        .refuses(&[Code::AmountOutOfRange, Code::InvalidCurrency, Code::InvalidTime, Code::OccurredInFuture])
        .refuses(&[Code::UnknownListing, Code::InvalidMetadata, Code::ConversionConflict])
        .refuses(&[Code::InvalidCountry, Code::PartExceedsAmount]),
        Op::ReportPlayInstall => created::<PlayInstall, ConversionView>(
            of(Tag::Conversions),
            "The install, accepted for good as a conversion.",
        )
        .gives(200, SENT_BEFORE, Content::Json(super::describe::of::<ConversionView>()), &[])
        .refuses(&[Code::InvalidText, Code::InvalidValue, Code::OutOfRange])
        .refuses(&[Code::UnknownListing, Code::ConversionConflict]),
        Op::ListConversions => list::<ConversionView>(of(Tag::Conversions), "Conversions, newest first."),
        Op::GetConversion => of(Tag::Conversions)
            .names::<ConversionId>(CONVERSION)
            .answers::<ConversionView>(200, "The conversion as it stands now."),
        Op::ExplainConversion => of(Tag::Conversions)
            .names::<ConversionId>(CONVERSION)
            .answers::<ExplanationView>(200, "Every candidate, and why it won or lost."),
        Op::CreateRefund => of(Tag::Conversions)
            .names::<ConversionId>(CONVERSION)
            .takes::<NewRefund>()
            .answers::<RefundView>(201, "The refund, and what it took back.")
            .answers::<RefundView>(200, SENT_BEFORE)
            .refuses(&[Code::InvalidText, Code::AmountOutOfRange, Code::RefundExceedsSale])
            .refuses(&[Code::NotRefundable, Code::RefundConflict]),
        Op::GetAttribution => report(of(Tag::Reading)),
        Op::SimulateAttribution => of(Tag::Reading)
            .takes::<NewSimulation>()
            .answers::<SimulationView>(200, "Who would gain or lose. Nothing was changed.")
            .refuses(&[Code::InvalidValue, Code::OutOfRange, Code::InvalidTime, Code::TooManyConversions]),
        Op::ListBalances => of(Tag::Reading)
            .query([OF_PARTNER])
            .answers::<Balances>(200, "Balances, one entry a partner and currency.")
            .refuses(&[Code::NotFound]),
        Op::ListCommissions => {
            let narrowed = of(Tag::Reading).query([HELD, HELD_REASON, STATUS]).refuses(&[Code::InvalidValue]);
            list::<CommissionView>(narrowed, "Commissions, newest first.")
        }
        Op::ReleaseCommission => of(Tag::Conversions)
            .names::<CommissionId>(COMMISSION)
            .takes::<NewRelease>()
            .answers::<CommissionView>(200, "The commission, no longer held.")
            .refuses(&[Code::InvalidText, Code::NotHeld]),
        Op::RejectCommission => of(Tag::Conversions)
            .names::<CommissionId>(COMMISSION)
            .takes::<NewRejection>()
            .answers::<CommissionView>(200, "The commission, taken back.")
            .refuses(&[Code::InvalidText, Code::NotRejectable]),
        Op::GetCommission => of(Tag::Reading)
            .names::<CommissionId>(COMMISSION)
            .answers::<CommissionView>(200, "The commission as it stands now."),
        Op::CreatePlacement => created::<NewPlacement, PlacementView>(
            of(Tag::Conversions),
            "The placement; its fee is a commission.",
        )
        .refuses(TEXT_CODES)
        .refuses(&[Code::AmountOutOfRange, Code::InvalidCurrency, Code::InvalidTime, Code::OccurredInFuture])
        .refuses(&[Code::UnknownPartner, Code::PartnerTerminated, Code::InvalidMetadata, Code::OutOfRange])
        .refuses(&[Code::ExternalIdTaken, Code::UnknownLink]),
        Op::ListPlacements => list::<PlacementView>(of(Tag::Reading), "Placements, newest first."),
        Op::GetPlacement => of(Tag::Reading)
            .names::<PlacementId>("The placement's id.")
            .answers::<PlacementView>(200, "The placement, and what came back."),
        Op::ListEvents => list::<EventView>(of(Tag::Reading).query([AFTER]), "Events, oldest first."),
        Op::ListClicks => {
            let narrowed = of(Tag::Reading).query([OF_PARTNER, OF_LINK, FROM, TO]).refuses(&[Code::NotFound]);
            list::<ClickView>(narrowed, "Clicks of the last 90 days, newest first.")
        }
        Op::ExportLog => of(Tag::Reading)
            .query([FROM, TO, CURSOR])
            .gives(200, EXPORT, Content::Lines(super::describe::of::<ExportLine>()), &[])
            .refuses(PAGE_CODES),
        Op::FollowLink | Op::ProbeLink => {
            redirect(of(Tag::Visitors).names::<Token>("The link's signed token."))
        }
        Op::FollowSlug | Op::ProbeSlug => redirect(of(Tag::Visitors).names::<Slug>("The link's short name.")),
        Op::OpenCallback => callback(of(Tag::Callbacks))
            .gives(302, "On to the product.", Content::Nothing, &[Header::Location, Header::CacheControl])
            .gives(
                303,
                "On to a page of ours where the visitor's cookies are seen.",
                Content::Nothing,
                &[Header::Location, Header::CacheControl],
            ),
        Op::ReceiveCallback => callback(of(Tag::Callbacks))
            .gives(201, "It is written.", Content::Object, &[])
            .gives(204, "It is written.", Content::Nothing, &[])
            .gives(
                303,
                "On to a page of ours where the visitor's cookies are seen.",
                Content::Nothing,
                &[Header::Location, Header::CacheControl],
            )
            .refuses(&[Code::BodyTooLarge]),
        Op::GetHealth => of(Tag::Worker).answers::<HealthView>(200, "It runs."),
        Op::GetReadiness => {
            of(Tag::Worker).answers::<HealthView>(200, "Every store answers.").refuses(&[Code::Unavailable])
        }
        Op::GetOpenapi => of(Tag::Worker).gives(200, "This document.", Content::Object, &[]),
        Op::GetDocs => {
            of(Tag::Worker).gives(200, "A page that needs nothing else.", Content::Text("text/html"), &[])
        }
    }
}

const PARTNER: &str = "The partner's id.";
const LISTING: &str = "The listing's id.";
const COUPON: &str = "The coupon's id.";
const LINK: &str = "The link's id.";
const CONVERSION: &str = "The conversion's id.";
const COMMISSION: &str = "The commission's id.";
const SENT_BEFORE: &str =
    "It was sent before, with the same content: the first answer again. Nothing was changed.";
const EXPORT: &str =
    "A page of the log. Its last line says whether there is more; without that line it was cut off.";
const REDIRECTED: &str = "To the listing, with the visitor's own query and a new click id; to the landing page if the \
                          link is expired, revoked, paused or not ours.";

const CURSOR: Query = Query {
    name: "cursor",
    says: "`next_cursor` of the previous page, unchanged; another list's is refused.",
    schema: QuerySchema::Opaque,
};
const AFTER: Query = Query {
    name: "after",
    says: "`cursor` of the last event that you have; `cursor` means the same here.",
    schema: QuerySchema::Opaque,
};
const OF_PARTNER: Query =
    Query { name: "partner_id", says: "Only this partner's.", schema: QuerySchema::Partner };
const HELD: Query =
    Query { name: "held", says: "Only those that are held, or that are not.", schema: QuerySchema::Flag };
const HELD_REASON: Query = Query {
    name: "held_reason",
    says: "Only those that are held for this reason before all.",
    schema: QuerySchema::HeldReason,
};
const STATUS: Query =
    Query { name: "status", says: "Only those that stand there.", schema: QuerySchema::CommissionStatus };
const OF_LINK: Query = Query { name: "link_id", says: "Only this link's.", schema: QuerySchema::Link };
const FROM: Query = Query { name: "from", says: "From this time on.", schema: QuerySchema::Time };
const TO: Query = Query { name: "to", says: "Before this time.", schema: QuerySchema::Time };
/// What a list refuses.
const PAGE_CODES: &[Code] = &[Code::InvalidCursor, Code::CursorMismatch, Code::OutOfRange];

/// A list of `T`, by pages.
fn list<T: JsonSchema>(description: Description, says: &'static str) -> Description {
    let limit = Query { name: "limit", says: "Rows a page.", schema: QuerySchema::Limit };
    description.query([limit, CURSOR]).answers::<List<T>>(200, says).refuses(PAGE_CODES)
}

/// Makes an `Out` of an `In`; the answer says where it is.
fn created<In: JsonSchema, Out: JsonSchema>(description: Description, says: &'static str) -> Description {
    let content = Content::Json(super::describe::of::<Out>());
    description.takes::<In>().gives(201, says, content, &[Header::Location])
}

fn redirect(description: Description) -> Description {
    let headers = &[Header::Location, Header::SetCookie, Header::CacheControl, Header::ReferrerPolicy];
    description.gives(302, REDIRECTED, Content::Nothing, headers).refuses(&[Code::NotFound])
}

/// What all callbacks have in common. What a success looks like is each vendor's own.
fn callback(description: Description) -> Description {
    description
        .names::<Marketplace>("The marketplace.")
        .names::<ListingId>(LISTING)
        .names::<CallbackKind>("Which of the marketplace's callbacks it is.")
        .gives(200, "It is written: the answer that the vendor wants.", Content::Text("text/plain"), &[])
        .gives(401, "It is not proven. The same for every reason.", Content::Text("text/plain"), &[])
        .refuses(&[Code::Unavailable])
}

fn report(description: Description) -> Description {
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
