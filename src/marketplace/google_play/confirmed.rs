//! Parses notifications together with the purchase or the order that Google's API returned.

use super::{
    super::{
        adapter::{AccountName, ParsedCallback, Unreadable, unreadable},
        event::{Event, EventKind, Evidence},
        google,
        vendor_api::{VendorResponse, VendorResponses},
    },
    notification::{About, Change},
    purchase::{Order, Purchase, charge_name, end_name, purchase_name},
};
use crate::domain::values::time::Timestamp;

/// The name of the response about the purchase or the order that a notification names. The response about a paid order
/// has the name of its charge.
pub const SUBJECT: &str = "subject";

/// The response of that name.
fn response<'r>(responses: &'r VendorResponses, name: &str) -> Result<&'r VendorResponse, Unreadable> {
    responses.get(name).ok_or_else(|| unreadable("the API was not asked"))
}

/// The refund of a voided purchase, according to its order. If the order does not show the refund yet, the callback
/// fails, so that the notification is delivered again.
pub fn voided(
    all: bool,
    about: &About,
    at: Timestamp,
    responses: &VendorResponses,
) -> Result<ParsedCallback, Unreadable> {
    let order: Order = strict_json::from_str(&response(responses, SUBJECT)?.body)?;
    let charge = charge_name(about.order_id.as_deref().unwrap_or_default());
    let refunded = order.refunded(&charge, &purchase_name(&about.purchase_token), at)?;
    match refunded.filter(|_| !all || order.is_refunded()) {
        Some(refunded) => Ok(google::acknowledged(vec![refunded])),
        // The order was never paid.
        None if order.is_canceled() => Ok(google::acknowledged(Vec::new())),
        None => Err(unreadable("the order does not show the refund")),
    }
}

/// The account of a purchase, and its other names.
struct Owner {
    account: String,
    /// The id that the app set. It may be a click id.
    own: Option<String>,
    names: Vec<AccountName>,
}

impl Owner {
    fn of(purchase: &Purchase, token: &str) -> Self {
        let (token, linked) = (purchase_name(token), purchase.linked().map(purchase_name));
        let own = purchase.account().map(str::to_owned);
        // A purchase may replace one of another user of the app, so the app's id takes precedence over the chain of
        // tokens.
        let account = own.clone().or(linked).unwrap_or_else(|| token.clone());
        let alias = Some(token).filter(|token| *token != account);
        let name = |alias| AccountName { alias, account: account.clone() };
        let names = alias.map(name).into_iter().collect();
        Self { account, own, names }
    }

    fn event(&self, kind: EventKind, transaction: String, evidence: Evidence, purchase: &Purchase) -> Event {
        Event {
            plan: purchase.plan(),
            clicks: self.own.clone().into_iter().collect(),
            ..Event::new(kind, &self.account, transaction, evidence)
        }
    }
}

/// The charges of a purchase, and a log line if an order is not shown.
fn charges(
    purchase: &Purchase,
    owner: &Owner,
    at: Timestamp,
    responses: &VendorResponses,
) -> Result<(Vec<Event>, Option<String>), Unreadable> {
    let (mut events, mut log) = (Vec::new(), None);
    for id in purchase.orders() {
        let event = |evidence| owner.event(EventKind::Charged, charge_name(id), evidence, purchase);
        let response = response(responses, &charge_name(id))?;
        if response.status != 200 {
            events.push(Event { occurred_at: Some(at), ..event(Evidence::TransportOnly) });
            log = Some("an order is not shown: the service account may not view financial data".to_owned());
            continue;
        }
        let order: Order = strict_json::from_str(&response.body)?;
        if let Some((amount, currency, paid_at)) = order.paid()? {
            let charge = Event { occurred_at: Some(paid_at), ..event(Evidence::ApiPoll) };
            events.push(charge.with_amount(amount, currency));
            // An order that was refunded before its notification arrived earns nothing, whether or not another
            // notification reports the refund.
            events.extend(order.refunded(&charge_name(id), &owner.account, at)?);
        }
    }
    Ok((events, log))
}

/// The events of a purchase, according to the API.
pub fn changed(
    change: Change,
    about: &About,
    at: Timestamp,
    responses: &VendorResponses,
) -> Result<ParsedCallback, Unreadable> {
    let purchase: Purchase = strict_json::from_str(&response(responses, SUBJECT)?.body)?;
    let objection = if purchase.is_test() {
        Some("it is a test purchase")
    } else if !purchase.agrees(change == Change::Ended) {
        Some("the API does not agree with the notification")
    } else {
        None
    };
    if let Some(objection) = objection {
        return Ok(ParsedCallback { log: Some(objection.to_owned()), ..google::acknowledged(Vec::new()) });
    }
    let owner = Owner::of(&purchase, &about.purchase_token);
    let event = |kind, transaction| Event {
        occurred_at: Some(at),
        ..owner.event(kind, transaction, Evidence::ApiPoll, &purchase)
    };
    let mut events = Vec::new();
    match change {
        Change::Changed(kind, _) => {
            // A purchase that replaces another is not an activation.
            let replaces = kind == EventKind::Activated && purchase.linked().is_some();
            let kind = if replaces { EventKind::PlanChanged } else { kind };
            let transaction =
                format!("{}:{}:{}", kind.as_str(), purchase_name(&about.purchase_token), at.ms());
            events.push(event(kind, transaction));
        }
        Change::Ended if !purchase.is_replaced() => {
            events.push(event(EventKind::Uninstalled, end_name(&about.purchase_token)));
        }
        _ => {}
    }
    let mut log = None;
    if change.is_paid() {
        let (paid, not_shown) = charges(&purchase, &owner, at, responses)?;
        events.extend(paid);
        log = not_shown;
    }
    Ok(ParsedCallback { names: owner.names, log, ..google::acknowledged(events) })
}
