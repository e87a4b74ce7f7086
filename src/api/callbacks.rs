//! What marketplaces tell becomes conversions, through the same door as the API's: a redelivery changes nothing, and
//! the order in which things arrive changes nothing in the end. Events are joined by the marketplace's account id,
//! which is the customer; a click that comes to light late credits what nobody has earned so far.

mod accounts;
mod kept;
mod refunds;

use super::{
    Caller, Environment, call::Call, conversions, http::Request, listings, plans, problem::Problem,
    trails::TrailWish, views::view,
};
use crate::{
    domain::{
        attribution::CLOCK_SKEW_MS,
        clicks::{click::ClickId, trail::Trail},
        conversions::{ConversionType, HeldReason},
        event::EventType,
        programme::listing::Listing,
        values::{
            digest::sha256_hex,
            entropy::Entropy,
            id::ListingId,
            string_enum::Metadata,
            time::{DAY_MS, Timestamp},
        },
    },
    marketplace::{
        event::{Event, EventKind, Evidence},
        receive::{BROWSER_HANDOFF_MS, Report, Token},
    },
    store::{
        SqlError,
        callbacks::{self, BrowserHandoff},
        conversions::{self as rows, Conversion},
        log::change::Change,
        programme::listings as listing_rows,
        transaction,
        value::json_text,
    },
};
use serde::Serialize;
use std::cell::{Cell, RefCell};

view! {
    /// A click that was bound to a customer after the fact.
    pub struct BoundView {
        /// The customer.
        customer_id: String,
        /// The click.
        click_id: String,
    }
}

/// A listing as the callback handler needs it (marketplace/adapter.rs), with its secrets opened.
#[derive(Serialize)]
struct OpenedListing<'a> {
    id: &'a ListingId,
    no: u16,
    marketplace: &'static str,
    settings: serde_json::Value,
    secrets: serde_json::Map<String, serde_json::Value>,
    forward_to: Option<&'a str>,
}

fn call<'a>(environment: &'a Environment<'a>, entropy: &'a mut dyn Entropy) -> Call<'a> {
    Call {
        sql: environment.sql,
        config: environment.config,
        zones: environment.zones,
        now: environment.now,
        entropy: RefCell::new(entropy),
        request: Request {
            method: "POST",
            path: "/callbacks",
            query: "",
            authorization: None,
            idempotency_key: None,
            if_none_match: None,
            body: &[],
            base_url: "",
        },
        caller: Caller { id: "callbacks".to_owned(), scopes: Vec::new(), partner: None },
        params: Vec::new(),
        snapshot_touched: Cell::new(false),
        trails: environment.trails,
        trail_wish: RefCell::new(None),
    }
}

/// The listing with this id, for the callback handler: JSON.
pub fn listing(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    id: &str,
) -> Result<Option<String>, Problem> {
    let call = call(environment, entropy);
    let found = ListingId::parse(id).map(|id| listing_rows::by_id(call.sql, &id)).transpose()?.flatten();
    let Some(listing) = found else { return Ok(None) };
    let opened = OpenedListing {
        id: &listing.id,
        no: listing.no,
        marketplace: listing.marketplace.as_str(),
        settings: strict_json::from_str(&listing.settings)
            .map_err(|error| SqlError::Engine(error.to_string()))?,
        secrets: listings::open_secrets(&call, &listing)?,
        forward_to: listing.forward_to.as_deref(),
    };
    Ok(Some(json_text(&opened)?))
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// All of it is written.
    Written,
    /// Its token does not count any more: nothing is written.
    Replayed,
    /// Everything is written. The framed account has completed its handoff before.
    #[serde(rename = "known")]
    HandoffCompleted,
    /// What was kept under the code that it asks for; nothing if that is unknown or too old.
    HandedOver(Option<String>),
    /// Nothing is written: it is to be handed in again with this trail.
    TrailWished(TrailWish),
}

/// Writes what a callback told, all or nothing.
pub fn report(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    report: &Report,
) -> Result<Reported, Problem> {
    let call = call(environment, entropy);
    let reported = transaction(call.sql, || write(&call, report));
    call.trail_wish.take().map_or(reported, |wish| Ok(Reported::TrailWished(wish)))
}

