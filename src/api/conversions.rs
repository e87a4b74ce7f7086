//! Conversions: accepted only with their attribution, money and events in the same transaction.

use super::{
    body::{Amount, Checks},
    call::Call,
    http::Response,
    problem::{Code, Problem},
    programme,
};
use crate::{
    domain::{
        attribution::{Attribution, Reason, Rules, attribute},
        conversion::{ConversionType, HeldReason},
        event::EventType,
        id::{CommissionId, ConversionId, ListingId},
        money::Currency,
        program::Model,
        time::{DAY_MS, Timestamp},
        words::Metadata,
    },
    store::{
        SqlError,
        change::Change,
        commissions,
        conversions::{self, BoundTouch, Conversion, Place},
        credits, listings,
        value::json_text,
    },
};
use json::FromJson;
use serde::Serialize;

pub mod earn;
pub mod explain;
mod shares;
mod shown;
mod told;
mod touches;

use shown::show;

pub use shares::Spread;
pub use shown::{AttributionView, ConversionView};
pub use told::{Told, accept_told, confirm, credit_unearned, delta, new_bindings};

/// A conversion to accept.
#[derive(Debug, Clone, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewConversion {
    /// What happened.
    #[serde(rename = "type")]
    kind: ConversionType,
    /// Your id of it: unique with the type, for ever.
    external_id: String,
    /// The click id that the redirect put into the URL.
    click_id: Option<String>,
    /// Your id of the customer: binds later conversions to the same touches.
    customer_id: Option<String>,
    /// Coupon that was used.
    coupon: Option<String>,
    /// Amount in minor units; sales and subscriptions need it.
    amount: Option<Amount>,
    /// ISO 4217 currency of the amount.
    currency: Option<String>,
    /// When it happened; now if absent; at most 24 hours ahead.
    occurred_at: Option<String>,
    /// The listing it happened on; the credited link's if absent.
    listing_id: Option<String>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

/// What a caller sent, in the form that decides whether a later one is the same.
#[derive(Serialize, FromJson, PartialEq, Eq)]
struct Sent {
    click_id: Option<String>,
    customer_id: Option<String>,
    coupon: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    occurred_at: Option<i64>,
    listing_id: Option<String>,
    metadata: Metadata,
}

impl Sent {
    /// The first field in which two differ.
    fn differs(&self, other: &Self) -> Option<&'static str> {
        [
            (self.click_id != other.click_id, "click_id"),
            (self.customer_id != other.customer_id, "customer_id"),
            (self.coupon != other.coupon, "coupon"),
            (self.amount != other.amount, "amount"),
            (self.currency != other.currency, "currency"),
            (self.occurred_at != other.occurred_at, "occurred_at"),
            (self.listing_id != other.listing_id, "listing_id"),
            (self.metadata != other.metadata, "metadata"),
        ]
        .into_iter()
        .find_map(|(differs, field)| differs.then_some(field))
    }
}

/// A body whose fields have been found right.
struct Checked<'a> {
    currency: Option<Currency>,
    occurred_at: Option<Timestamp>,
    listing_no: Option<u16>,
    /// Why what it earns is held.
    held_reason: Option<HeldReason>,
    /// Clicks that came with it besides its own.
    clicks: &'a [String],
}

