//! Messages about agreements and licences: EventBridge events, over SNS or from an API destination, and messages of
//! AWS's own, older SNS topics.
//!
//! The maker of the offer and the maker of the product each get a copy of a change. An operator who is both gets two,
//! which produce the same events. A buyer's copies are about the operator's own purchases and are ignored.
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

/// A change of an agreement or of its licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Created,
    Amended,
    Ended,
    LicenseUpdated,
    LicenseDeprovisioned,
}

/// A message about a change of an agreement.
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
    /// Reads the type of a message, which also says whose copy it is.
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

    /// Whether something ends.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Ended | Self::LicenseDeprovisioned)
    }

    /// Whether its messages name the product. Messages about agreements do not.
    pub fn names_product(self) -> bool {
        matches!(self, Self::LicenseUpdated | Self::LicenseDeprovisioned)
    }
}

/// Whether a message that is not a [`Notice`] does not concern us: it is about another product, a purchase of the operator's
/// own, or another service than the marketplace.
pub fn is_ignored(message: &Json, context: &CallbackContext<'_>) -> bool {
    let seller = context.listing.setting("account_id");
    if seller.is_some() && text(message, "/account").is_some_and(|account| seller != Some(account)) {
        return true;
    }
    match (text(message, "/source"), text(message, "/detail-type")) {
        (Some(AGREEMENT_SOURCE), Some(kind)) => {
            kind.ends_with(" - Acceptor") || kind.starts_with(REQUEST) || Change::of(kind).is_some()
        }
        (Some(source), _) => !source.contains("marketplace") || source == CATALOG_SOURCE,
        (None, _) => false,
    }
}

/// The beginning of the types that announce an end, which another message reports.
const REQUEST: &str = "Agreement Cancellation Request ";
/// Changes of the operator's own products and offers.
const CATALOG_SOURCE: &str = "aws.marketplacecatalog";

/// Whether an agreement with this status is over for the customer; `None` for an undocumented status.
fn is_over(status: &str) -> Option<bool> {
    match status {
        "CANCELLED" | "EXPIRED" | "TERMINATED" | "ROLLED_BACK" | "ARCHIVED" => Some(true),
        // Another agreement replaces it.
        "RENEWED" | "REPLACED" | "SUPERSEDED" | "ACTIVE" => Some(false),
        _ => None,
    }
}

impl<'m> Notice<'m> {
    /// Reads an event; `None` if it does not concern us.
    pub fn read(message: &'m Json, context: &CallbackContext<'_>) -> Result<Option<Self>, Unreadable> {
        let field = |pointer| text(message, pointer);
        let seller = context.listing.setting("account_id");
        if field("/source") != Some(AGREEMENT_SOURCE)
            || seller.is_some_and(|id| field("/account") != Some(id))
        {
            return Ok(None);
        }
        let Some(change) = field("/detail-type").and_then(Change::of) else { return Ok(None) };
        let product = context.listing.setting("product_code");
        if change.names_product() && field("/detail/product/code") != product {
            return Ok(None);
        }
        let required = |pointer| field(pointer).ok_or_else(|| unreadable(format!("{pointer} is missing")));
        let (agreement, acceptor) =
            (required("/detail/agreement/id")?, required("/detail/acceptor/accountId")?);
        Ok(Some(Self { change, agreement, acceptor, message }))
    }

    fn text(&self, pointer: &str) -> Option<&'m str> {
        text(self.message, pointer)
    }

    /// The kind of event for the customer. `status` is the agreement's status in the API, if it was asked. A signed
    /// message is trusted about its own time; an unsigned one only if the API confirms it.
    fn kind(&self, evidence: Evidence, status: Option<&str>) -> Result<Option<EventKind>, Unreadable> {
        Ok(match self.change {
            Change::Created if self.text("/detail/agreement/intent") == Some("REPLACE") => {
                Some(EventKind::PlanChanged)
            }
            Change::Created | Change::LicenseUpdated => Some(EventKind::Activated),
            Change::Amended => Some(EventKind::PlanChanged),
            Change::Ended => {
                let reported = self.text("/detail/agreement/status");
                let status = if evidence == Evidence::Signed { reported } else { status.or(reported) };
                let is_over = status.and_then(is_over);
                let is_over = is_over.ok_or_else(|| unreadable("/detail/agreement/status is unknown"))?;
                is_over.then_some(EventKind::Uninstalled)
            }
            // Sent an hour after the end, when all usage has been reported; for a replaced agreement too.
            Change::LicenseDeprovisioned => {
                let goes_on = matches!(status, Some("RENEWED" | "REPLACED" | "SUPERSEDED"));
                (!goes_on).then_some(EventKind::Uninstalled)
            }
        })
    }

    /// Its events.
    pub fn parse(&self, verified: &Verified<'_>, status: Option<&str>) -> Result<ParsedCallback, Unreadable> {
        let evidence = verified.evidence();
        let at = self.text("/time").and_then(Timestamp::parse);
        let at = at.ok_or_else(|| unreadable("/time is not of RFC 3339"))?;
        let event = |kind: EventKind| {
            // The end of the agreement and the end of its licence are one event.
            let what = if kind == EventKind::Uninstalled { "ended" } else { "agreement" };
            Event {
                occurred_at: Some(at),
                plan: self
                    .text("/detail/offer/id")
                    .filter(|_| !self.change.names_product())
                    .map(str::to_owned),
                ..Event::new(kind, self.acceptor, format!("{what}:{}", self.agreement), evidence)
            }
        };
        let events = self.kind(evidence, status)?.map(event).into_iter().collect();
        let others = [Some(self.agreement), self.text("/detail/license/arn").and_then(license)];
        let name = |alias: &str| AccountName { alias: alias.to_owned(), account: self.acceptor.to_owned() };
        let names = others.into_iter().flatten().map(name).collect();
        Ok(ParsedCallback { names, ..acknowledged(events, None) })
    }
}

/// Answers a message with an empty 200, whatever its events are.
pub fn acknowledged(events: Vec<Event>, log: Option<&str>) -> ParsedCallback {
    ParsedCallback {
        log: log.map(str::to_owned),
        ..ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200)))
    }
}

/// Parses a message of AWS's own topics. It names the customer by an older identifier, which the registration joins
/// with the account.
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
        // The subscription failed, or it will end in an hour.
        "subscribe-fail" | "unsubscribe-pending" => None,
        _ => return acknowledged(Vec::new(), None).unknown("action"),
    };
    let ours = text(message, "/product-code") == context.listing.setting("product_code");
    let customer = text(message, "/customer-identifier").map(str::trim);
    if ours && kind.is_some() && customer.is_none() {
        let unprocessed = Some("/customer-identifier is missing".to_owned());
        return ParsedCallback { unprocessed, ..acknowledged(Vec::new(), None) };
    }
    let event = |(kind, customer)| Event {
        plan: text(message, "/offer-identifier").map(str::to_owned),
        occurred_at: verified.signed_at(),
        ..Event::new(kind, customer, format!("{action}:{id}"), verified.evidence())
    };
    acknowledged(kind.filter(|_| ours).zip(customer).map(event).into_iter().collect(), None)
}
