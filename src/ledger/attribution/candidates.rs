//! The touches that may earn a conversion: its own click and the visitor's clicks before it, its coupon, and the touches
//! bound to its customer.

use super::super::{error::LedgerError, tx::Tx};
use crate::{
    domain::{
        attribution::{
            Attribution, CLOCK_SKEW_MS, Reason, Source, Touch, TouchOrigin, TrailState,
            rules::{Model, RepeatCustomers, Rules},
        },
        clicks::click::{Class, ClickId, Device},
        programme::listing::ListingNo,
        values::time::Timestamp,
    },
    store::{
        SqlError,
        conversions::{self, BoundTouch, customers},
        log::change::Binding,
        programme::{coupons, partners},
    },
};

/// How many of a customer's newest touches are weighed; nobody clicks more often between two purchases.
const MAX_TOUCHES: i64 = 50;

/// What a conversion says of its touches.
pub struct CandidateQuery<'a> {
    /// The click id as sent.
    pub click_id: Option<&'a str>,
    /// Other click ids that came with it.
    pub other_clicks: &'a [String],
    /// The customer.
    pub customer: Option<&'a str>,
    /// The coupon's code as sent.
    pub coupon: Option<&'a str>,
    /// The listing as sent.
    pub listing_no: Option<ListingNo>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Its touches count as new if the customer had bought nothing before this time.
    pub new_until: Timestamp,
    /// Whether the click store is asked for the visitor's earlier clicks.
    pub needs_trail: bool,
}

/// The candidates of a conversion.
pub struct Candidates {
    /// The touches, with the places where they are counted.
    pub touches: Vec<BoundTouch>,
    /// A click id was sent that none of our keys signed.
    pub click_invalid: bool,
    /// A code was sent that no coupon has.
    pub coupon_unknown: bool,
    /// Whether the visitor's earlier clicks are among the touches.
    pub trail: TrailState,
}

impl Candidates {
    /// The touches without their places.
    pub fn plain_touches(&self) -> Vec<Touch> {
        self.touches.iter().map(|bound| bound.touch.clone()).collect()
    }

    fn has(&self, id: &str) -> bool {
        self.touches.iter().any(|bound| bound.touch.origin.id() == id)
    }
}

/// The touches bound to a customer. A coupon that was used several times is one touch, the latest use.
pub fn of_customer(tx: &Tx<'_>, customer: &str) -> Result<Vec<BoundTouch>, SqlError> {
    let mut bound: Vec<BoundTouch> = Vec::new();
    for touch in conversions::touches_of(tx.sql, customer, MAX_TOUCHES)? {
        if bound.iter().all(|newer| newer.touch.origin.id() != touch.touch.origin.id()) {
            bound.push(touch);
        }
    }
    Ok(bound)
}

/// Collects the candidates.
pub fn collect(tx: &Tx<'_>, query: &CandidateQuery<'_>, rules: Rules) -> Result<Candidates, LedgerError> {
    let touches = query.customer.map(|customer| of_customer(tx, customer)).transpose()?.unwrap_or_default();
    let trail = TrailState::NotNeeded;
    let mut candidates = Candidates { touches, click_invalid: false, coupon_unknown: false, trail };
    let verified = query.click_id.and_then(|text| Some((text, ClickId::verify(text, &tx.config.ring)?)));
    candidates.click_invalid = query.click_id.is_some() && verified.is_none();
    // A click that is bound already keeps the standing that its window gave it when it was bound, and so do the clicks
    // before it.
    if let Some((text, click)) = verified
        && !candidates.has(text)
    {
        candidates.touches.push(touch_of_click(tx, text, &click, Source::Click)?);
        if rules.model != Model::LastTouch {
            add_trail(tx, query, text, &click, &mut candidates)?;
        }
    }
    if let Some(code) = query.coupon {
        add_coupon(tx, query, code, &mut candidates)?;
    }
    if rules.repeat_customers == RepeatCustomers::Ignore {
        mark_repeat(tx, query, &mut candidates)?;
    }
    keep_one_use(&mut candidates.touches, rules);
    Ok(candidates)
}

/// A verified click as a touch.
fn touch_of_click(tx: &Tx<'_>, id: &str, click: &ClickId, source: Source) -> Result<BoundTouch, SqlError> {
    let terms = conversions::link_terms(tx.sql, click.link_no)?;
    Ok(BoundTouch {
        touch: Touch {
            origin: TouchOrigin::Click { click_id: id.to_owned(), link_no: click.link_no },
            at: click.at,
            partner: terms.map(|terms| (terms.partner_no, terms.terminated_at)),
            class: click.class,
            source,
            window_days: terms.and_then(|terms| terms.window_days),
            refused: None,
            is_repeat: false,
        },
        country: click.country,
        device: click.device,
        listing_no: terms.and_then(|terms| terms.listing_no),
    })
}

/// Adds the visitor's clicks before the conversion's own, those of the same millisecond included. Click ids from the click store and from vendors are trusted no
/// more than those of callers: an id counts if one of our keys signed it.
fn add_trail(
    tx: &Tx<'_>,
    query: &CandidateQuery<'_>,
    own_id: &str,
    own: &ClickId,
    candidates: &mut Candidates,
) -> Result<(), LedgerError> {
    let fetched = if query.needs_trail { tx.trail(own_id, own)? } else { None };
    candidates.trail = if fetched.is_some() || query.other_clicks.iter().any(|id| id != own_id) {
        TrailState::Known
    } else {
        TrailState::Unavailable
    };
    for id in fetched.unwrap_or_default().iter().chain(query.other_clicks) {
        let verified = ClickId::verify(id, &tx.config.ring);
        if let Some(click) = verified.filter(|click| click.at <= own.at && !candidates.has(id)) {
            candidates.touches.push(touch_of_click(tx, id, &click, Source::Trail)?);
        }
    }
    Ok(())
}

