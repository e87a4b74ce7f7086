//! What a notification tells once Google's API has said what it is about.

use super::{
    super::{
        adapter::{AccountName, ParsedCallback, Unreadable, unreadable},
        event::{Event, EventKind, Evidence},
        google,
        vendor_api::{VendorResponse, VendorResponses},
    },
    About, Happened, SUBJECT, charge, ended, name,
    purchase::{Order, Purchase},
};
use crate::domain::values::time::Timestamp;

/// The response of that name.
fn response<'r>(responses: &'r VendorResponses, name: &str) -> Result<&'r VendorResponse, Unreadable> {
    responses.get(name).ok_or_else(|| unreadable("the API was not asked"))
}

/// What was given back of a voided purchase, as its order has it. One that does not show it yet makes the notification come
/// again.
pub fn voided(
    all: bool,
    about: &About,
    at: Timestamp,
    responses: &VendorResponses,
) -> Result<ParsedCallback, Unreadable> {
    let order: Order = json::read(&response(responses, SUBJECT)?.body)?;
    let charge = charge(about.order_id.as_deref().unwrap_or_default());
    let refunded = order.refunded(&charge, &name(&about.purchase_token), at)?;
    match refunded.filter(|_| !all || order.is_refunded()) {
        Some(refunded) => Ok(google::acknowledged(vec![refunded])),
        // It was never paid.
        None if order.is_canceled() => Ok(google::acknowledged(Vec::new())),
        None => Err(unreadable("the order does not show the refund")),
    }
}

/// Whose a purchase is, and by which other names it is known.
struct Owner {
    account: String,
    /// What the app set, which may be a click.
    own: Option<String>,
    names: Vec<AccountName>,
}

impl Owner {
    fn of(purchase: &Purchase, token: &str) -> Self {
        let (token, linked) = (name(token), purchase.linked().map(name));
        let own = purchase.account().map(str::to_owned);
        // A purchase may take the place of another user's of the app: what the app set stands over the chain.
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

/// What was paid for a purchase, and what of it is not shown.
fn charges(
    purchase: &Purchase,
    owner: &Owner,
    at: Timestamp,
    responses: &VendorResponses,
) -> Result<(Vec<Event>, Option<String>), Unreadable> {
    let (mut events, mut log) = (Vec::new(), None);
    for id in purchase.orders() {
        let event = |evidence| owner.event(EventKind::Charged, charge(id), evidence, purchase);
        let response = response(responses, &charge(id))?;
        if response.status != 200 {
            events.push(Event { occurred_at: Some(at), ..event(Evidence::TransportOnly) });
            log = Some("an order is not shown: the service account may not view financial data".to_owned());
            continue;
        }
        let order: Order = json::read(&response.body)?;
        if let Some((amount, currency, at)) = order.paid()? {
            events.push(Event {
                amount: Some(amount),
                currency: Some(currency),
                occurred_at: Some(at),
                ..event(Evidence::ApiPoll)
            });
        }
    }
    Ok((events, log))
}

/// What is told of a purchase as the API has it.
pub fn changed(
    happened: Happened,
    about: &About,
    at: Timestamp,
    responses: &VendorResponses,
) -> Result<ParsedCallback, Unreadable> {
    let purchase: Purchase = json::read(&response(responses, SUBJECT)?.body)?;
    let objection = if purchase.is_test() {
        Some("it is a test purchase")
    } else if !purchase.agrees(happened == Happened::Ended) {
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
    match happened {
        Happened::Changed(kind, _) => {
            // What takes the place of another purchase begins nothing.
            let replaces = kind == EventKind::Activated && purchase.linked().is_some();
            let kind = if replaces { EventKind::PlanChanged } else { kind };
            let transaction = format!("{}:{}:{}", kind.as_str(), name(&about.purchase_token), at.ms());
            events.push(event(kind, transaction));
        }
        Happened::Ended if !purchase.is_replaced() => {
            events.push(event(EventKind::Uninstalled, ended(about)));
        }
        _ => {}
    }
    let mut log = None;
    if happened.is_paid() {
        let (paid, not_shown) = charges(&purchase, &owner, at, responses)?;
        events.extend(paid);
        log = not_shown;
    }
    Ok(ParsedCallback { names: owner.names, log, ..google::acknowledged(events) })
}