fn check(call: &Call<'_>, body: &NewConversion) -> Result<Checked<'static>, Problem> {
    let mut checks = Checks::default();
    checks.text("external_id", Some(&body.external_id), 255);
    checks.text("customer_id", body.customer_id.as_deref(), 255);
    checks.text("coupon", body.coupon.as_deref(), 100);
    checks.metadata("metadata", body.metadata.as_ref());
    let currency = checks.currency("currency", body.currency.as_deref());
    if body.amount.is_none() && (body.kind.is_sale() || body.currency.is_some()) {
        checks.refuse(
            Code::MissingField,
            "amount",
            "Sales and subscriptions, and whatever has a currency, need an amount.",
        );
    }
    if body.currency.is_none() && (body.kind.is_sale() || body.amount.is_some()) {
        checks.refuse(
            Code::MissingField,
            "currency",
            "Sales and subscriptions, and whatever has an amount, need a currency.",
        );
    }
    let occurred_at = checks.time("occurred_at", body.occurred_at.as_deref());
    if occurred_at.is_some_and(|at| at > call.now.plus_ms(DAY_MS)) {
        let detail = format!("It is {} here; a conversion may lie at most 24 hours ahead.", call.now);
        checks.refuse(Code::OccurredInFuture, "occurred_at", detail);
    }
    let listing = match body.listing_id.as_deref().map(ListingId::parse) {
        Some(Some(id)) => listings::by_id(call.sql, &id)?,
        Some(None) | None => None,
    };
    if body.listing_id.is_some() && listing.is_none() {
        checks.refuse(Code::UnknownListing, "listing_id", "There is no listing with this id.");
    }
    checks.finish()?;
    let listing_no = listing.map(|listing| listing.no);
    Ok(Checked { currency, occurred_at, listing_no, held_reason: None, clicks: &[] })
}

/// A click id as it is kept. It comes from the visitor's own address bar and may be anything: a sale is not refused
/// for it. What cannot be one of ours is cut to what a row and an answer can hold.
fn keepable(click_id: String) -> String {
    click_id.chars().filter(|c| !c.is_control()).take(255).collect()
}

fn sent(body: &NewConversion, checked: &Checked<'_>) -> Sent {
    Sent {
        click_id: body.click_id.clone(),
        customer_id: body.customer_id.clone(),
        coupon: body.coupon.clone(),
        amount: body.amount.map(|amount| amount.0),
        currency: body.currency.clone(),
        occurred_at: checked.occurred_at.map(Timestamp::ms),
        listing_id: body.listing_id.clone(),
        metadata: body.metadata.clone().unwrap_or_default(),
    }
}

/// `POST /v1/conversions`
pub fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let mut body: NewConversion = call.body()?;
    body.click_id = body.click_id.map(keepable);
    let checked = check(call, &body)?;
    let sent = sent(&body, &checked);
    if let Some(first) = conversions::by_key(call.sql, body.kind, &body.external_id)? {
        let before: Sent = json::read(&first.sent).map_err(|error| SqlError::Engine(error.to_string()))?;
        return match before.differs(&sent) {
            None => Ok(Response::json(200, first.answer).with_header("idempotent-replayed", "true")),
            Some(field) => {
                let detail = format!(
                    "{} {:?} was accepted as {} with another {field}; send a new external_id for a new conversion.",
                    body.kind.as_str(),
                    body.external_id,
                    first.id
                );
                Err(Problem::field(Code::ConversionConflict, format!("/{field}"), detail))
            }
        };
    }
    accept(call, body, &checked, &sent).map(|accepted| accepted.answer)
}

/// A conversion that was accepted.
struct Accepted {
    answer: Response,
    /// Whether somebody earned it.
    is_earned: bool,
}

/// Decides who earns a new conversion, then records all of it.
fn accept(
    call: &Call<'_>,
    body: NewConversion,
    checked: &Checked<'_>,
    sent: &Sent,
) -> Result<Accepted, Problem> {
    let terms = programme::current(call)?;
    let occurred_at = checked.occurred_at.unwrap_or(call.now);
    let rules = terms.rules();
    let candidates = candidates(call, &body, checked, occurred_at, rules)?;
    let touches = candidates.touches();
    let mut attribution = attribute(&touches, occurred_at, rules);
    if candidates.click_invalid && attribution.credits.is_empty() {
        attribution.reason = Reason::ClickInvalid;
    }
    let winner = attribution.main().and_then(|credit| candidates.known.get(credit.touch));
    let conversion = Conversion {
        no: conversions::next_no(call.sql)?,
        id: call.new_id(ConversionId::generate),
        kind: body.kind,
        external_id: body.external_id,
        amount: body.amount.map(|amount| amount.0).zip(body.currency),
        refunded: 0,
        click_id: body.click_id,
        customer_id: body.customer_id,
        coupon: body.coupon,
        listing_no: checked.listing_no.or(winner.and_then(|bound| bound.listing_no)),
        occurred_at,
        metadata: json_text(&sent.metadata)?,
        created_at: call.now,
        place: main_place(&attribution, &candidates.known),
        sent: json_text(sent)?,
        attribution: explain::stored(&touches, &attribution, rules, explain::Found::of(&candidates))?,
        answer: String::new(),
        held_reason: checked.held_reason,
    };
    let earned =
        earn::commissions(call, &conversion, &attribution, &candidates.known, checked.currency, &terms)?;
    let answer = record(call, conversion, &attribution, &candidates.known, earned, rules.model)?;
    Ok(Accepted { answer, is_earned: !attribution.credits.is_empty() })
}