fn write(call: &Call<'_>, report: &Report) -> Result<Reported, Problem> {
    if let Some(token) = &report.single_use
        && !counts(call, token)?
    {
        return Ok(Reported::Replayed);
    }
    let listing = listing_rows::by_no(call.sql, report.listing_no)?;
    let listing = listing.ok_or(SqlError::Shape { column: 0, expected: "a listing that exists" })?;
    for name in &report.names {
        accounts::learn(call, &listing, name)?;
    }
    let mut events = report.events.clone();
    // What a message tells of accounts first: it may price what it tells of charges.
    for event in &mut events {
        event.account = accounts::resolved(call, &listing, event.alias.as_deref(), &event.account)?;
        if !moves_money(event.kind) {
            accounts::tell(call, &listing, event)?;
        }
    }
    for event in &events {
        apply(call, &listing, event)?;
    }
    if let Some(response) = &report.store_token_response {
        kept::keep(call, &listing, response)?;
    }
    if let Some(handoff) = &report.browser_handoff {
        let account = accounts::resolved(call, &listing, None, &handoff.account)?;
        if handoff.in_frame && callbacks::is_handoff_completed(call.sql, listing.no, &account)? {
            return Ok(Reported::HandoffCompleted);
        }
        let row = BrowserHandoff { listing_no: listing.no, account, location: handoff.location.clone() };
        let expires_at = call.now.plus_ms(BROWSER_HANDOFF_MS);
        callbacks::put_browser_handoff(call.sql, &handoff.id_hash, &row, expires_at, call.now)?;
    }
    match &report.requested_code_hash {
        Some(code_hash) => Ok(Reported::HandedOver(kept::hand_over(call, &listing, code_hash)?)),
        None => Ok(Reported::Written),
    }
}

/// Whether a token counts: it is new, or it came to this very place first and counts there again.
fn counts(call: &Call<'_>, token: &Token) -> Result<bool, SqlError> {
    let is_new = callbacks::use_up(call.sql, &token.key, token.keep_until, call.now)?;
    let Some(place) = &token.again_at else { return Ok(is_new) };
    let here = format!("{}@{place}", token.key);
    if is_new {
        callbacks::use_up(call.sql, &here, token.keep_until, call.now)
    } else {
        callbacks::is_used_up(call.sql, &here)
    }
}

/// A browser comes back with its cookies: binds its clicks to the account, and says where it goes on to. `None` if the
/// id is none of ours, too old, or was used before.
pub fn resume(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    id: &str,
    cookies: &str,
) -> Result<Option<String>, Problem> {
    let call = call(environment, entropy);
    transaction(call.sql, || {
        let id_hash = sha256_hex(id.as_bytes());
        let Some(handoff) = callbacks::take_browser_handoff(call.sql, &id_hash, call.now)? else {
            return Ok(None);
        };
        if let Some(listing) = listing_rows::by_no(call.sql, handoff.listing_no)? {
            callbacks::complete_handoff(call.sql, listing.no, &handoff.account)?;
            let customer = customer_id(&listing, &handoff.account);
            let trail = Trail::read(cookies, &call.config.ring).joined();
            let clicks: Vec<_> = trail.split('.').map(str::to_owned).collect();
            if let Some(click_id) = clicks.last().filter(|id| !id.is_empty()) {
                bind(&call, &customer, click_id, &clicks)?;
            }
        }
        Ok(Some(handoff.location))
    })
}

/// A text that fits where conversions keep ids: as it is, or its hash.
fn fitting(text: String) -> String {
    if text.chars().count() <= 255 { text } else { sha256_hex(text.as_bytes()) }
}

/// The account as conversions name it.
fn customer_id(listing: &Listing, account: &str) -> String {
    fitting(format!("{}:{account}", listing.marketplace.as_str()))
}

fn external_id(listing: &Listing, transaction: &str) -> String {
    fitting(format!("{}/{transaction}", listing.id))
}

fn moves_money(kind: EventKind) -> bool {
    matches!(kind, EventKind::Charged | EventKind::Refunded)
}

fn apply(call: &Call<'_>, listing: &Listing, event: &Event) -> Result<(), Problem> {
    // Whoever reads an address in a log can send the like.
    if event.evidence == Evidence::UnsignedBound && (event.amount.is_some() || moves_money(event.kind)) {
        return Err(SqlError::Engine("no money moves on what nobody signed".to_owned()).into());
    }
    match event.kind {
        EventKind::Charged => convert(call, listing, event, ConversionType::Sale),
        EventKind::Refunded => refunds::tell(call, listing, event),
        EventKind::Installed => convert(call, listing, event, ConversionType::Install),
        EventKind::Uninstalled => convert(call, listing, event, ConversionType::Uninstall),
        EventKind::Activated | EventKind::PlanChanged | EventKind::Suspended | EventKind::Reinstated => {
            Ok(())
        }
    }
}

/// When it happened; a vendor's clock that is far ahead is not believed.
fn occurred_at(call: &Call<'_>, event: &Event) -> Timestamp {
    event.occurred_at.filter(|at| *at <= call.now.plus_ms(DAY_MS)).unwrap_or(call.now)
}

/// The newest click of ours that came with an event.
fn click(call: &Call<'_>, event: &Event) -> Option<String> {
    let ours = |id: &&String| ClickId::verify(id, &call.config.ring).is_some();
    event.clicks.iter().rev().find(ours).cloned()
}

