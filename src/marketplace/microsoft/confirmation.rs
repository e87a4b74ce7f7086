//! Confirms what a webhook reports. Its body is not signed, so Microsoft's API is asked for the operation or, if it keeps
//! none, for the purchase.

use super::{
    super::{
        adapter::{Listing, VerifyError},
        event::EventKind,
        payload,
        signature::{Refusal, Verified},
        vendor_api::{VendorApi, VendorResponses},
    },
    change::Change,
    fulfillment::{self, Access, Found, NO_ACCESS, Operation, Subscription, found},
};

/// What proves an event of the webhook, whose body is not signed.
pub enum Confirmation {
    /// Microsoft confirms it.
    Confirmed(Verified<'static>),
    /// Nothing does. If that is unexpected, the operator's log says why.
    Unconfirmed(Option<&'static str>),
    /// Microsoft denies the event, for this reason.
    Denied(&'static str),
}

fn same(reported: &str, known: Option<&str>) -> bool {
    known.is_some_and(|known| known.eq_ignore_ascii_case(reported))
}

fn same_or_absent(reported: Option<&str>, known: Option<&str>) -> bool {
    known.is_none_or(|known| known.is_empty() || same(known, reported))
}

/// Compares an operation with the webhook. The operation may have progressed since.
fn by_operation(verified: Verified<'static>, change: &Change<'_>) -> Result<Confirmation, Refusal> {
    let operation: Operation = payload::read(&verified).map_err(|_| Refusal::Unanswered)?;
    let is_same = same(change.action, operation.action.as_deref())
        && same_or_absent(Some(&change.operation), operation.id.as_deref())
        && same_or_absent(Some(&change.account), operation.subscription_id.as_deref())
        && same_or_absent(change.wanted_plan, operation.plan_id.as_deref());
    if !is_same {
        return Ok(Confirmation::Denied("Microsoft knows its operation as another"));
    }
    let has_failed = matches!(operation.status.as_deref(), Some("Failed" | "Conflict"));
    Ok(match (has_failed, change.has_failed) {
        (true, false) => Confirmation::Denied("Microsoft says that its operation failed"),
        (false, true) => Confirmation::Denied("Microsoft does not say that its operation failed"),
        (true, true) | (false, false) => Confirmation::Confirmed(verified),
    })
}

/// Compares the state of a purchase with the webhook. The state does not prove a particular payment, so a renewal must
/// also be of the purchase's current term, and each term is charged once.
fn by_state(verified: Verified<'static>, change: &Change<'_>) -> Result<Confirmation, Refusal> {
    let known: Subscription = payload::read(&verified).map_err(|_| Refusal::Unanswered)?;
    if known.is_test() {
        return Ok(Confirmation::Denied("it is a test purchase"));
    }
    let status = match change.kind {
        EventKind::Suspended => "Suspended",
        EventKind::Uninstalled => "Unsubscribed",
        _ => "Subscribed",
    };
    let has_plan = !matches!(change.kind, EventKind::PlanChanged | EventKind::Charged | EventKind::Activated)
        || same_or_absent(change.plan, known.plan_id.as_deref());
    let is_term = change.kind != EventKind::Charged || (change.term.is_some() && change.term == known.term());
    let is_same = same(&change.account, known.id.as_deref());
    let agrees = known.status() == status && has_plan && is_term;
    Ok(match (is_same, agrees, change.pays()) {
        (true, true, _) => Confirmation::Confirmed(verified),
        // The payment may be real: the purchase may have changed since.
        (true, false, true) => Confirmation::Unconfirmed(Some("the purchase stands otherwise at Microsoft")),
        (true, false, false) => Confirmation::Denied("the purchase stands otherwise at Microsoft"),
        (false, _, _) => Confirmation::Denied("Microsoft answers with another purchase"),
    })
}

/// Names of responses.
const OPERATION: &str = "operation";
const SUBSCRIPTION: &str = "subscription";

/// Asks Microsoft about the operation of a webhook. Microsoft keeps no operation for events of which it only notifies;
/// then the purchase is asked for instead.
pub async fn ask(
    listing: &Listing,
    api: &dyn VendorApi,
    change: &Change<'_>,
) -> Result<VendorResponses, VerifyError> {
    let mut responses = VendorResponses::default();
    let Access::Granted(bearer) = Access::of(listing).sign_in(api).await? else { return Ok(responses) };
    let path = format!("{}/operations/{}", change.account, change.operation);
    let operation = api.send(&fulfillment::get(&bearer, &path)).await?;
    let is_unknown = matches!(found(&operation)?, Found::No);
    responses.insert(OPERATION, operation);
    if is_unknown {
        responses.insert(SUBSCRIPTION, api.send(&fulfillment::get(&bearer, &change.account)).await?);
    }
    Ok(responses)
}

/// Whether Microsoft keeps no operation, so that the state of the purchase decided.
pub fn is_by_state(responses: &VendorResponses) -> bool {
    responses.get(SUBSCRIPTION).is_some()
}

/// Judges a webhook by the responses to [`ask`].
pub fn judge(
    listing: &Listing,
    responses: &VendorResponses,
    change: &Change<'_>,
) -> Result<Confirmation, Refusal> {
    const NO_CONFIRMATION: Confirmation = Confirmation::Unconfirmed(Some(NO_ACCESS));
    if matches!(Access::of(listing), Access::NotConfigured) {
        return Ok(Confirmation::Unconfirmed(None));
    }
    let Some(operation) = responses.get(OPERATION) else { return Ok(NO_CONFIRMATION) };
    match found(operation)? {
        Found::Yes(verified) => return by_operation(verified, change),
        Found::Denied => return Ok(NO_CONFIRMATION),
        Found::No => {}
    }
    match responses.get(SUBSCRIPTION).map(found).transpose()? {
        Some(Found::Yes(verified)) => by_state(verified, change),
        Some(Found::Denied) | None => Ok(NO_CONFIRMATION),
        Some(Found::No) => Ok(Confirmation::Denied("Microsoft knows no such purchase")),
    }
}
