//! Who earns a conversion: a pure function that can be run again. It says of every candidate touch why it won or lost.

use crate::{
    click::Class,
    link::LinkNo,
    money::WHOLE_BP,
    partner::PartnerNo,
    program::Model,
    time::{DAY_MS, Timestamp},
    words::words,
};
use serde::{Deserialize, Serialize};

/// A click may be this much younger than the conversion that names it: clocks differ, and many shops cut times to
/// whole seconds or minutes.
pub const CLOCK_SKEW_MS: i64 = 5 * 60 * 1000;

words! {
    /// How a touch came to be a candidate.
    Source {
        /// The conversion names its click id.
        Click = "click";
        /// An earlier conversion bound it to the customer.
        Customer = "customer";
    }
}

words! {
    /// Why a touch won or lost, or why nobody earns.
    Reason {
        /// Won: the conversion's own click.
        Click = "click";
        /// Won: bound to the customer earlier.
        Customer = "customer";
        /// Lost: another touch is newer.
        NewerTouch = "newer_touch";
        /// Lost: the click is older than the window.
        WindowExpired = "window_expired";
        /// Lost: the click came after the conversion.
        AfterConversion = "after_conversion";
        /// Lost: the partner had been terminated.
        PartnerTerminated = "partner_terminated";
        /// Lost: the ledger does not know the link.
        LinkUnknown = "link_unknown";
        /// Nobody: the click id does not verify.
        ClickInvalid = "click_invalid";
        /// Nobody: neither a click id nor a known customer.
        NoTouch = "no_touch";
    }
}

words! {
    /// Whether somebody earns a conversion.
    AttributionStatus {
        /// Somebody does.
        Attributed = "attributed";
        /// Nobody does.
        Unattributed = "unattributed";
    }
}

words! {
    /// What became of a touch.
    Outcome {
        /// It earns.
        Won = "won";
        /// It does not.
        Lost = "lost";
    }
}

/// A click that may earn credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The click id.
    pub click_id: String,
    /// When it was clicked.
    pub at: Timestamp,
    /// Its link.
    pub link_no: LinkNo,
    /// The link's partner and the date of its termination; `None` if the ledger does not know the link.
    pub partner: Option<(PartnerNo, Option<Timestamp>)>,
    /// Who clicked: bots and prefetches may earn, but are flagged.
    pub class: Class,
    /// How it came to be a candidate.
    pub source: Source,
}

/// The rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How credit is shared.
    pub model: Model,
    /// Days from click to conversion.
    pub window_days: i64,
}

/// A share of a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Index of the touch in the argument.
    pub touch: usize,
    /// Who earns.
    pub partner_no: PartnerNo,
    /// By which link.
    pub link_no: LinkNo,
    /// Basis points of the whole.
    pub share_bp: i64,
}

/// Who earns, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// Shares; they add up to the whole, or there are none.
    pub credits: Vec<Credit>,
    /// Why each touch won or lost, in the order of the argument.
    pub verdicts: Vec<Reason>,
    /// Why the conversion is attributed or not, in a word.
    pub reason: Reason,
}

/// Whether the touch may earn at all.
#[inline]
fn eligibility(touch: &Touch, occurred_at: Timestamp, rules: Rules) -> Result<PartnerNo, Reason> {
    let (partner_no, terminated_at) = touch.partner.ok_or(Reason::LinkUnknown)?;
    if touch.at > occurred_at.plus_ms(CLOCK_SKEW_MS) {
        return Err(Reason::AfterConversion);
    }
    // A touch that an earlier conversion bound to the customer had its window checked then.
    let window_ms = rules.window_days.saturating_mul(DAY_MS);
    if touch.source == Source::Click && touch.at.plus_ms(window_ms) < occurred_at {
        return Err(Reason::WindowExpired);
    }
    if terminated_at.is_some_and(|date| occurred_at > date) {
        return Err(Reason::PartnerTerminated);
    }
    Ok(partner_no)
}

/// Decides who earns a conversion that occurred at `occurred_at`.
#[must_use]
#[inline]
pub fn attribute(touches: &[Touch], occurred_at: Timestamp, rules: Rules) -> Attribution {
    let judged: Vec<_> = touches.iter().map(|touch| eligibility(touch, occurred_at, rules)).collect();
    // The other models are refused where the programme is set; last touch is the only one that can be in force.
    // Of two clicks of the same millisecond the conversion's own wins.
    let winner = touches
        .iter()
        .zip(&judged)
        .enumerate()
        .filter_map(|(index, (touch, partner))| Some((index, touch, *partner.as_ref().ok()?)))
        .max_by_key(|(_, touch, _)| (touch.at, touch.source == Source::Click));
    let verdicts = judged
        .iter()
        .enumerate()
        .map(|(index, judgement)| match (judgement, winner) {
            (Err(reason), _) => *reason,
            (Ok(_), Some((won, touch, _))) if won == index => won_by(touch.source),
            (Ok(_), _) => Reason::NewerTouch,
        })
        .collect::<Vec<_>>();
    let reason = match winner {
        Some((_, touch, _)) => won_by(touch.source),
        // All lost: the newest touch's reason is the one that a person would ask about.
        None => touches
            .iter()
            .zip(&verdicts)
            .max_by_key(|(touch, _)| touch.at)
            .map_or(Reason::NoTouch, |(_, verdict)| *verdict),
    };
    let credits = winner
        .map(|(touch, won, partner_no)| Credit {
            touch,
            partner_no,
            link_no: won.link_no,
            share_bp: WHOLE_BP,
        })
        .into_iter()
        .collect();
    Attribution { credits, verdicts, reason }
}

#[inline]
fn won_by(source: Source) -> Reason {
    match source {
        Source::Click => Reason::Click,
        Source::Customer => Reason::Customer,
    }
}
