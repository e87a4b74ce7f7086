//! AWS's events arrive in two ways: over SNS, signed, or from an EventBridge API destination, which is not signed, so
//! that the Agreement API is asked to confirm them.

use super::{
    super::{
        adapter::{
            CallbackContext, CallbackResponse, ParsedCallback, Proof, Unreadable, Verification, VerifyError,
        },
        event::Evidence,
        payload,
        signature::{
            Payload, Refusal, Verified,
            platforms::{
                AGREEMENT_SOURCE, ApiDestination, PlatformVerifier, Sns, aws_answers, confirmation_address,
            },
        },
        vendor_api::{VendorApi, VendorRequest, VendorResponses},
    },
    api::{self, AGREEMENTS, text},
    notice::{Change, Notice, acknowledged, is_ignored, legacy},
};
use serde_json::{Value as Json, json};

/// The name of the response that describes an agreement.
const AGREEMENT: &str = "agreement";

/// What the Agreement API says of a message.
enum Confirmed<'a> {
    /// It is about the listing's product.
    Ours(Verified<'a>),
    /// It is about another product of the seller.
    OtherProduct,
}

impl<'a> Confirmed<'a> {
    fn with(self, responses: VendorResponses) -> Verification<'a> {
        match self {
            Self::Ours(verified) => Verification::with_responses(verified, responses),
            Self::OtherProduct => Verification::respond(CallbackResponse::empty(200)),
        }
    }
}

/// The name of the secret in the API destination's header.
pub const HEADER_SECRET: &str = "eventbridge_secret";

/// The message in SNS's envelope, or the body of an API destination's request; `None` if it is not JSON, since anybody
/// who may publish to the topic chooses the text.
fn message(verified: &Verified<'_>) -> Option<Json> {
    let text = match verified.payload() {
        Payload::Parameters(_) => payload::parameter(verified, "Message")?,
        Payload::Body(_) | Payload::Json(_) => payload::text(verified).ok()?,
    };
    strict_json::from_str(text).ok()
}

/// Asks the Agreement API about the agreement that a message names. The response is added to `responses` even if it
/// does not confirm the message. An agreement about another product does not concern us.
async fn confirm<'a>(
    verified: Verified<'a>,
    notice: &Notice<'_>,
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
    responses: &mut VendorResponses,
) -> Result<Confirmed<'a>, VerifyError> {
    let body = json!({ "agreementId": notice.agreement });
    let response = api::call(context.listing, api, &AGREEMENTS, "DescribeAgreement", &body).await?;
    responses.insert(AGREEMENT, response.clone());
    let confirmed = aws_answers(&[(AGREEMENT, &response)], Evidence::ApiPoll)?;
    let agreement: Json = strict_json::from_str(&response.body).map_err(|_| Refusal::MalformedBody)?;
    let is = |pointer, value: &str| text(&agreement, pointer) == Some(value);
    if !is("/agreementId", notice.agreement) || !is("/acceptor/accountId", notice.acceptor) {
        return Err(Refusal::WrongSubject.into());
    }
    if !api::is_ours(&agreement, context) {
        return Ok(Confirmed::OtherProduct);
    }
    if verified.evidence() == Evidence::Signed {
        return Ok(Confirmed::Ours(verified));
    }
    if notice.change.is_end() && is("/status", "ACTIVE") {
        return Err(Refusal::Declined.into());
    }
    Ok(Confirmed::Ours(verified.confirmed_by(&confirmed)))
}

