//! What each operation accepts and returns. The match is exhaustive, so a route without a description does not compile.

use super::{
    common::*,
    description::{Content, Description},
    descriptions,
    filters::*,
    headers::Header,
    schemas::schema_of,
    tags::Tag,
    wire_types::{ExportLine, Slug, Token},
};
use crate::{
    api::{
        conversions::{
            commissions::{NewRejection, NewRelease},
            history::HistoryView,
            installs::PlayInstall,
            qualify::NewQualification,
            refunds::NewRefund,
            request::NewConversion,
        },
        health::HealthView,
        http::{call::List, problems::Code},
        import::{ImportLine, ImportView},
        links::{
            LinkView,
            change::LinkChange,
            create::{MadeLinks, NewLinks},
            request::NewLink,
        },
        operation::Operation,
        payouts::{
            details::{NewPayoutDetails, PayoutDetailsView},
            rates::NewRates,
            runs::NewRun,
            settlement::{Failed, Payment, PayoutResults},
            write_off::NewWriteOff,
        },
        programme::{
            coupons::{CouponView, NewCoupon},
            keys::{KeyView, MadeKey, NewKey},
            listings::{ListingChange, ListingHealthView, NewListing},
            partner_terms::PartnerTermsView,
            partners::{NewPartner, PartnerChange, PartnerView},
            placements::{NewPlacement, PlacementView},
            terms::{NewProgramme, ProgrammeView},
            tokens::{BrowserTokenView, NewBrowserToken},
        },
        reports::{
            balances::Balances, clicks::ClickView, events::EventView, report_view::ReportView,
            simulation::NewSimulation, trial_balance::TrialBalanceView,
        },
        webhooks::{
            MadeWebhook, NewWebhook, SentTest, WebhookChange,
            deliveries::DeliveryView,
            replay::{NewReplay, ReplayView},
        },
    },
    documents::statement::{Statement, StatementLine},
    domain::values::id::{
        CallbackId, CommissionId, ConversionId, CouponId, KeyId, LinkId, ListingId, PartnerId, PayoutId,
        PlacementId, RunId, WebhookId,
    },
    ledger::{
        attribution::explanation::ExplanationView,
        callbacks::kept::KeptCallbackView,
        commissions::view::CommissionView,
        conversions::view::ConversionView,
        listing_view::ListingView,
        payouts::{rates::RateView, run_view::RunView, view::PayoutView, write_off::WriteOffView},
        refunds::view::RefundView,
        restore::RestoreView,
        simulation::SimulationView,
        webhooks::WebhookView,
    },
};