fn convert(call: &Call<'_>, listing: &Listing, event: &Event, kind: ConversionType) -> Result<(), Problem> {
    let (external_id, customer) =
        (external_id(listing, &event.transaction), customer_id(listing, &event.account));
    let click_id = click(call, event);
    if let Some(known) = rows::by_key(call.sql, kind, &external_id)? {
        // A redelivery; but what stands behind it may be better, and the click may be new.
        confirm(call, listing, event, &customer, known)?;
        return click_id.map_or(Ok(()), |click_id| bind(call, &customer, &click_id, &event.clicks));
    }
    let priced = priced(call, listing, event)?;
    let metadata = [
        ("marketplace", Some(listing.marketplace.as_str())),
        ("evidence", Some(event.evidence.as_str())),
        ("plan", priced.plan.as_deref()),
        ("price", priced.price.as_ref().map(|_| "plan")),
    ];
    let mut told_of = Metadata::new();
    for (name, value) in metadata {
        value.and_then(|value| told_of.insert(name.to_owned(), value.to_owned()));
    }
    let told = conversions::Told {
        kind,
        external_id: external_id.clone(),
        click_id,
        clicks: &event.clicks,
        customer_id: customer.clone(),
        coupon: event.coupon.clone(),
        amount: event.amount.zip(event.currency.clone()).or(priced.price),
        occurred_at: occurred_at(call, event),
        listing,
        metadata: told_of,
        held_reason: (event.evidence == Evidence::TransportOnly).then_some(HeldReason::TransportOnly),
    };
    let is_earned = conversions::accept_told(call, told)?;
    for waiting in callbacks::waiting(call.sql, &external_id)? {
        refunds::take_back(call, &external_id, &waiting.external_id, waiting.amount)?;
    }
    // Its click may be new, or have come to light by the API since the last charge.
    if is_earned { conversions::credit_unearned(call, &customer) } else { Ok(()) }
}

/// What a charge costs by its listing's table of plans.
struct Priced {
    /// The plan that the event names, or that made the price.
    plan: Option<String>,
    /// Minor units and currency; nothing if the vendor told an amount, or if the table does not say.
    price: Option<(i64, String)>,
}

/// Prices a charge whose amount the vendor does not tell: by the plan that it names, else by the plan that its account
/// is known to have had when it was charged. A plan of a later time never prices it, and an amount stays as it was
/// accepted: what cannot be priced now stays without an amount, because a charge that waited for a plan that is never
/// told would be missing among the sales.
fn priced(call: &Call<'_>, listing: &Listing, event: &Event) -> Result<Priced, SqlError> {
    let named = event.plan.clone();
    if event.kind != EventKind::Charged || event.amount.is_some() {
        return Ok(Priced { plan: named, price: None });
    }
    let at = occurred_at(call, event).plus_ms(CLOCK_SKEW_MS);
    let known = callbacks::plan_at(call.sql, listing.no, &event.account, at)?.map(|(plan, _)| plan);
    let plan = named.clone().or(known);
    let price = plan.as_ref().and_then(|plan| plans::price(&listing.settings, plan));
    Ok(Priced { plan: if price.is_some() { plan } else { named }, price })
}

/// Releases what a conversion earned if the event tells of it again with better evidence. Who paid, how much and for
/// which plan must be what was told before: what differs is not what was confirmed, and stays held.
fn confirm(
    call: &Call<'_>,
    listing: &Listing,
    event: &Event,
    customer: &str,
    known: Conversion,
) -> Result<(), Problem> {
    if known.held_reason.is_none() || !event.evidence.pays() {
        return Ok(());
    }
    let metadata: Metadata = strict_json::from_str(&known.metadata).unwrap_or_default();
    // The table may say another price by now: the one that was accepted stays.
    let accepted = known.amount.clone().filter(|_| metadata.contains_key("price"));
    let is_same = known.customer_id.as_deref() == Some(customer)
        && known.amount == event.amount.zip(event.currency.clone()).or(accepted)
        && metadata.get("plan") == priced(call, listing, event)?.plan.as_ref();
    if is_same { conversions::confirm(call, known, metadata, event.evidence) } else { Ok(()) }
}

/// Binds a click to a customer, if its window is open, and those that came with it, if the model weighs them; then
/// credits what nobody has earned.
fn bind(call: &Call<'_>, customer: &str, click_id: &str, clicks: &[String]) -> Result<(), Problem> {
    let bindings = conversions::new_bindings(call, customer, click_id, clicks)?;
    if bindings.is_empty() {
        return Ok(());
    }
    for binding in bindings {
        let click_id = binding.touch.touch.click_id.clone();
        let view = BoundView { customer_id: customer.to_owned(), click_id };
        call.commit(EventType::CustomerBound, &Change::Bound(binding), &view, "")?;
    }
    conversions::credit_unearned(call, customer)
}
