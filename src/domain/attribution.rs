//! Who earns a conversion: a pure function that can be run again. It says of every candidate touch why it won or lost.

pub mod decay;
pub mod rules;

use crate::{
    clicks::click::Class,
    links::link::LinkNo,
    money::{WHOLE_BP, split_largest_remainder},
    programme::partner::PartnerNo,
    values::{
        id::CouponId,
        string_enum::string_enum,
        time::{DAY_MS, Timestamp},
    },
};
use rules::{Model, Precedence, RepeatCustomers, Rules};
use serde::{Deserialize, Serialize};

/// A click may be this much younger than the conversion that names it: clocks differ, and many shops cut times to
/// whole seconds or minutes.
pub const CLOCK_SKEW_MS: i64 = 5 * 60 * 1000;

string_enum! {
    /// How a touch came to be a candidate.
    Source {
        /// The conversion names its click id.
        Click = "click";
        /// An earlier conversion bound it to the customer.
        Customer = "customer";
        /// The visitor clicked it before the click that the conversion names.
        Trail = "trail";
        /// The conversion names its code.
        Coupon = "coupon";
    }
}

string_enum! {
    /// Why a touch won or lost, or why nobody earns.
    Reason {
        /// Won: the conversion's own click, or an earlier one of the same visitor's.
        Click = "click";
        /// Won: bound to the customer earlier.
        Customer = "customer";
        /// Won: the coupon that was used.
        Coupon = "coupon";
        /// Lost: another touch is newer.
        NewerTouch = "newer_touch";
        /// Lost: another touch is older.
        OlderTouch = "older_touch";
        /// Lost: a coupon was used after it.
        CouponWins = "coupon_wins";
        /// Lost: a click beats a coupon.
        ClickWins = "click_wins";
        /// Lost: its share is less than a basis point.
        NoShare = "no_share";
        /// Lost: the click is older than the window.
        WindowExpired = "window_expired";
        /// Lost: the click came after the conversion.
        AfterConversion = "after_conversion";
        /// Lost: the partner had been terminated.
        PartnerTerminated = "partner_terminated";
        /// Lost: the ledger does not know the link.
        LinkUnknown = "link_unknown";
        /// Lost: the customer had bought before.
        RepeatCustomer = "repeat_customer";
        /// Lost: the coupon was in force no more.
        CouponExpired = "coupon_expired";
        /// Lost: the coupon was not in force yet.
        CouponNotBegun = "coupon_not_begun";
        /// Lost: the coupon is for another listing.
        CouponElsewhere = "coupon_elsewhere";
        /// Nobody's: no coupon has this code.
        CouponUnknown = "coupon_unknown";
        /// Nobody: the click id does not verify.
        ClickInvalid = "click_invalid";
        /// Nobody: neither a click id nor a known customer.
        NoTouch = "no_touch";
    }
}

impl Reason {
    /// Whether the touch of this verdict won, or lost to another alone: whether it might earn what its customer does next.
    #[must_use]
    #[inline]
    pub fn might_earn(self) -> bool {
        match self {
            Self::Click | Self::Customer | Self::Coupon => true,
            Self::NewerTouch | Self::OlderTouch | Self::CouponWins | Self::ClickWins | Self::NoShare => true,
            Self::WindowExpired | Self::AfterConversion | Self::PartnerTerminated | Self::LinkUnknown => {
                false
            }
            Self::RepeatCustomer | Self::CouponExpired | Self::CouponNotBegun | Self::CouponElsewhere => {
                false
            }
            Self::CouponUnknown | Self::ClickInvalid | Self::NoTouch => false,
        }
    }

    /// Whether the verdict is about the coupon itself, whatever the rules say.
    #[must_use]
    #[inline]
    pub fn is_of_coupon(self) -> bool {
        matches!(self, Self::CouponExpired | Self::CouponNotBegun | Self::CouponElsewhere)
    }
}

string_enum! {
    /// Whether somebody earns a conversion.
    AttributionStatus {
        /// Somebody does.
        Attributed = "attributed";
        /// Nobody does.
        Unattributed = "unattributed";
    }
}

string_enum! {
    /// What became of a touch.
    Outcome {
        /// It earns.
        Won = "won";
        /// It does not.
        Lost = "lost";
    }
}

string_enum! {
    /// Whether the visitor's earlier clicks were weighed.
    #[derive(Default)]
    TrailState {
        /// The model in force asks for none, or no click was named.
        #[default]
        NotNeeded = "not_needed";
        /// They were.
        Known = "known";
        /// The store of clicks could not tell them, so they were not.
        Unavailable = "unavailable";
    }
}