/// The description of an operation.
pub fn describe(operation: Operation) -> Description {
    use Operation as Op;
    let about = descriptions::about(operation);
    let of = |tag| Description::new(tag, about);
    match operation {
        Op::GetProgram => of(Tag::Programme).json::<ProgrammeView>(200, "The current terms."),
        Op::SetProgram | Op::UpdateProgram => of(Tag::Programme)
            .request_body::<NewProgramme>()
            .json::<ProgrammeView>(200, "The terms as set.")
            .problems(PLAN_CODES)
            .problems(&[
                Code::InvalidOrigin,
                Code::InvalidUrl,
                Code::CurrencyFixed,
                Code::ProgramChanged,
                Code::PlanInForce,
            ])
            .problems(&[
                Code::InvalidCountry,
                Code::InvalidIban,
                Code::IbanOutsideSepa,
                Code::NameNotWritable,
                Code::InvalidBic,
                Code::UnknownTimezone,
            ]),
        Op::CreateKey => of(Tag::Keys)
            .request_body::<NewKey>()
            .json::<MadeKey>(201, "The key. Its secret is shown only in this response.")
            .problems(TEXT_CODES)
            .problems(&[Code::UnknownPartner, Code::PublishableKey, Code::InvalidOrigin]),
        Op::ListKeys => list::<KeyView>(of(Tag::Keys), "Keys that are not revoked, newest first."),
        Op::CreateToken => of(Tag::Keys)
            .request_body::<NewBrowserToken>()
            .json::<BrowserTokenView>(201, "The token. It is not stored and cannot be shown again.")
            .problems(&[Code::UnknownPartner, Code::InvalidValue, Code::InvalidOrigin, Code::NotADocument]),
        Op::RevokeKey => of(Tag::Keys).path_parameter::<KeyId>("The key's id.").response(
            204,
            "The key is revoked.",
            Content::Nothing,
            &[],
        ),
        Op::CreatePartner => {
            create::<NewPartner, PartnerView>(of(Tag::Partners), "The partner.").problems(PARTNER_CODES)
        }
        Op::ListPartners => {
            let filtered = of(Tag::Partners)
                .query_parameters([BY_PARTNER_STATUS, BY_PARTNER_KIND, BY_COUNTRY, SEARCH])
                .problems(&[Code::InvalidValue, Code::InvalidCountry]);
            list::<PartnerView>(filtered, "Partners, newest first.")
        }
        Op::GetPartner => {
            of(Tag::Partners).path_parameter::<PartnerId>(PARTNER).json::<PartnerView>(200, "The partner.")
        }
        Op::UpdatePartner => of(Tag::Partners)
            .path_parameter::<PartnerId>(PARTNER)
            .request_body::<PartnerChange>()
            .json::<PartnerView>(200, "The partner after the change.")
            .problems(PARTNER_CODES)
            .problems(&[Code::PartnerTerminated, Code::InvalidOrigin]),
        Op::GetPartnerTerms => {
            of(Tag::Partners).path_parameter::<PartnerId>(PARTNER).json::<PartnerTermsView>(200, "The terms.")
        }
        Op::CreateListing => create::<NewListing, ListingView>(of(Tag::Listings), "The listing.")
            .problems(LISTING_CODES)
            .problems(&[Code::InvalidValue, Code::ListingLimit]),
        Op::ListListings => list::<ListingView>(of(Tag::Listings), "Listings, newest first."),
        Op::GetListing => {
            of(Tag::Listings).path_parameter::<ListingId>(LISTING).json::<ListingView>(200, "The listing.")
        }
        Op::GetListingHealth => of(Tag::Listings)
            .path_parameter::<ListingId>(LISTING)
            .json::<ListingHealthView>(200, "Whether its marketplace calls."),
        Op::UpdateListing => of(Tag::Listings)
            .path_parameter::<ListingId>(LISTING)
            .request_body::<ListingChange>()
            .json::<ListingView>(200, "The listing after the change.")
            .problems(LISTING_CODES),
        Op::CreateLink => create::<NewLink, LinkView>(of(Tag::Links), "The link.").problems(LINK_CODES),
        Op::CreateLinks => of(Tag::Links)
            .request_body::<NewLinks>()
            .or_csv()
            .json::<MadeLinks>(201, "The links, in the order of the request.")
            .problems(LINK_CODES)
            .problems(&[Code::MalformedCsv]),
        Op::UpdateLink => of(Tag::Links)
            .path_parameter::<LinkId>(LINK)
            .request_body::<LinkChange>()
            .json::<LinkView>(200, "The link after the change.")
            .problems(LINK_CODES)
            .problems(&[Code::StateConflict]),
        Op::ListLinks => {
            let filtered = of(Tag::Links)
                .query_parameters([BY_PARTNER, BY_LISTING, BY_CAMPAIGN, BY_SLUG])
                .problems(&[Code::NotFound]);
            list::<LinkView>(filtered, "Links, newest first.")
        }
        Op::GetLink => of(Tag::Links).path_parameter::<LinkId>(LINK).json::<LinkView>(200, "The link."),
        Op::GetLinkQr => of(Tag::Links).path_parameter::<LinkId>(LINK).response(
            200,
            "The signed link as a QR code.",
            Content::Text("image/svg+xml"),
            &[Header::CacheControl],
        ),
        Op::GetLinkPng => of(Tag::Links).path_parameter::<LinkId>(LINK).response(
            200,
            "The signed link as a QR code.",
            Content::Bytes("image/png"),
            &[Header::CacheControl],
        ),
        Op::RevokeLink => {
            of(Tag::Links).path_parameter::<LinkId>(LINK).json::<LinkView>(200, "The revoked link.")
        }
        Op::CreateCoupon => create::<NewCoupon, CouponView>(of(Tag::Coupons), "The coupon.")
            .problems(&[Code::InvalidText, Code::InvalidTime, Code::InvalidMetadata, Code::UnknownPartner])
            .problems(&[Code::UnknownListing, Code::PartnerTerminated, Code::EndsBeforeStart])
            .problems(&[Code::CouponTaken, Code::MixedScripts]),
        Op::ListCoupons => list::<CouponView>(of(Tag::Coupons), "Coupons, newest first."),
        Op::GetCoupon => {
            of(Tag::Coupons).path_parameter::<CouponId>(COUPON).json::<CouponView>(200, "The coupon.")
        }
        Op::RevokeCoupon => {
            of(Tag::Coupons).path_parameter::<CouponId>(COUPON).json::<CouponView>(200, "The revoked coupon.")
        }
        Op::CreateConversion => create::<NewConversion, ConversionView>(
            of(Tag::Conversions),
            "The conversion. It is stored durably.",
        )
        .response(200, ALREADY_SENT, Content::Json(schema_of::<ConversionView>()), &[])
        .problems(TEXT_CODES)
        .problems(&[Code::AmountOutOfRange, Code::InvalidCurrency, Code::InvalidTime, Code::OccurredInFuture])
        .problems(&[Code::UnknownListing, Code::InvalidMetadata, Code::ConversionConflict])
        .problems(&[Code::InvalidCountry, Code::PartExceedsAmount]),
        Op::ReportPlayInstall => create::<PlayInstall, ConversionView>(
            of(Tag::Conversions),
            "The install as a conversion. It is stored durably.",
        )
        .response(200, ALREADY_SENT, Content::Json(schema_of::<ConversionView>()), &[])
        .problems(&[Code::InvalidText, Code::InvalidValue, Code::OutOfRange])
        .problems(&[Code::UnknownListing, Code::ConversionConflict]),
        Op::ListConversions => {
            let filtered = of(Tag::Conversions)
                .query_parameters([BY_EXTERNAL_ID, BY_CUSTOMER, BY_PARTNER, BY_LISTING, BY_LINK])
                .query_parameters([BY_CONVERSION_TYPE, BY_ATTRIBUTION, BY_COUPON, HAPPENED_FROM, HAPPENED_TO])
                .problems(&[Code::InvalidValue, Code::NotFound]);
            list::<ConversionView>(filtered, "Conversions, newest first.")
        }
        Op::GetConversion => of(Tag::Conversions)
            .path_parameter::<ConversionId>(CONVERSION)
            .json::<ConversionView>(200, "The conversion in its current state."),
        Op::ExplainConversion => {
            of(Tag::Conversions).path_parameter::<ConversionId>(CONVERSION).json::<ExplanationView>(
                200,
                "Every candidate touch, with the reason why it was credited or not.",
            )
        }
        Op::CreateRefund => of(Tag::Conversions)
            .path_parameter::<ConversionId>(CONVERSION)
            .request_body::<NewRefund>()
            .json::<RefundView>(201, "The refund and the commission that it reversed.")
            .json::<RefundView>(200, ALREADY_SENT)
            .problems(&[Code::InvalidText, Code::AmountOutOfRange, Code::RefundExceedsSale])
            .problems(&[Code::NotRefundable, Code::RefundConflict]),
        Op::QualifyLead => of(Tag::Conversions)
            .path_parameter::<ConversionId>(CONVERSION)
            .request_body::<NewQualification>()
            .json::<ConversionView>(200, "The lead with the decision.")
            .problems(&[Code::InvalidText, Code::InvalidValue, Code::NotALead]),
        Op::GetAttribution => report(of(Tag::Reading), Content::JsonOrCsv(schema_of::<ReportView>())),
        Op::GetAttributionCsv => report(of(Tag::Reading), Content::Text("text/csv")),
        Op::SimulateAttribution => of(Tag::Reading)
            .request_body::<NewSimulation>()
            .problems(&[Code::Busy])
            .json::<SimulationView>(200, "Which partners would earn more or less. Nothing was changed.")
            .problems(PLAN_CODES)
            .problems(&[Code::TooManyConversions]),
        Op::ListBalances => revalidated(
            of(Tag::Reading).query_parameters([BY_PARTNER, AT]),
            "Balances, one entry per partner and currency.",
            Content::JsonOrCsv(schema_of::<Balances>()),
        )
        .problems(&[Code::NotFound]),
        Op::ListCommissions => {
            let filtered = of(Tag::Reading)
                .query_parameters([BY_PARTNER, BY_CONVERSION, BY_PLAN, BY_COMMISSION_STATUS, BY_HELD])
                .query_parameters([BY_HELD_REASON, FROM, TO])
                .problems(&[Code::InvalidValue, Code::NotFound]);
            list::<CommissionView>(filtered, "Commissions, newest first.")
        }
        Op::ListCallbacks => {
            let filtered = of(Tag::Callbacks)
                .query_parameters([BY_CALLBACK_STATUS, BY_LISTING])
                .problems(&[Code::InvalidValue, Code::NotFound]);
            list::<KeptCallbackView>(filtered, "Callbacks that were kept, newest first.")
        }
        Op::RetryCallback => of(Tag::Callbacks)
            .problems(&[Code::SealedKeyGone])
            .path_parameter::<CallbackId>("The callback's id.")
            .json::<KeptCallbackView>(200, "What became of the callback."),
        Op::ReleaseCommission => of(Tag::Conversions)
            .path_parameter::<CommissionId>(COMMISSION)
            .request_body::<NewRelease>()
            .json::<CommissionView>(200, "The commission, which is no longer held.")
            .problems(&[Code::InvalidText, Code::NotHeld]),
        Op::RejectCommission => of(Tag::Conversions)
            .path_parameter::<CommissionId>(COMMISSION)
            .request_body::<NewRejection>()
            .json::<CommissionView>(200, "The rejected commission.")
            .problems(&[Code::InvalidText, Code::NotRejectable]),
        Op::GetCommission => of(Tag::Reading)
            .path_parameter::<CommissionId>(COMMISSION)
            .json::<CommissionView>(200, "The commission in its current state."),
        Op::CreatePlacement => create::<NewPlacement, PlacementView>(
            of(Tag::Conversions),
            "The placement. Its fee is a commission.",
        )
        .problems(TEXT_CODES)
        .problems(&[Code::AmountOutOfRange, Code::InvalidCurrency, Code::InvalidTime, Code::OccurredInFuture])
        .problems(&[Code::UnknownPartner, Code::PartnerTerminated, Code::InvalidMetadata, Code::OutOfRange])
        .problems(&[Code::ExternalIdTaken, Code::UnknownLink]),
        Op::ListPlacements => list::<PlacementView>(of(Tag::Reading), "Placements, newest first."),
        Op::GetPlacement => of(Tag::Reading)
            .path_parameter::<PlacementId>("The placement's id.")
            .json::<PlacementView>(200, "The placement and the revenue that it brought."),
        Op::GetHistory => of(Tag::Reading)
            .path_parameter::<CommissionId>(COMMISSION)
            .json::<HistoryView>(200, "The history, from the click to the payout."),
        Op::GetTrialBalance => revalidated(
            of(Tag::Reading).query_parameters([AT]),
            "The debits and credits of every account, by currency.",
            Content::Json(schema_of::<TrialBalanceView>()),
        ),
        Op::WriteOff => of(Tag::Payouts)
            .path_parameter::<PartnerId>(PARTNER)
            .request_body::<NewWriteOff>()
            .json::<WriteOffView>(201, "The amount that was written off.")
            .problems(&[Code::InvalidText, Code::InvalidCurrency, Code::PayoutOpen, Code::NothingOwedBack]),
        Op::SetRates => of(Tag::Payouts)
            .request_body::<NewRates>()
            .json::<List<RateView>>(200, "The rates, in the order of the request.")
            .problems(&[Code::InvalidDate, Code::InvalidCurrency, Code::InvalidRate, Code::InvalidValue])
            .problems(&[Code::RateInUse]),
        Op::ListRates => list::<RateView>(
            of(Tag::Payouts).query_parameters([BY_DATE, BY_SOURCE_CURRENCY, BY_TARGET_CURRENCY]),
            "Rates, newest first.",
        )
        .problems(&[Code::InvalidCurrency]),
        Op::SetPayoutDetails => of(Tag::Payouts)
            .path_parameter::<PartnerId>(PARTNER)
            .request_body::<NewPayoutDetails>()
            .json::<PayoutDetailsView>(200, "Which fields are set. Their values are never returned.")
            .problems(&[Code::InvalidText, Code::InvalidValue, Code::InvalidIban, Code::InvalidBic])
            .problems(&[Code::IbanOutsideSepa, Code::NameNotWritable])
            .problems(&[Code::InvalidEmail, Code::InvalidCountry]),
        Op::GetPayoutDetails => of(Tag::Payouts)
            .problems(&[Code::SealedKeyGone])
            .path_parameter::<PartnerId>(PARTNER)
            .json::<PayoutDetailsView>(200, "Which fields are set. Their values are never returned."),
        Op::CreateRun => create::<NewRun, RunView>(of(Tag::Payouts), "The draft.")
            .response(200, ALREADY_REQUESTED, Content::Json(schema_of::<RunView>()), &[])
            .problems(&[Code::InvalidDate, Code::InvalidPeriod, Code::PeriodNotOver, Code::InvalidCurrency])
            .problems(&[Code::AmountOutOfRange, Code::CurrencyMismatch, Code::RunConflict]),
        Op::ListRuns => list::<RunView>(of(Tag::Payouts), "Runs, newest first."),
        Op::GetRun => of(Tag::Payouts)
            .path_parameter::<RunId>(RUN)
            .json::<RunView>(200, "The run in its current state."),
        Op::RefreshRun => change_run(of(Tag::Payouts), "The recomputed draft."),
        Op::CancelRun => change_run(of(Tag::Payouts), "The cancelled run."),
        Op::ApproveRun => {
            change_run(of(Tag::Payouts), "The approved run.").problems(&[Code::OwnRun, Code::RunOutdated])
        }
        Op::SendResults => of(Tag::Payouts)
            .path_parameter::<RunId>(RUN)
            .request_body::<PayoutResults>()
            .json::<RunView>(200, "The run in its current state.")
            .problems(&[Code::InvalidText, Code::InvalidValue, Code::MisplacedField, Code::UnknownPayout])
            .problems(&[Code::PayoutNotOpen, Code::PayoutEnded, Code::AmountOutOfRange]),
        Op::GetRunTable => {
            payment_file(of(Tag::Payouts).query_parameters([PARTIAL]), "text/csv", "The table.")
        }
        Op::GetSepaFile => payment_file(
            of(Tag::Payouts).query_parameters([PARTIAL, FILE, EXECUTION_DATE]),
            "application/xml",
            "The file.",
        )
        .problems(&[Code::PayerMissing, Code::NothingToPay]),
        Op::GetPaypalFile => payment_file(
            of(Tag::Payouts).query_parameters([PARTIAL, FILE, BY_CURRENCY, PART]),
            "text/csv",
            "The file.",
        )
        .problems(&[
            Code::InvalidCurrency,
            Code::SeveralCurrencies,
            Code::FileTooLong,
            Code::NothingToPay,
        ]),
        Op::GetWiseFile => {
            payment_file(of(Tag::Payouts).query_parameters([PARTIAL, FILE, PART]), "text/csv", "The file.")
                .problems(&[Code::FileTooLong, Code::NothingToPay])
        }
        Op::ListPayouts => {
            let filtered = of(Tag::Payouts)
                .query_parameters([BY_RUN, BY_PAYOUT_STATUS])
                .problems(&[Code::NotFound, Code::InvalidValue]);
            list::<PayoutView>(filtered, "Payouts, newest first.")
        }
        Op::GetPayout => of(Tag::Payouts)
            .path_parameter::<PayoutId>(PAYOUT)
            .json::<PayoutView>(200, "The payout in its current state."),
        Op::ListPayoutItems => list::<StatementLine>(
            of(Tag::Payouts).path_parameter::<PayoutId>(PAYOUT),
            "The commissions of the payout, newest first.",
        ),
        Op::PayPayout => record_result::<Payment>(of(Tag::Payouts), "The paid payout."),
        Op::FailPayout => record_result::<Failed>(of(Tag::Payouts), "The failed payout.")
            .problems(&[Code::AmountOutOfRange]),
        Op::GetStatement => statement(of(Tag::Payouts), Content::Json(schema_of::<Statement>())),
        Op::GetStatementCsv => statement(of(Tag::Payouts), Content::Text("text/csv")),
        Op::GetStatementHtml => statement(of(Tag::Payouts), Content::Text("text/html")),
        Op::ListEvents => {
            let filtered =
                of(Tag::Reading).query_parameters([BY_EVENT_TYPE, AFTER]).problems(&[Code::InvalidValue]);
            list::<EventView>(filtered, "Events, oldest first.")
        }
        Op::ListClicks => {
            let filtered = of(Tag::Reading)
                .query_parameters([BY_PARTNER, BY_LINK, BY_BUCKET, FROM, TO])
                .problems(&[Code::NotFound, Code::InvalidValue]);
            list::<ClickView>(filtered, "Clicks of the last 90 days, newest first.")
        }
        Op::CreateWebhook => of(Tag::Webhooks)
            .request_body::<NewWebhook>()
            .json::<MadeWebhook>(201, "The webhook. Its secret is shown only in this response.")
            .problems(RECEIVER_CODES)
            .problems(&[Code::UnknownPartner, Code::WebhookLimit]),
        Op::ListWebhooks => list::<WebhookView>(of(Tag::Webhooks), "Webhooks, newest first."),
        Op::GetWebhook => {
            of(Tag::Webhooks).path_parameter::<WebhookId>(WEBHOOK).json::<WebhookView>(200, "The webhook.")
        }
        Op::UpdateWebhook => of(Tag::Webhooks)
            .path_parameter::<WebhookId>(WEBHOOK)
            .request_body::<WebhookChange>()
            .json::<WebhookView>(200, "The webhook as changed.")
            .problems(RECEIVER_CODES),
        Op::DeleteWebhook => of(Tag::Webhooks).path_parameter::<WebhookId>(WEBHOOK).response(
            204,
            "The webhook is deleted.",
            Content::Nothing,
            &[],
        ),
        Op::RotateWebhookSecret => of(Tag::Webhooks)
            .path_parameter::<WebhookId>(WEBHOOK)
            .json::<MadeWebhook>(
                200,
                "The webhook with its new secret, which is shown only in this response.",
            )
            .problems(&[Code::StateConflict]),
        Op::TestWebhook => of(Tag::Webhooks)
            .path_parameter::<WebhookId>(WEBHOOK)
            .json::<SentTest>(202, "The test is on its way.")
            .problems(&[Code::StateConflict]),
        Op::ListDeliveries => {
            let filtered = of(Tag::Webhooks)
                .path_parameter::<WebhookId>(WEBHOOK)
                .query_parameters([BY_ATTEMPT_STATUS])
                .problems(&[Code::InvalidValue]);
            list::<DeliveryView>(filtered, "Attempts of the last 30 days, newest first.")
        }
        Op::ReplayEvents => of(Tag::Webhooks)
            .path_parameter::<WebhookId>(WEBHOOK)
            .request_body::<NewReplay>()
            .json::<ReplayView>(202, "The events are on their way.")
            .problems(&[
                Code::StateConflict,
                Code::InvalidTime,
                Code::UnknownEventId,
                Code::EndsBeforeStart,
                Code::MisplacedField,
            ]),
        Op::RestorePage => of(Tag::Reading)
            .request_lines::<ExportLine>()
            .json::<RestoreView>(200, "How far the restore has come.")
            .problems(&[Code::NotEmpty, Code::PageOutOfOrder, Code::InvalidPage]),
        Op::GetRestore => of(Tag::Reading)
            .json::<RestoreView>(200, "How far the restore has come, and what differs or is missing."),
        Op::ImportLines => of(Tag::Reading)
            .request_lines::<ImportLine>()
            .json::<ImportView>(201, "What became of the lines, in their order.")
            .json::<ImportView>(200, "All lines were imported before. Nothing was changed.")
            .problems(PARTNER_CODES)
            .problems(LISTING_CODES)
            .problems(LINK_CODES)
            .problems(IMPORT_CODES),
        Op::ExportLog => export::<ExportLine>(of(Tag::Reading)),
        Op::FollowLink | Op::ProbeLink => {
            redirect(of(Tag::Visitors).path_parameter::<Token>("The link's signed token."))
        }
        Op::FollowSlug | Op::ProbeSlug => {
            redirect(of(Tag::Visitors).path_parameter::<Slug>("The link's short name."))
        }
        Op::OpenCallback => continued(callback(of(Tag::Callbacks))).response(
            302,
            "To the product.",
            Content::Nothing,
            &[Header::Location, Header::CacheControl],
        ),
        Op::ReceiveCallback => continued(callback(of(Tag::Callbacks)))
            .response(201, "The message is stored.", Content::Object, &[])
            .response(204, "The message is stored.", Content::Nothing, &[])
            .problems(&[Code::BodyTooLarge]),
        Op::GetHealth => of(Tag::Worker).json::<HealthView>(200, "The Worker runs."),
        Op::GetReadiness => of(Tag::Worker)
            .json::<HealthView>(200, "All stores respond.")
            .problems(&[Code::RateLimited, Code::Unavailable]),
        Op::GetOpenapi => revalidated(of(Tag::Worker), "This document.", Content::Object),
        Op::GetDocs => revalidated(
            of(Tag::Worker),
            "The page. It loads its own style sheet and script, and nothing from elsewhere.",
            Content::Text("text/html"),
        ),
    }
}