/// The touches that may earn it.
fn candidates(
    call: &Call<'_>,
    body: &NewConversion,
    checked: &Checked<'_>,
    occurred_at: Timestamp,
    rules: Rules,
) -> Result<touches::Candidates, Problem> {
    let named = touches::Named {
        click_id: body.click_id.as_deref(),
        others: checked.clicks,
        customer: body.customer_id.as_deref(),
        coupon: body.coupon.as_deref(),
        listing_no: checked.listing_no,
        occurred_at,
        new_until: occurred_at,
        asks_trail: true,
    };
    touches::candidates(call, &named, rules)
}

/// Where the conversion itself is counted: under its largest credit.
fn main_place(attribution: &Attribution, candidates: &[BoundTouch]) -> Place {
    let main = attribution.main().and_then(|credit| Some((credit, candidates.get(credit.touch)?)));
    main.map_or_else(Place::default, |(credit, bound)| shares::place(credit.partner_no, bound))
}

/// Writes the conversion with everything that follows from it.
fn record(
    call: &Call<'_>,
    conversion: Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    earned: Vec<commissions::Commission>,
    model: Model,
) -> Result<Response, Problem> {
    let view = earn::show(call, &conversion, attribution, candidates, &earned, model)?;
    let answer = json_text(&view)?;
    let credits = shares::credits(&conversion, attribution, candidates)?;
    let spread = Spread::new(delta(&conversion), credits, |_, credit| (credit.amount, 0));
    let places: Vec<_> = earned.iter().map(|commission| spread.of(commission)).collect();
    let mut more_bindings = touches::bindings(conversion.customer_id.as_deref(), attribution, candidates);
    let binding = (!more_bindings.is_empty()).then(|| more_bindings.remove(0));
    let (counts, shares) = spread.parts();
    let change =
        Change::Conversion { conversion: Box::new(conversion), binding, more_bindings, counts, shares };
    call.commit(EventType::ConversionCreated, &change, &view, &answer)?;
    for ((commission, shown), place) in earned.into_iter().zip(&view.commissions).zip(places) {
        earn::book(call, commission, shown, place)?;
    }
    Ok(Response::json(201, answer).with_header("location", format!("/v1/conversions/{}", view.id)))
}

/// A conversion by id, if the caller may see it.
pub fn named(call: &Call<'_>) -> Result<Conversion, Problem> {
    let id = call.id(ConversionId::parse)?;
    let conversion = conversions::by_id(call.sql, &id)?.ok_or_else(Problem::not_found)?;
    match call.caller.partner {
        Some(partner)
            if conversion.place.partner_no != partner
                && !credits::is_shared_by(call.sql, conversion.no, partner)? =>
        {
            Err(Problem::not_found())
        }
        Some(_) | None => Ok(conversion),
    }
}

/// `GET /v1/conversions`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let fetch = |page| conversions::list(call.sql, call.caller.partner, page);
    call.page("conversions", fetch, |conversion| conversion.no, |conversion| show(call, conversion))
}

/// `GET /v1/conversions/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
}

/// `GET /v1/conversions/{id}/attribution`
pub fn attribution(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &explain::show(call, &named(call)?)?)
}

/// Makes a commission's id: here, because the parts that earn share it.
fn new_commission_id(call: &Call<'_>) -> CommissionId {
    call.new_id(CommissionId::generate)
}