/// Verifies an SNS message. A subscription is confirmed at SNS's own host, and only for a topic of the listing.
pub async fn verify_sns<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let window = context.listing.settings.get("window_seconds").and_then(Json::as_u64);
    let sns = Sns {
        topic_arns: context.listing.texts("topic_arns"),
        window_seconds: window.and_then(|seconds| seconds.try_into().ok()),
    };
    let verified = context.verify_platform(api, &PlatformVerifier::Sns(sns)).await?;
    if let Some(url) = confirmation_address(&verified) {
        return confirm_subscription(api, url).await;
    }
    let message = message(&verified);
    let notice = message.as_ref().map_or(Ok(None), |message| Notice::read(message, context));
    let Ok(Some(notice)) = notice else { return Ok(verified.into()) };
    // The message is signed already. But only the API says which product an agreement is about, and whether another
    // agreement replaces the one whose licence ended.
    let ends = notice.change == Change::LicenseDeprovisioned;
    if !ends && (notice.change.names_product() || context.listing.texts("product_id").is_empty()) {
        return Ok(verified.into());
    }
    let mut responses = VendorResponses::default();
    match confirm(verified.clone(), &notice, context, api, &mut responses).await {
        Ok(confirmed) => Ok(confirmed.with(responses)),
        Err(VerifyError::Refused(refusal)) if ends && refusal != Refusal::Unanswered => {
            Ok(Verification::with_responses(verified, responses))
        }
        Err(error) => Err(error),
    }
}

async fn confirm_subscription<'a>(api: &dyn VendorApi, url: String) -> Result<Verification<'a>, VerifyError> {
    let request =
        VendorRequest { method: "GET", url, headers: Vec::new(), body: String::new(), cache_ttl_s: 0 };
    match api.send(&request).await?.status {
        200..=299 => Ok(Verification::respond(CallbackResponse::empty(200))),
        // SNS does not retry after a refusal.
        _ => Err(Refusal::Unanswered.into()),
    }
}

/// Verifies an event from an API destination. If there is no access key, or it may not ask, the event stays
/// unconfirmed.
pub async fn verify_destination<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let setting = |name| context.listing.setting(name).unwrap_or_default();
    let accounts = vec![setting("account_id").to_owned()];
    let sources = vec![AGREEMENT_SOURCE.to_owned()];
    let values = context.listing.secret(HEADER_SECRET);
    let destination = ApiDestination::new(setting("eventbridge_header"), &values, sources, accounts);
    let destination = destination.map_err(|_| Refusal::NotConfigured)?;
    let verified = context.verify_platform(api, &PlatformVerifier::ApiDestination(destination)).await?;
    let message = message(&verified);
    let Ok(Some(notice)) = message.as_ref().map_or(Ok(None), |message| Notice::read(message, context)) else {
        return Ok(verified.into());
    };
    let mut responses = VendorResponses::default();
    match confirm(verified.clone(), &notice, context, api, &mut responses).await {
        Ok(confirmed) => Ok(confirmed.with(responses)),
        // An unconfirmed event counts only if it cannot be about another product.
        Err(VerifyError::Refused(Refusal::NotConfigured))
            if notice.change.names_product() || context.listing.texts("product_id").is_empty() =>
        {
            Ok(Verification::with_responses(verified, responses))
        }
        Err(error) => Err(error),
    }
}

/// Parses a message of either kind.
pub fn parse(proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let verified = &proof.verified;
    if payload::parameter(verified, "Type") == Some("UnsubscribeConfirmation") {
        return Ok(acknowledged(Vec::new(), Some("SNS sends no more messages of this topic here")));
    }
    let Some(message) = message(verified) else {
        let unprocessed = Some("the message is no JSON".to_owned());
        return Ok(ParsedCallback { unprocessed, ..acknowledged(Vec::new(), None) });
    };
    // Only AWS's own topics have these members: an API destination's events have a source.
    if let Some((action, id)) = text(&message, "/action").zip(payload::parameter(verified, "MessageId")) {
        return Ok(legacy(action, &message, id, verified, context));
    }
    let Some(notice) = Notice::read(&message, context)? else {
        let parsed = acknowledged(Vec::new(), None);
        return Ok(if is_ignored(&message, context) { parsed } else { parsed.unknown("detail-type") });
    };
    let response = proof.responses.get(AGREEMENT);
    let agreement: Option<Json> = response.and_then(|response| strict_json::from_str(&response.body).ok());
    let status = agreement.as_ref().and_then(|agreement| text(agreement, "/status"));
    let mut parsed = notice.parse(verified, status)?;
    if verified.evidence() == Evidence::TransportOnly && response.is_some() {
        parsed.log = Some("nobody confirmed it: the access key may not ask".to_owned());
    }
    Ok(parsed)
}
