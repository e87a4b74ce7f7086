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
        event::{Event, EventKind, Evidence},
        payload,
        signature::{Expected, TokenScheme},
        vendor_api::VendorApi,
    },
    fulfillment::{self, Confirmation, Subscription, is_guid, time},
};
use serde::Deserialize;

/// The fields of a webhook that are read. Microsoft reserves the right to send more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: Option<String>,
    subscription_id: Option<String>,
    plan_id: Option<String>,
    action: Option<String>,
    status: Option<String>,
    time_stamp: Option<String>,
    subscription: Option<Subscription>,
}

/// What a message reports. It is not proven.
pub struct Change<'m> {
    /// Microsoft's name of the action.
    pub action: &'m str,
    /// The kind of event.
    pub kind: EventKind,
    /// Whether the change failed.
    pub has_failed: bool,
    /// The operation.
    pub operation: String,
    /// The purchase.
    pub account: String,
    /// The plan that the operation is about.
    pub wanted_plan: Option<&'m str>,
    /// The plan from then on.
    pub plan: Option<&'m str>,
    /// The start of the current term.
    pub term: Option<&'m str>,
    is_free_trial: bool,
    time_stamp: Option<&'m str>,
}

/// The kind of event that an action is, and whether the action failed. A change of plan or seats counts while the
/// operation is in progress: Microsoft accepts it by itself after ten seconds and may report nothing more. Other
/// actions count once they succeed. `None` for actions that do not concern us.
fn meaning(action: &str, status: &str) -> Option<(EventKind, bool)> {
    let has_succeeded = matches!(status, "Succeeded" | "Success");
    let goes_on = has_succeeded || status == "InProgress";
    let has_failed = matches!(status, "Failed" | "Conflict");
    Some(match action {
        "ChangePlan" if goes_on || has_failed => (EventKind::PlanChanged, has_failed),
        "ChangeQuantity" if goes_on => (EventKind::PlanChanged, false),
        "Reinstate" if goes_on => (EventKind::Reinstated, false),
        "Subscribe" if has_succeeded => (EventKind::Activated, false),
        "Renew" if has_succeeded => (EventKind::Charged, false),
        "Suspend" if has_succeeded => (EventKind::Suspended, false),
        "Unsubscribe" if has_succeeded => (EventKind::Uninstalled, false),
        _ => return None,
    })
}

impl<'m> Change<'m> {
    /// Reads a message. `None` if it reports nothing; an error says why it does not count.
    fn of(message: &'m Message) -> Result<Option<Self>, &'static str> {
        let action = message.action.as_deref().unwrap_or_default();
        let Some((kind, has_failed)) = meaning(action, message.status.as_deref().unwrap_or_default()) else {
            return Ok(None);
        };
        let id = |id: &Option<String>| {
            let id = id.as_deref().filter(|id| is_guid(id)).map(str::to_ascii_lowercase);
            id.ok_or("an id in it is not a GUID")
        };
        let known = message.subscription.as_ref();
        if known.is_some_and(Subscription::is_test) {
            return Err("it is a test purchase");
        }
        let wanted_plan = message.plan_id.as_deref().filter(|plan| !plan.is_empty());
        let kept_plan = known.and_then(|known| known.plan_id.as_deref());
        Ok(Some(Self {
            action,
            kind,
            has_failed,
            operation: id(&message.id)?,
            account: id(&message.subscription_id)?,
            wanted_plan,
            plan: if has_failed { kept_plan } else { wanted_plan },
            term: known.and_then(Subscription::term),
            is_free_trial: known.is_some_and(Subscription::is_free_trial),
            time_stamp: message.time_stamp.as_deref(),
        }))
    }

    /// Whether it is a payment: the activation pays for the first term, and each renewal for another.
    pub fn pays(&self) -> bool {
        matches!(self.kind, EventKind::Activated | EventKind::Charged) && !self.is_free_trial
    }

    fn event(&self, kind: EventKind, transaction: String, evidence: Evidence) -> Event {
        Event {
            plan: self.plan.map(str::to_owned),
            occurred_at: time(self.time_stamp),
            ..Event::new(kind, &self.account, transaction, evidence)
        }
    }

    /// Its events. Events that can happen once are keyed by the purchase, so that another operation cannot repeat them.
    /// A renewal is keyed by its operation, or by its term if the state of the purchase confirmed it.
    fn events(&self, is_by_state: bool, evidence: Evidence) -> Vec<Event> {
        let account = &self.account;
        match (self.kind, self.term) {
            (EventKind::Activated, _) => {
                let activated = self.event(self.kind, format!("activate:{account}"), evidence);
                let first = self.event(EventKind::Charged, format!("subscribe:{account}"), evidence);
                if self.pays() { vec![activated, first] } else { vec![activated] }
            }
            (EventKind::Charged, _) if !self.pays() => Vec::new(),
            (EventKind::Charged, Some(term)) if is_by_state => {
                vec![self.event(self.kind, format!("renew:{account}:{term}"), evidence)]
            }
            (EventKind::Uninstalled, _) => {
                vec![self.event(self.kind, format!("unsubscribe:{account}"), evidence)]
            }
            (kind, _) => vec![self.event(kind, format!("operation:{}", self.operation), evidence)],
        }
    }
}

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
    let responses = fulfillment::ask(listing, api, &change).await?;
    let verified = match fulfillment::confirmation(listing, &responses, &change)? {
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
        Err(why) => return Ok(parsed(Vec::new(), Some(why))),
    };
    let confirmation = fulfillment::confirmation(context.listing, &proof.responses, &change)
        .map_err(|refusal| unreadable(refusal.to_string()))?;
    let why = match confirmation {
        Confirmation::Confirmed(_) => None,
        Confirmation::Unconfirmed(why) => why,
        Confirmation::Denied(why) => return Ok(parsed(Vec::new(), Some(why))),
    };
    let is_by_state = fulfillment::is_by_state(&proof.responses);
    Ok(parsed(change.events(is_by_state, proof.verified.evidence()), why))
}