/// Adds the coupon that was used. Of several coupons that have had the code, the one in force is taken, else the newest.
fn add_coupon(
    tx: &Tx<'_>,
    query: &CandidateQuery<'_>,
    code: &str,
    candidates: &mut Candidates,
) -> Result<(), SqlError> {
    let coupons = coupons::by_code(tx.sql, code)?;
    let clicked = listing_click(&candidates.touches, query.click_id, query.occurred_at);
    let listing_no = query.listing_no.or_else(|| clicked.and_then(|bound| bound.listing_no));
    // A coupon is used after the click, even if the shop's clock is behind ours.
    let own = candidates.touches.iter().find(|bound| query.click_id == Some(bound.touch.origin.id()));
    let within_skew = query.occurred_at.plus_ms(CLOCK_SKEW_MS);
    let clicked_at = own.map(|bound| bound.touch.at).filter(|at| *at <= within_skew);
    let used_at = clicked_at.unwrap_or(query.occurred_at).max(query.occurred_at);
    let refused: Vec<_> =
        coupons.iter().map(|coupon| coupon.rejection_reason(query.occurred_at, listing_no)).collect();
    // "In force, but for another listing" explains more than "not in force".
    let rank = |reason: &Option<Reason>| match reason {
        None => 0,
        Some(Reason::CouponElsewhere) => 1,
        Some(_) => 2,
    };
    let Some((coupon, refused)) = coupons.iter().zip(refused).min_by_key(|(_, reason)| rank(reason)) else {
        candidates.coupon_unknown = true;
        return Ok(());
    };
    let partner = partners::by_no(tx.sql, coupon.partner_no)?;
    let used = BoundTouch {
        touch: Touch {
            origin: TouchOrigin::Coupon { coupon_id: coupon.id.clone() },
            at: used_at,
            partner: partner.map(|partner| (partner.no, partner.terminated_at)),
            class: Class::Human,
            source: Source::Coupon,
            window_days: None,
            refused,
            is_repeat: false,
        },
        country: None,
        device: Device::Unknown,
        listing_no: coupon.listing_no,
    };
    candidates.touches.push(used);
    Ok(())
}

/// The click that says on which listing a conversion happened that names none: the click that the conversion names, even if
/// an earlier conversion bound it to the customer, else the customer's newest click before the conversion.
pub fn listing_click<'t>(
    touches: impl IntoIterator<Item = &'t BoundTouch>,
    own_id: Option<&str>,
    occurred_at: Timestamp,
) -> Option<&'t BoundTouch> {
    let latest = occurred_at.plus_ms(CLOCK_SKEW_MS);
    let is_click = |bound: &&BoundTouch| {
        let is_own = own_id == Some(bound.touch.origin.id());
        let is_customers = bound.touch.source == Source::Customer && bound.touch.at <= latest;
        bound.touch.coupon().is_none() && (is_own || is_customers)
    };
    let clicks = touches.into_iter().filter(is_click);
    clicks.max_by_key(|bound| (own_id == Some(bound.touch.origin.id()), bound.touch.at))
}

/// Marks new touches of a customer who had bought before.
fn mark_repeat(tx: &Tx<'_>, query: &CandidateQuery<'_>, candidates: &mut Candidates) -> Result<(), SqlError> {
    let Some(customer) = query.customer else { return Ok(()) };
    let is_repeat = customers::has_bought_before(tx.sql, customer, query.new_until)?;
    for bound in &mut candidates.touches {
        bound.touch.is_repeat = is_repeat && bound.touch.source != Source::Customer;
    }
    Ok(())
}

/// Keeps one touch of a coupon that is used again: this use if it counts, else the use that bound the coupon.
fn keep_one_use(touches: &mut Vec<BoundTouch>, rules: Rules) {
    let Some(used) = touches.iter().find(|bound| bound.touch.source == Source::Coupon) else { return };
    let (id, ignores) = (used.touch.origin.clone(), rules.repeat_customers == RepeatCustomers::Ignore);
    let counts = used.touch.refused.is_none() && !(used.touch.is_repeat && ignores);
    if touches.iter().any(|bound| bound.touch.origin == id && bound.touch.source == Source::Customer) {
        touches.retain(|bound| bound.touch.origin != id || (bound.touch.source == Source::Coupon) == counts);
    }
}

/// What binds a conversion's own touches to its customer: those that might earn the customer's next conversion.
pub fn bindings(
    customer: Option<&str>,
    attribution: &Attribution,
    candidates: &[BoundTouch],
) -> Vec<Binding> {
    let Some(customer) = customer else { return Vec::new() };
    let judged = candidates.iter().zip(&attribution.verdicts);
    let new =
        judged.filter(|(bound, verdict)| bound.touch.source != Source::Customer && verdict.is_eligible());
    new.map(|(touch, _)| Binding { customer_id: customer.to_owned(), touch: touch.clone() }).collect()
}
