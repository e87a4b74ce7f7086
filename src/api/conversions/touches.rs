//! Which touches may earn a conversion: its own click and those before it, its coupon, and those bound to its customer.

use super::super::{call::Call, problem::Problem};
use crate::{
    domain::{
        attribution::{
            Attribution, CLOCK_SKEW_MS, Reason, Source, Touch, TrailState,
            rules::{Model, RepeatCustomers, Rules},
        },
        clicks::click::{Class, ClickId},
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

/// Touches that are weighed, the newest of a customer's: more than anybody clicks between two purchases.
const MOST_TOUCHES: i64 = 50;

/// What names a conversion's touches.
pub struct Named<'a> {
    /// The click id as sent.
    pub click_id: Option<&'a str>,
    /// Other click ids that came with it.
    pub others: &'a [String],
    /// The customer.
    pub customer: Option<&'a str>,
    /// The coupon's code as sent.
    pub coupon: Option<&'a str>,
    /// The listing as sent.
    pub listing_no: Option<ListingNo>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Its touches are new if the customer had not bought before this.
    pub new_until: Timestamp,
    /// The store of clicks is asked, too.
    pub asks_trail: bool,
}

/// Candidates of a conversion.
pub struct Candidates {
    /// Touches, with where they happened.
    pub known: Vec<BoundTouch>,
    /// A click id was sent, but none of our keys signed it.
    pub click_invalid: bool,
    /// A code was sent that no coupon has.
    pub coupon_unknown: bool,
    /// Whether the visitor's earlier clicks are among them.
    pub trail: TrailState,
}

impl Candidates {
    /// The touches alone.
    pub fn touches(&self) -> Vec<Touch> {
        self.known.iter().map(|bound| bound.touch.clone()).collect()
    }

    fn has(&self, id: &str) -> bool {
        self.known.iter().any(|bound| bound.touch.click_id == id)
    }
}

/// The touches bound to a customer; a coupon that was used several times is one touch, of its latest use.
pub fn bound(call: &Call<'_>, customer: &str) -> Result<Vec<BoundTouch>, SqlError> {
    let mut bound: Vec<BoundTouch> = Vec::new();
    for touch in conversions::touches_of(call.sql, customer, MOST_TOUCHES)? {
        if bound.iter().all(|newer| newer.touch.click_id != touch.touch.click_id) {
            bound.push(touch);
        }
    }
    Ok(bound)
}

/// Collects the candidates.
pub fn candidates(call: &Call<'_>, named: &Named<'_>, rules: Rules) -> Result<Candidates, Problem> {
    let known = named.customer.map(|customer| bound(call, customer)).transpose()?.unwrap_or_default();
    let trail = TrailState::NotNeeded;
    let mut candidates = Candidates { known, click_invalid: false, coupon_unknown: false, trail };
    let verified = named.click_id.and_then(|text| Some((text, ClickId::verify(text, &call.config.ring)?)));
    candidates.click_invalid = named.click_id.is_some() && verified.is_none();
    // A click that is bound already keeps the standing that its own window once gave it, and so do those before it.
    if let Some((text, click)) = verified
        && !candidates.has(text)
    {
        candidates.known.push(clicked(call, text, &click, Source::Click)?);
        if rules.model != Model::LastTouch {
            follow(call, named, text, &click, &mut candidates)?;
        }
    }
    if let Some(code) = named.coupon {
        redeem(call, named, code, &mut candidates)?;
    }
    if rules.repeat_customers == RepeatCustomers::Ignore {
        mark_repeat(call, named, &mut candidates)?;
    }
    keep_one_use(&mut candidates.known, rules);
    Ok(candidates)
}

/// A click that verifies, as a touch.
fn clicked(call: &Call<'_>, id: &str, click: &ClickId, source: Source) -> Result<BoundTouch, SqlError> {
    let terms = conversions::link_terms(call.sql, click.link_no)?;
    Ok(BoundTouch {
        touch: Touch {
            click_id: id.to_owned(),
            at: click.at,
            link_no: click.link_no,
            partner: terms.map(|terms| (terms.partner_no, terms.terminated_at)),
            class: click.class,
            source,
            window_days: terms.and_then(|terms| terms.window_days),
            refused: None,
            is_repeat: false,
        },
        country: click.country.map_or_else(String::new, |country| country.as_str().to_owned()),
        device: click.device.code(),
        listing_no: terms.and_then(|terms| terms.listing_no),
    })
}

/// Adds the visitor's clicks of before the conversion's own. What stores and vendors tell is believed no more than what a
/// caller sends: an id counts if one of our keys signed it.
fn follow(
    call: &Call<'_>,
    named: &Named<'_>,
    own_id: &str,
    own: &ClickId,
    candidates: &mut Candidates,
) -> Result<(), Problem> {
    let told = if named.asks_trail { call.trail(own_id, own)? } else { None };
    candidates.trail = if told.is_some() || named.others.iter().any(|id| id != own_id) {
        TrailState::Known
    } else {
        TrailState::Unavailable
    };
    for id in told.unwrap_or_default().iter().chain(named.others) {
        let verified = ClickId::verify(id, &call.config.ring);
        if let Some(click) = verified.filter(|click| click.at < own.at && !candidates.has(id)) {
            candidates.known.push(clicked(call, id, &click, Source::Trail)?);
        }
    }
    Ok(())
}

/// Adds the coupon that was used. Of several that have had its code, the one that counts then; if none did, the newest.
fn redeem(
    call: &Call<'_>,
    named: &Named<'_>,
    code: &str,
    candidates: &mut Candidates,
) -> Result<(), Problem> {
    let coupons = coupons::by_code(call.sql, code)?;
    let clicked = || candidates.known.iter().find(|bound| bound.touch.source == Source::Click);
    let listing_no = named.listing_no.or_else(|| clicked().and_then(|bound| bound.listing_no));
    // A coupon is used after the click, even if the shop's clock is behind ours.
    let clicked_at = clicked().map(|bound| bound.touch.at);
    let within_skew = named.occurred_at.plus_ms(CLOCK_SKEW_MS);
    let used_at =
        clicked_at.filter(|at| *at <= within_skew).unwrap_or(named.occurred_at).max(named.occurred_at);
    let refused: Vec<_> =
        coupons.iter().map(|coupon| coupon.refused(named.occurred_at, listing_no)).collect();
    // One that counts then but elsewhere says more of why it does not than one of another time.
    let rank = |reason: &Option<Reason>| match reason {
        None => 0,
        Some(Reason::CouponElsewhere) => 1,
        Some(_) => 2,
    };
    let Some((coupon, refused)) = coupons.iter().zip(refused).min_by_key(|(_, reason)| rank(reason)) else {
        candidates.coupon_unknown = true;
        return Ok(());
    };
    let partner = partners::by_no(call.sql, coupon.partner_no)?;
    let used = BoundTouch {
        touch: Touch {
            click_id: coupon.id.to_string(),
            at: used_at,
            link_no: 0,
            partner: partner.map(|partner| (partner.no, partner.terminated_at)),
            class: Class::Human,
            source: Source::Coupon,
            window_days: None,
            refused,
            is_repeat: false,
        },
        country: String::new(),
        device: 0,
        listing_no: coupon.listing_no,
    };
    candidates.known.push(used);
    Ok(())
}

/// Notes of what is new whether its customer had bought before.
fn mark_repeat(call: &Call<'_>, named: &Named<'_>, candidates: &mut Candidates) -> Result<(), SqlError> {
    let Some(customer) = named.customer else { return Ok(()) };
    let is_repeat = customers::had_bought(call.sql, customer, named.new_until)?;
    for bound in &mut candidates.known {
        bound.touch.is_repeat = is_repeat && bound.touch.source != Source::Customer;
    }
    Ok(())
}

/// A coupon that is used again is one touch: of now if it counts now, else of the use that bound it.
fn keep_one_use(known: &mut Vec<BoundTouch>, rules: Rules) {
    let Some(used) = known.iter().find(|bound| bound.touch.source == Source::Coupon) else { return };
    let (id, ignores) = (used.touch.click_id.clone(), rules.repeat_customers == RepeatCustomers::Ignore);
    let counts = used.touch.refused.is_none() && !(used.touch.is_repeat && ignores);
    if known.iter().any(|bound| bound.touch.click_id == id && bound.touch.source == Source::Customer) {
        known.retain(|bound| bound.touch.click_id != id || (bound.touch.source == Source::Coupon) == counts);
    }
}

/// What binds the conversion's own touches to its customer: those that might earn what it does next.
pub fn bindings(
    customer: Option<&str>,
    attribution: &Attribution,
    candidates: &[BoundTouch],
) -> Vec<Binding> {
    let Some(customer) = customer else { return Vec::new() };
    let judged = candidates.iter().zip(&attribution.verdicts);
    let new =
        judged.filter(|(bound, verdict)| bound.touch.source != Source::Customer && verdict.might_earn());
    new.map(|(touch, _)| Binding { customer_id: customer.to_owned(), touch: touch.clone() }).collect()
}
