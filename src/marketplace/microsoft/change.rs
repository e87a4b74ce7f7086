//! What a message of the connection webhook reports.

use super::{
    super::event::{Event, EventKind, Evidence},
    fulfillment::{Subscription, is_guid, time},
};
use serde::Deserialize;

/// The fields of a webhook that are read. Microsoft reserves the right to send more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
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

/// Why a test purchase does not count.
pub const TEST_PURCHASE: &str = "it is a test purchase";

/// The statuses that the reference describes. Its examples write one of them in two ways.
const KNOWN_STATUSES: [&str; 6] = ["NotStarted", "InProgress", "Succeeded", "Success", "Failed", "Conflict"];

/// Whether an action is one that the reference describes.
fn is_known(action: &str) -> bool {
    let known = ["ChangePlan", "ChangeQuantity", "Reinstate", "Renew", "Subscribe", "Suspend", "Transfer"];
    known.contains(&action) || action == "Unsubscribe"
}

impl<'m> Change<'m> {
    /// Reads a message. `None` if it reports nothing; an error says why it does not count.
    pub fn of(message: &'m Message) -> Result<Option<Self>, &'static str> {
        let action = message.action.as_deref().unwrap_or_default();
        let status = message.status.as_deref().unwrap_or_default();
        let Some((kind, has_failed)) = meaning(action, status) else {
            return match (is_known(action), KNOWN_STATUSES.contains(&status)) {
                (true, true) => Ok(None),
                (true, false) => Err("its status is unknown"),
                (false, _) => Err("its action is unknown"),
            };
        };
        let id = |id: &Option<String>| {
            let id = id.as_deref().filter(|id| is_guid(id)).map(str::to_ascii_lowercase);
            id.ok_or("an id in it is not a GUID")
        };
        let known = message.subscription.as_ref();
        if known.is_some_and(Subscription::is_test) {
            return Err(TEST_PURCHASE);
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
    pub fn events(&self, is_by_state: bool, evidence: Evidence) -> Vec<Event> {
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
