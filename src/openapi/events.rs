//! The types of events: what the `data` of each contain, and how an endpoint receives them. The match is exhaustive, so a type of
//! event without a schema does not compile.

use super::schemas::{Schema, Schemas, schema_of};
use crate::{
    api::{
        import::ImportEventView,
        links::LinkView,
        programme::{
            coupons::CouponView, keys::KeyView, partners::PartnerView, placements::PlacementView,
            terms::ProgrammeView,
        },
    },
    domain::{delivery::endpoint::ApiVersion, event::EventType, values::time::Timestamp},
    ledger::{
        callbacks::{
            accounts::{AliasView, CustomerAccountView, EarlierPlanView},
            calls::ListingCallsView,
            charges::BoundView,
            emails::CustomerEmailView,
            kept::KeptCallbackView,
            refunds::WaitingRefundView,
        },
        commissions::{rejection::RejectionView, release::ReleaseView, view::CommissionView},
        conversions::{qualification::QualifiedLeadView, view::ConversionView},
        listing_view::ListingView,
        payouts::{
            details::PayoutDetailsEventView, payment_files::PaymentFileEventView, rates::RatesEventView,
            run_view::RunView, runs::PayoutHeldEventView, view::PayoutEventView, write_off::WriteOffView,
        },
        refunds::view::{RefundView, ReversalView},
        webhooks::{TestView, WebhookView},
    },
};
use schemars::schema_for;
use serde_json::{Map, Value, json};

/// Recorded by `tests/native/openapi/events.rs`, which fails when it is outdated.
const EXAMPLES: &str = include_str!("../../fixtures/event_examples.json");

/// The schema of an event's data, as the programme's endpoints receive them.
fn data(kind: EventType) -> Schema {
    use EventType as Type;
    match kind {
        Type::ProgramUpdated => schema_of::<ProgrammeView>(),
        Type::PartnerCreated | Type::PartnerUpdated => schema_of::<PartnerView>(),
        Type::ListingCreated | Type::ListingUpdated => schema_of::<ListingView>(),
        Type::ListingSilent | Type::ListingRecovered => schema_of::<ListingCallsView>(),
        Type::LinkCreated | Type::LinkUpdated | Type::LinkRevoked => schema_of::<LinkView>(),
        Type::CouponCreated | Type::CouponRevoked => schema_of::<CouponView>(),
        Type::KeyCreated | Type::KeyRevoked => schema_of::<KeyView>(),
        Type::ConversionCreated | Type::ConversionCredited | Type::ConversionConfirmed => {
            schema_of::<ConversionView>()
        }
        Type::ConversionQualified | Type::ConversionUnqualified => schema_of::<QualifiedLeadView>(),
        Type::AccountUpdated => schema_of::<CustomerAccountView>(),
        Type::AccountPlanLearned => schema_of::<EarlierPlanView>(),
        Type::AccountNamed => schema_of::<AliasView>(),
        Type::CallbackUnprocessed | Type::CallbackProcessed | Type::CallbackRefused => {
            schema_of::<KeptCallbackView>()
        }
        Type::CustomerBound => schema_of::<BoundView>(),
        Type::CustomerEmailLearned => schema_of::<CustomerEmailView>(),
        Type::RefundWaiting => schema_of::<WaitingRefundView>(),
        Type::CommissionCreated | Type::CommissionPayable | Type::CommissionHeld => {
            schema_of::<CommissionView>()
        }
        Type::CommissionReleased => schema_of::<ReleaseView>(),
        Type::CommissionReversed => schema_of::<ReversalView>(),
        Type::PlacementCreated => schema_of::<PlacementView>(),
        Type::CommissionRejected => schema_of::<RejectionView>(),
        Type::RefundCreated => schema_of::<RefundView>(),
        Type::FxUpdated => schema_of::<RatesEventView>(),
        Type::PayoutDetailsUpdated => schema_of::<PayoutDetailsEventView>(),
        Type::PayoutRunCreated
        | Type::PayoutRunRefreshed
        | Type::PayoutRunApproved
        | Type::PayoutRunCancelled => schema_of::<RunView>(),
        Type::PaymentFileCreated => schema_of::<PaymentFileEventView>(),
        Type::PayoutHeld => schema_of::<PayoutHeldEventView>(),
        Type::PayoutPaid | Type::PayoutFailed | Type::PayoutReturned => schema_of::<PayoutEventView>(),
        Type::ImportAccepted => schema_of::<ImportEventView>(),
        Type::BalanceWrittenOff => schema_of::<WriteOffView>(),
        Type::WebhookCreated
        | Type::WebhookUpdated
        | Type::WebhookSecretRotated
        | Type::WebhookDisabled
        | Type::WebhookDeleted => schema_of::<WebhookView>(),
        Type::WebhookTest => schema_of::<TestView>(),
    }
}

/// What each type of event means, from the enumeration's own documentation.
fn meanings() -> Map<String, Value> {
    let schema = schema_for!(EventType).to_value();
    let alternatives = schema.get("oneOf").and_then(Value::as_array);
    let meaning = |alternative: &Value| {
        Some((alternative.get("const")?.as_str()?.to_owned(), alternative.get("description")?.clone()))
    };
    alternatives.into_iter().flatten().filter_map(meaning).collect()
}

/// The headers of a delivery (Standard Webhooks 1.0).
fn headers() -> Value {
    let header = |name: &str, about: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": about, "schema": { "type": "string" },
        })
    };
    json!([
        header("webhook-id", "The id of the event, the same on every retry and replay."),
        header("webhook-timestamp", "When this attempt was made, Unix seconds."),
        header(
            "webhook-signature",
            "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64, one for each live secret, separated by a space."
        ),
    ])
}

/// The section `webhooks` of the document.
pub fn webhooks(schemas: &mut Schemas) -> Map<String, Value> {
    let examples: Map<String, Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    let meanings = meanings();
    let mut webhooks = Map::new();
    for kind in EventType::ALL {
        let name = kind.as_str();
        let mut media = json!({ "schema": {
            "type": "object",
            "required": ["type", "timestamp", "data", "api_version"],
            "properties": {
                "type": { "const": name },
                "timestamp": schemas.response(schema_of::<Timestamp>()),
                "data": schemas.response(data(*kind)),
                "api_version": schemas.response(schema_of::<ApiVersion>()),
            },
        } });
        if let (Some(example), Some(media)) = (examples.get(name), media.as_object_mut()) {
            media.insert("example".to_owned(), example.clone());
        }
        let operation = json!({
            "operationId": format!("on.{name}"),
            "summary": name,
            "description": meanings.get(name),
            "tags": ["Webhooks"],
            "security": [],
            "parameters": headers(),
            "requestBody": { "required": true, "content": { "application/json": media } },
            "responses": {
                "2XX": { "description": "The event is delivered." },
                "410": { "description": "The endpoint is paused." },
                "default": { "description": "The event is sent again later." },
            },
        });
        webhooks.insert(name.to_owned(), json!({ "post": operation }));
    }
    webhooks
}
