//! The connection webhook. A token authenticates the caller, but the body is not signed: whoever sees a token can send
//! another body with it for an hour. Therefore Microsoft's API is asked, if the operator has configured access.
//!
//! Microsoft treats a 4xx response to a change of plans as a veto, so an authentic webhook is never answered with one.

use super::{
    super::{
        adapter::{
            CallbackContext, CallbackResponse, ParsedCallback, Proof, Reply, Unreadable, Verification,
            VerifyError, unreadable,
        },
        payload,
        signature::{Expected, TokenScheme},
        vendor_api::VendorApi,
    },
    change::{Change, Message, TEST_PURCHASE},
    confirmation::{self, Confirmation},
};

/// Verifies the caller, and asks Microsoft to confirm what the webhook reports.
pub async fn verify<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let listing = context.listing;
    let audiences = [listing.texts("audiences"), listing.texts("client_id")];
    let audiences = audiences.into_iter().find(|texts| !texts.is_empty()).unwrap_or_default();
    let tenant_id = listing.setting("tenant_id").map(str::to_owned);
    let expected = Expected { audiences, tenant_id, ..Expected::default() };
    let verified = context.verify_token(api, TokenScheme::EntraBearer, &expected).await?;
    // `parse` reports a message that cannot be read.
    let Ok(message) = payload::read::<Message>(&verified) else { return Ok(verified.into()) };
    let Ok(Some(change)) = Change::of(&message) else { return Ok(verified.into()) };
    let responses = confirmation::ask(listing, api, &change).await?;
    let verified = match confirmation::judge(listing, &responses, &change)? {
        Confirmation::Confirmed(by) => verified.confirmed_by(&by),
        Confirmation::Unconfirmed(_) | Confirmation::Denied(_) => verified,
    };
    Ok(Verification::with_responses(verified, responses))
}

/// Parses a verified webhook.
pub fn parse(proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let message: Message = payload::read(&proof.verified)?;
    let parsed = |events, why: Option<&str>| ParsedCallback {
        log: why.map(str::to_owned),
        ..ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200)))
    };
    let change = match Change::of(&message) {
        Ok(Some(change)) => change,
        Ok(None) => return Ok(parsed(Vec::new(), None)),
        Err(TEST_PURCHASE) => return Ok(parsed(Vec::new(), Some(TEST_PURCHASE))),
        Err(why) => return Err(unreadable(why)),
    };
    let confirmation = confirmation::judge(context.listing, &proof.responses, &change)
        .map_err(|refusal| unreadable(refusal.to_string()))?;
    let why = match confirmation {
        Confirmation::Confirmed(_) => None,
        Confirmation::Unconfirmed(why) => why,
        Confirmation::Denied(why) => return Ok(parsed(Vec::new(), Some(why))),
    };
    let is_by_state = confirmation::is_by_state(&proof.responses);
    Ok(parsed(change.events(is_by_state, proof.verified.evidence()), why))
}
