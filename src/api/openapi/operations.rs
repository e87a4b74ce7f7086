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
        fx::{NewRates, RateView},
        health::HealthView,
        history::HistoryView,
        installs::PlayInstall,
        keys::{KeyView, MadeKey, NewKey},
        ledger::{NewWriteOff, TrialBalanceView, WriteOffView},
        links::{MadeLinks, NewLink, NewLinks},
        listings::{ListingChange, NewListing},
        operation::Operation,
        partners::{NewPartner, PartnerChange},
        payouts::{
            ItemView, PayoutView,
            details::{NewPayoutDetails, PayoutDetailsView},
            endings::{Failure, Payment, PayoutResults},
            runs::{NewRun, RunView},
            statement::StatementView,
        },
        placements::{NewPlacement, PlacementView},
        problem::Code,
        programme::{NewProgramme, ProgrammeView},
        refunds::{NewRefund, RefundView},
        simulation::{NewSimulation, SimulationView},
        views::{CommissionView, LinkView, ListingView, PartnerView},
    },
    describe::{Content, Description, Header, Tag},
    edge::{ExportLine, Slug, Token},
    forms::*,
};
use crate::domain::values::id::{
    CommissionId, ConversionId, CouponId, KeyId, LinkId, ListingId, PartnerId, PayoutId, PlacementId, RunId,
};

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
                Code::InvalidIban,
                Code::InvalidBic,
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
            .query([OF_PARTNER, AT])
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
        Op::GetHistory => of(Tag::Reading)
            .names::<CommissionId>(COMMISSION)
            .answers::<HistoryView>(200, "From the click to the payout."),
        Op::GetTrialBalance => of(Tag::Reading)
            .query([AT])
            .answers::<TrialBalanceView>(200, "Every account's debits and credits, by currency."),
        Op::WriteOff => of(Tag::Payouts)
            .names::<PartnerId>(PARTNER)
            .takes::<NewWriteOff>()
            .answers::<WriteOffView>(201, "What was forgiven.")
            .refuses(&[Code::InvalidText, Code::InvalidCurrency, Code::PayoutOpen, Code::NothingOwedBack]),
        Op::SetRates => of(Tag::Payouts)
            .takes::<NewRates>()
            .answers::<List<RateView>>(200, "The rates, in the order of the request.")
            .refuses(&[Code::InvalidDate, Code::InvalidCurrency, Code::InvalidRate, Code::InvalidValue])
            .refuses(&[Code::RateInUse]),
        Op::ListRates => list::<RateView>(
            of(Tag::Payouts).query([OF_DATE, FROM_CURRENCY, TO_CURRENCY]),
            "Rates, newest first.",
        ),
        Op::SetPayoutDetails => of(Tag::Payouts)
            .names::<PartnerId>(PARTNER)
            .takes::<NewPayoutDetails>()
            .answers::<PayoutDetailsView>(200, "What is set; never the values.")
            .refuses(&[Code::InvalidText, Code::InvalidValue, Code::InvalidIban, Code::InvalidBic])
            .refuses(&[Code::InvalidEmail, Code::InvalidCountry]),
        Op::GetPayoutDetails => of(Tag::Payouts)
            .names::<PartnerId>(PARTNER)
            .answers::<PayoutDetailsView>(200, "What is set; never the values."),
        Op::CreateRun => created::<NewRun, RunView>(of(Tag::Payouts), "The draft.")
            .gives(200, ASKED_BEFORE, Content::Json(super::describe::of::<RunView>()), &[])
            .refuses(&[Code::InvalidDate, Code::InvalidPeriod, Code::PeriodNotOver, Code::InvalidCurrency])
            .refuses(&[Code::AmountOutOfRange, Code::CurrencyMismatch, Code::RunConflict]),
        Op::ListRuns => list::<RunView>(of(Tag::Payouts), "Runs, newest first."),
        Op::GetRun => of(Tag::Payouts).names::<RunId>(RUN).answers::<RunView>(200, "The run as it stands."),
        Op::RefreshRun => changed_run(of(Tag::Payouts), "The draft, computed anew."),
        Op::CancelRun => changed_run(of(Tag::Payouts), "The run, cancelled."),
        Op::ApproveRun => {
            changed_run(of(Tag::Payouts), "The run, approved.").refuses(&[Code::OwnRun, Code::RunOutdated])
        }
        Op::SendResults => of(Tag::Payouts)
            .names::<RunId>(RUN)
            .takes::<PayoutResults>()
            .answers::<RunView>(200, "The run as it stands now.")
            .refuses(&[Code::InvalidText, Code::InvalidValue, Code::MisplacedField, Code::UnknownPayout])
            .refuses(&[Code::PayoutNotOpen, Code::PayoutEnded]),
        Op::GetRunTable => file(of(Tag::Payouts).query([PARTIAL]), "text/csv", "The table."),
        Op::GetSepaFile => file(of(Tag::Payouts).query([PARTIAL, EXECUTION]), "application/xml", "The file.")
            .refuses(&[Code::PayerMissing, Code::NothingToPay]),
        Op::GetPaypalFile => {
            file(of(Tag::Payouts).query([PARTIAL, IN_CURRENCY, PART]), "text/csv", "The file.").refuses(&[
                Code::SeveralCurrencies,
                Code::FileTooLong,
                Code::NothingToPay,
            ])
        }
        Op::GetWiseFile => file(of(Tag::Payouts).query([PARTIAL, PART]), "text/csv", "The file.")
            .refuses(&[Code::FileTooLong, Code::NothingToPay]),
        Op::ListPayouts => {
            let narrowed = of(Tag::Payouts).query([OF_RUN, STANDING]).refuses(&[Code::NotFound]);
            list::<PayoutView>(narrowed, "Payouts, newest first.")
        }
        Op::GetPayout => {
            of(Tag::Payouts).names::<PayoutId>(PAYOUT).answers::<PayoutView>(200, "The payout as it stands.")
        }
        Op::ListPayoutItems => {
            list::<ItemView>(of(Tag::Payouts).names::<PayoutId>(PAYOUT), "Its commissions, newest first.")
        }
        Op::PayPayout => ended::<Payment>(of(Tag::Payouts), "The payout, paid."),
        Op::FailPayout => ended::<Failure>(of(Tag::Payouts), "The payout, failed."),
        Op::GetStatement => {
            statement(of(Tag::Payouts), Content::Json(super::describe::of::<StatementView>()))
        }
        Op::GetStatementCsv => statement(of(Tag::Payouts), Content::Text("text/csv")),
        Op::GetStatementHtml => statement(of(Tag::Payouts), Content::Text("text/html")),
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
