//! What AWS tells of agreements and licences: EventBridge's events, over SNS or from an API destination, and the messages of
//! AWS's own SNS topics, which are older.
//!
//! Who made the offer and who made the product each get a copy of a change, so an operator who is both gets two; they come
//! to the same. A buyer's copies are about what the operator buys, and are passed over.
//!
//! Sources: AWS Marketplace seller guide, "Amazon EventBridge events", "Amazon SNS notifications for SaaS products".

use super::{
    super::{
        adapter::{
            AccountName, CallbackContext, CallbackResponse, ParsedCallback, Reply, Unreadable, unreadable,
        },
        event::{Event, EventKind, Evidence},
        signature::{Verified, platforms::AGREEMENT_SOURCE},
    },
    api::text,
    registration::license,
};
use crate::domain::values::time::Timestamp;
use serde_json::Value as Json;

/// What became of an agreement or of the licence under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Created,
    Amended,
    Ended,
    LicenseUpdated,
    LicenseDeprovisioned,
}

/// A change of an agreement, as a message tells it.
pub struct Notice<'m> {
    /// What happened.
    pub change: Change,
    /// The agreement's id.
    pub agreement: &'m str,
    /// The customer's AWS account.
    pub acceptor: &'m str,
    message: &'m Json,
}

impl Change {
    /// By the type of a message, which also says whose copy it is.
    fn of(detail_type: &str) -> Option<Self> {
        let (change, role) = detail_type.rsplit_once(" - ")?;
        if !matches!(role, "Proposer" | "Manufacturer") {
            return None;
        }
        match change {
            "Purchase Agreement Created" => Some(Self::Created),
            "Purchase Agreement Amended" => Some(Self::Amended),
            "Purchase Agreement Ended" => Some(Self::Ended),
            "License Updated" => Some(Self::LicenseUpdated),
            "License Deprovisioned" => Some(Self::LicenseDeprovisioned),
            _ => None,
        }
    }

    /// Whether it is the end of something.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Ended | Self::LicenseDeprovisioned)
    }

    /// Whether its messages name the product. Those of agreements do not.
    pub fn names_product(self) -> bool {
        matches!(self, Self::LicenseUpdated | Self::LicenseDeprovisioned)
    }
}

/// Whether an agreement of this status is over for the customer; nothing for a status that nobody has documented.
fn is_over(status: &str) -> Option<bool> {
    match status {
        "CANCELLED" | "EXPIRED" | "TERMINATED" | "ROLLED_BACK" | "ARCHIVED" => Some(true),
        // Another agreement goes on in its place.
        "RENEWED" | "REPLACED" | "SUPERSEDED" | "ACTIVE" => Some(false),
        _ => None,
    }
}

impl<'m> Notice<'m> {
    /// Reads an event; nothing for one that is none of our business.
    pub fn read(message: &'m Json, context: &CallbackContext<'_>) -> Result<Option<Self>, Unreadable> {
        let said = |pointer| text(message, pointer);
        let seller = context.listing.setting("account_id");
        if said("/source") != Some(AGREEMENT_SOURCE) || seller.is_some_and(|id| said("/account") != Some(id))
        {
            return Ok(None);
        }
        let Some(change) = said("/detail-type").and_then(Change::of) else { return Ok(None) };
        let product = context.listing.setting("product_code");
        if change.names_product() && said("/detail/product/code") != product {
            return Ok(None);
        }
        let required = |pointer| said(pointer).ok_or_else(|| unreadable(format!("{pointer} is missing")));
        let (agreement, acceptor) =
            (required("/detail/agreement/id")?, required("/detail/acceptor/accountId")?);
        Ok(Some(Self { change, agreement, acceptor, message }))
    }

    fn said(&self, pointer: &str) -> Option<&'m str> {
        text(self.message, pointer)
    }

    /// What it means for the customer. `status` is the agreement's as the API tells it, if it was asked. A signed message
    /// is believed what it says of its own day; of an unsigned one nothing but what the API confirms.
    fn kind(&self, evidence: Evidence, status: Option<&str>) -> Result<Option<EventKind>, Unreadable> {
        Ok(match self.change {
            Change::Created if self.said("/detail/agreement/intent") == Some("REPLACE") => {
                Some(EventKind::PlanChanged)
            }
            Change::Created | Change::LicenseUpdated => Some(EventKind::Activated),
            Change::Amended => Some(EventKind::PlanChanged),
            Change::Ended => {
                let told = self.said("/detail/agreement/status");
                let status = if evidence == Evidence::Signed { told } else { status.or(told) };
                let is_over = status.and_then(is_over);
                let is_over = is_over.ok_or_else(|| unreadable("/detail/agreement/status is unknown"))?;
                is_over.then_some(EventKind::Uninstalled)
            }
            // An hour after the end, when all usage must have been reported; and of what was replaced, too.
            Change::LicenseDeprovisioned => {
                let goes_on = matches!(status, Some("RENEWED" | "REPLACED" | "SUPERSEDED"));
                (!goes_on).then_some(EventKind::Uninstalled)
            }
        })
    }

    /// What it tells.
    pub fn parse(&self, verified: &Verified<'_>, status: Option<&str>) -> Result<ParsedCallback, Unreadable> {
        let evidence = verified.evidence();
        let at = self.said("/time").and_then(Timestamp::parse);
        let at = at.ok_or_else(|| unreadable("/time is not of RFC 3339"))?;
        let event = |kind: EventKind| {
            // The end of the agreement and that of the licence under it are one.
            let what = if kind == EventKind::Uninstalled { "ended" } else { "agreement" };
            Event {
                occurred_at: Some(at),
                plan: self
                    .said("/detail/offer/id")
                    .filter(|_| !self.change.names_product())
                    .map(str::to_owned),
                ..Event::new(kind, self.acceptor, format!("{what}:{}", self.agreement), evidence)
            }
        };
        let events = self.kind(evidence, status)?.map(event).into_iter().collect();
        let others = [Some(self.agreement), self.said("/detail/license/arn").and_then(license)];
        let name = |alias: &str| AccountName { alias: alias.to_owned(), account: self.acceptor.to_owned() };
        let names = others.into_iter().flatten().map(name).collect();
        Ok(ParsedCallback { names, ..acknowledged(events, None) })
    }
}

/// A message is answered with an empty 200, whatever it told.
pub fn acknowledged(events: Vec<Event>, log: Option<&str>) -> ParsedCallback {
    ParsedCallback {
        log: log.map(str::to_owned),
        ..ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200)))
    }
}

/// What a message of AWS's own topics tells. It names the customer by an identifier of its own, which the registration
/// leads to the account.
pub fn legacy(
    action: &str,
    message: &Json,
    id: &str,
    verified: &Verified<'_>,
    context: &CallbackContext<'_>,
) -> ParsedCallback {
    let kind = match action {
        "subscribe-success" => Some(EventKind::Activated),
        "unsubscribe-success" => Some(EventKind::Uninstalled),
        "entitlement-updated" => Some(EventKind::PlanChanged),
        // No subscription came about, or it goes on for an hour.
        _ => None,
    };
    let ours = text(message, "/product-code") == context.listing.setting("product_code");
    let customer = text(message, "/customer-identifier").map(str::trim);
    let event = |(kind, customer)| Event {
        plan: text(message, "/offer-identifier").map(str::to_owned),
        occurred_at: verified.signed_at(),
        ..Event::new(kind, customer, format!("{action}:{id}"), verified.evidence())
    };
    acknowledged(kind.filter(|_| ours).zip(customer).map(event).into_iter().collect(), None)
}
