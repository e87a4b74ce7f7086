//! Conversions: accepted only with their attribution, money and events in the same transaction.

use super::{
    call::Call,
    http::Response,
    problem::{Code, Problem},
    programme,
};
use crate::{
    domain::{
        attribution::{
            Attribution, Reason, attribute,
            rules::{Model, Rules},
        },
        event::EventType,
        values::{id::ConversionId, time::Timestamp},
    },
    store::{
        SqlError,
        conversions::{self, BoundTouch, Conversion, Place, credits},
        log::change::Change,
        value::json_text,
    },
};
mod earn;
pub mod explain;
mod sent;
mod shares;
mod shown;
mod suspicion;
mod told;
mod touches;

use earn::Earned;
use sent::{Checked, Sent, check, keepable, sent};

pub use earn::{book, counts as commission_counts, uncounted};
pub use sent::NewConversion;
pub use shares::Spread;
pub use shown::{AttributionView, ConversionView, show};
pub use told::{Told, accept_told, confirm, credit_unearned, delta, new_bindings};

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
        tax: sent.tax,
        discount: sent.discount,
        shipping: sent.shipping,
        sold_in: sent.country.clone(),
    };
    let earned =
        earn::work_out(call, &conversion, &attribution, &candidates.known, checked.currency, &terms)?;
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
    earned: Earned,
    model: Model,
) -> Result<Response, Problem> {
    let view = earn::show(call, &conversion, attribution, candidates, &earned, model)?;
    let answer = json_text(&view)?;
    let credits = shares::credits(&conversion, attribution, candidates)?;
    let spread = Spread::new(delta(&conversion), credits, |_, credit| (credit.amount, 0));
    let mut more_bindings = touches::bindings(conversion.customer_id.as_deref(), attribution, candidates);
    let binding = (!more_bindings.is_empty()).then(|| more_bindings.remove(0));
    let (counts, shares) = spread.parts();
    let written = Box::new(conversion.clone());
    let uses = earned.uses;
    let change = Change::Conversion { conversion: written, binding, more_bindings, counts, shares, uses };
    call.commit(EventType::ConversionCreated, &change, &view, &answer)?;
    for (commission, shown) in earned.own.into_iter().zip(&view.commissions) {
        earn::book(call, commission, shown, Some(&conversion))?;
    }
    earn::book_besides(call, earned.besides)?;
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
