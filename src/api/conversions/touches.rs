//! Which touches may earn a conversion: its own click, and those bound to its customer.

use super::super::{call::Call, problem::Problem};
use crate::{
    domain::{
        attribution::{Attribution, Reason, Source, Touch},
        click::ClickId,
    },
    store::{
        change::Binding,
        conversions::{self, BoundTouch},
    },
};

/// Touches that are weighed, the newest of a customer's: more than anybody clicks between two purchases.
const MOST_TOUCHES: i64 = 50;

/// Candidates of a conversion.
pub struct Candidates {
    /// Touches, with where they happened.
    pub known: Vec<BoundTouch>,
    /// A click id was sent, but none of our keys signed it.
    pub click_invalid: bool,
}

/// Collects the candidates.
pub fn candidates(
    call: &Call<'_>,
    click_id: Option<&str>,
    customer: Option<&str>,
) -> Result<Candidates, Problem> {
    let mut known = match customer {
        Some(customer) => conversions::touches_of(call.sql, customer, MOST_TOUCHES)?,
        None => Vec::new(),
    };
    let verified = click_id.and_then(|text| Some((text, ClickId::verify(text, &call.config.ring)?)));
    if let Some((text, click)) = verified
        // A click that is bound already keeps the standing that its own window once gave it.
        && known.iter().all(|bound| bound.touch.click_id != text)
    {
        let terms = conversions::link_terms(call.sql, click.link_no)?;
        known.push(BoundTouch {
            touch: Touch {
                click_id: text.to_owned(),
                at: click.at,
                link_no: click.link_no,
                partner: terms.map(|terms| (terms.partner_no, terms.terminated_at)),
                class: click.class,
                source: Source::Click,
            },
            country: click.country.map_or_else(String::new, |country| country.as_str().to_owned()),
            device: click.device.code(),
            listing_no: terms.and_then(|terms| terms.listing_no),
        });
    }
    Ok(Candidates { known, click_invalid: click_id.is_some() && verified.is_none() })
}

/// What binds the conversion's own click to its customer, if it lay in its window.
pub fn binding(
    customer: Option<&str>,
    attribution: &Attribution,
    candidates: &[BoundTouch],
) -> Option<Binding> {
    let customer_id = customer?.to_owned();
    let eligible = |verdict: &Reason| matches!(verdict, Reason::Click | Reason::NewerTouch);
    let mut judged = candidates.iter().zip(&attribution.verdicts);
    let (touch, _) =
        judged.find(|(bound, verdict)| bound.touch.source == Source::Click && eligible(verdict))?;
    Some(Binding { customer_id, touch: touch.clone() })
}