/// A click or a coupon that may earn credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The click id; of a coupon its id (see [`Touch::coupon`]).
    pub click_id: String,
    /// When it was clicked; of a coupon when it was used.
    pub at: Timestamp,
    /// Its link; 0 = it is a coupon.
    pub link_no: LinkNo,
    /// The link's or coupon's partner and the date of its termination; `None` if the ledger does not know the link.
    pub partner: Option<(PartnerNo, Option<Timestamp>)>,
    /// Who clicked: bots and prefetches may earn, but are flagged.
    pub class: Class,
    /// How it came to be a candidate.
    pub source: Source,
    /// The window of the link's listing, days, if it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<i64>,
    /// What is wrong with the coupon itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Reason>,
    /// It is new, and its customer had bought before; told where the rules ask for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_repeat: bool,
}

impl Touch {
    /// The coupon, if it is one. The two kinds of ids differ in length, so one column holds both (`customer_touches`,
    /// `conversion_credits`, `commissions`).
    #[must_use]
    #[inline]
    pub fn coupon(&self) -> Option<CouponId> {
        CouponId::parse(&self.click_id)
    }
}

/// A share of a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Index of the touch in the argument.
    pub touch: usize,
    /// Who earns.
    pub partner_no: PartnerNo,
    /// By which link; 0 = by a coupon.
    pub link_no: LinkNo,
    /// Basis points of the whole.
    pub share_bp: i64,
    /// How many of the credited touches are newer.
    pub newer: usize,
}

/// Who earns, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// Shares, in the order of the argument; they add up to the whole, or there are none.
    pub credits: Vec<Credit>,
    /// Why each touch won or lost, in the order of the argument.
    pub verdicts: Vec<Reason>,
    /// Why the conversion is attributed or not, in a word.
    pub reason: Reason,
}

impl Attribution {
    /// The largest credit, of equal ones the newest: under it the conversion itself is counted.
    #[must_use]
    #[inline]
    pub fn main(&self) -> Option<&Credit> {
        self.credits.iter().min_by_key(|credit| (credit.share_bp.saturating_neg(), credit.newer))
    }

    /// The parts of an amount that the credits stand for, in their order: by largest remainder, of equal ones the newest
    /// first, so that they add up to it. `None` if it is negative, or nobody is credited with it.
    #[must_use]
    #[inline]
    pub fn parts(&self, amount: i64) -> Option<Vec<i64>> {
        let mut newest_first: Vec<_> = self.credits.iter().enumerate().collect();
        newest_first.sort_by_key(|(_, credit)| credit.newer);
        let shares: Vec<_> = newest_first.iter().map(|(_, credit)| credit.share_bp).collect();
        let split = split_largest_remainder(amount, &shares)?;
        let mut placed: Vec<_> = newest_first.into_iter().map(|(index, _)| index).zip(split).collect();
        placed.sort_unstable();
        Some(placed.into_iter().map(|(_, part)| part).collect())
    }
}

/// Whether the touch may earn at all.
#[inline]
fn eligibility(touch: &Touch, occurred_at: Timestamp, rules: Rules) -> Result<PartnerNo, Reason> {
    let (partner_no, terminated_at) = touch.partner.ok_or(Reason::LinkUnknown)?;
    if let Some(reason) = touch.refused {
        return Err(reason);
    }
    if touch.at > occurred_at.plus_ms(CLOCK_SKEW_MS) {
        return Err(Reason::AfterConversion);
    }
    // A touch that an earlier conversion bound to the customer had its window checked then, and was new then.
    let is_new = touch.source != Source::Customer;
    let window_ms = touch.window_days.unwrap_or(rules.window_days).saturating_mul(DAY_MS);
    if is_new && touch.at.plus_ms(window_ms) < occurred_at {
        return Err(Reason::WindowExpired);
    }
    if terminated_at.is_some_and(|date| occurred_at > date) {
        return Err(Reason::PartnerTerminated);
    }
    if is_new && touch.is_repeat && rules.repeat_customers == RepeatCustomers::Ignore {
        return Err(Reason::RepeatCustomer);
    }
    Ok(partner_no)
}

/// A touch that may earn: its index, itself, its partner.
type Eligible<'a> = (usize, &'a Touch, PartnerNo);

/// Takes out what the kind of another touch beats, and says why. `order` is oldest first, and so is what is left.
#[inline]
fn precede(order: &mut Vec<Eligible<'_>>, verdicts: &mut [Option<Reason>], precedence: Precedence) {
    let is_coupon = |(_, touch, _): &Eligible<'_>| touch.coupon().is_some();
    let beaten = |from: usize, entry: &Eligible<'_>| match precedence {
        // A coupon beats what came before it was used; a click of after it competes by the model.
        Precedence::CouponFirst => {
            let later = order.iter().skip(from.saturating_add(1));
            (!is_coupon(entry) && later.into_iter().any(is_coupon)).then_some(Reason::CouponWins)
        }
        Precedence::ClickFirst => {
            (is_coupon(entry) && !order.iter().all(is_coupon)).then_some(Reason::ClickWins)
        }
    };
    let judged: Vec<_> =
        order.iter().enumerate().map(|(from, entry)| (*entry, beaten(from, entry))).collect();
    order.clear();
    for (entry, reason) in judged {
        match (reason, verdicts.get_mut(entry.0)) {
            (Some(reason), Some(verdict)) => *verdict = Some(reason),
            (Some(_) | None, _) => order.push(entry),
        }
    }
}

/// What each of the touches weighs, oldest first.
#[inline]
fn weights(order: &[Eligible<'_>], rules: Rules) -> Vec<i64> {
    let last = order.len().saturating_sub(1);
    let only = |index: usize| (0..order.len()).map(|n| i64::from(n == index)).collect();
    match rules.model {
        Model::LastTouch => only(last),
        Model::FirstTouch => only(0),
        Model::Linear => vec![1; order.len()],
        // 40 : 40, and 20 for those between: (2 : 2) × their number, and 1 each.
        Model::Position => {
            let between = i64::try_from(last.saturating_sub(1)).unwrap_or(0);
            let ends = between.saturating_mul(2).max(1);
            (0..order.len()).map(|n| if n == 0 || n == last { ends } else { 1 }).collect()
        }
        // Ratios alone count, so the newest may be given the age of 0: however old all are, it weighs one.
        Model::TimeDecay => {
            let newest = order.iter().map(|(_, touch, _)| touch.at.ms()).max().unwrap_or(0);
            let age = |touch: &Touch| newest.saturating_sub(touch.at.ms());
            order.iter().map(|(_, touch, _)| decay::weight(age(touch), rules.half_life_days)).collect()
        }
    }
}

/// Decides who earns a conversion that occurred at `occurred_at`.
#[must_use]
#[inline]
pub fn attribute(touches: &[Touch], occurred_at: Timestamp, rules: Rules) -> Attribution {
    let mut verdicts: Vec<Option<Reason>> = Vec::with_capacity(touches.len());
    let mut order: Vec<Eligible<'_>> = Vec::with_capacity(touches.len());
    for (index, touch) in touches.iter().enumerate() {
        let judged = eligibility(touch, occurred_at, rules);
        verdicts.push(judged.err());
        order.extend(judged.ok().map(|partner_no| (index, touch, partner_no)));
    }
    // Of touches of the same millisecond a coupon was used after a click, and the conversion's own click is the newer one.
    order.sort_by_key(|(_, touch, _)| (touch.at, touch.coupon().is_some(), touch.source == Source::Click));
    precede(&mut order, &mut verdicts, rules.precedence);
    let (lost, weights) = (lost_to(rules.model), weights(&order, rules));
    order.reverse();
    let newest_first: Vec<_> = weights.into_iter().rev().collect();
    let shares = split_largest_remainder(WHOLE_BP, &newest_first).unwrap_or_default();
    let mut credits = Vec::new();
    for ((touch, found, partner_no), share_bp) in order.into_iter().zip(shares) {
        let won = share_bp > 0;
        if let Some(verdict) = verdicts.get_mut(touch) {
            *verdict = Some(if won { won_by(found.source) } else { lost });
        }
        if won {
            let newer = credits.len();
            credits.push(Credit { touch, partner_no, link_no: found.link_no, share_bp, newer });
        }
    }
    credits.sort_by_key(|credit| credit.touch);
    // Each has its verdict by now.
    let verdicts: Vec<_> = verdicts.into_iter().map(|verdict| verdict.unwrap_or(lost)).collect();
    let mut attribution = Attribution { credits, verdicts, reason: Reason::NoTouch };
    attribution.reason = reason(touches, &attribution);
    attribution
}

/// The word for the whole: of the credited touch that earns most. If all lost, the newest one's is what a person would
/// ask about.
#[inline]
fn reason(touches: &[Touch], attribution: &Attribution) -> Reason {
    let asked_about = attribution.main().map(|credit| credit.touch);
    let newest = || touches.iter().enumerate().max_by_key(|(_, touch)| touch.at).map(|(index, _)| index);
    let found = asked_about.or_else(newest).and_then(|index| attribution.verdicts.get(index));
    found.copied().unwrap_or(Reason::NoTouch)
}

#[inline]
fn won_by(source: Source) -> Reason {
    match source {
        Source::Click | Source::Trail => Reason::Click,
        Source::Customer => Reason::Customer,
        Source::Coupon => Reason::Coupon,
    }
}

/// Why a touch that might have earned has no share.
#[inline]
fn lost_to(model: Model) -> Reason {
    match model {
        Model::LastTouch => Reason::NewerTouch,
        Model::FirstTouch => Reason::OlderTouch,
        Model::Linear | Model::Position | Model::TimeDecay => Reason::NoShare,
    }
}
