//! Attribution: decides which touches earn a conversion. It is a pure function that can be rerun, and returns the
//! reason why each candidate touch won or lost.

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

/// How much later than the conversion a click named by it may be. Clocks differ, and many shops truncate times to whole
/// seconds or minutes.
pub const CLOCK_SKEW_MS: i64 = 5 * 60 * 1000;

string_enum! {
    /// How a touch became a candidate.
    Source {
        /// The conversion contains its click id.
        Click = "click";
        /// An earlier conversion bound it to the customer.
        Customer = "customer";
        /// The visitor made it before the click that the conversion names.
        Trail = "trail";
        /// The conversion contains the coupon's code.
        Coupon = "coupon";
    }
}

string_enum! {
    /// The reason that a touch won or lost, or that a conversion is unattributed.
    Reason {
        /// Won: the click that the conversion names, or an earlier click of the same visitor.
        Click = "click";
        /// Won: an earlier conversion bound it to the customer.
        Customer = "customer";
        /// Won: the coupon that was used.
        Coupon = "coupon";
        /// Lost: another touch is newer.
        NewerTouch = "newer_touch";
        /// Lost: another touch is older.
        OlderTouch = "older_touch";
        /// Lost: a coupon was used after it.
        CouponWins = "coupon_wins";
        /// Lost: clicks take precedence over coupons.
        ClickWins = "click_wins";
        /// Lost: its share is less than one basis point.
        NoShare = "no_share";
        /// Lost: the click is older than the attribution window.
        WindowExpired = "window_expired";
        /// Lost: the click was made after the conversion.
        AfterConversion = "after_conversion";
        /// Lost: the partner was terminated before the conversion.
        PartnerTerminated = "partner_terminated";
        /// Lost: the ledger does not know the link.
        LinkUnknown = "link_unknown";
        /// Lost: the customer had bought before.
        RepeatCustomer = "repeat_customer";
        /// Lost: the coupon is no longer valid.
        CouponExpired = "coupon_expired";
        /// Lost: the coupon is not valid yet.
        CouponNotBegun = "coupon_not_begun";
        /// Lost: the coupon is for another listing.
        CouponElsewhere = "coupon_elsewhere";
        /// Unattributed: no coupon has this code.
        CouponUnknown = "coupon_unknown";
        /// Unattributed: the click id does not verify.
        ClickInvalid = "click_invalid";
        /// Unattributed: the conversion has neither a click id nor a known customer.
        NoTouch = "no_touch";
    }
}

impl Reason {
    /// Returns whether a touch with this verdict won, or lost only to another touch, so that it may earn later
    /// conversions of the customer.
    #[must_use]
    pub fn is_eligible(self) -> bool {
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
}

string_enum! {
    /// Whether a conversion is attributed.
    AttributionStatus {
        /// At least one partner is credited.
        Attributed = "attributed";
        /// No partner is credited.
        Unattributed = "unattributed";
    }
}

string_enum! {
    /// The outcome for a touch.
    Outcome {
        /// The touch is credited.
        Won = "won";
        /// The touch is not credited.
        Lost = "lost";
    }
}

string_enum! {
    /// Whether the visitor's earlier clicks were taken into account.
    #[derive(Default)]
    TrailState {
        /// The attribution model does not use them, or the conversion names no click.
        #[default]
        NotNeeded = "not_needed";
        /// They were taken into account.
        Known = "known";
        /// The click log was not available, so they were not taken into account.
        Unavailable = "unavailable";
    }
}

/// What makes a touch: a click on a link, or the use of a coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TouchOrigin {
    /// A click.
    Click {
        /// The click id.
        click_id: String,
        /// The link.
        link_no: LinkNo,
    },
    /// The use of a coupon.
    Coupon {
        /// The coupon.
        coupon_id: CouponId,
    },
}

impl TouchOrigin {
    /// Returns the click id or the coupon's id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Click { click_id, .. } => click_id,
            Self::Coupon { coupon_id } => coupon_id.as_str(),
        }
    }

    /// Returns the click id, or `None` for a coupon.
    #[must_use]
    pub fn click_id(&self) -> Option<&str> {
        match self {
            Self::Click { click_id, .. } => Some(click_id),
            Self::Coupon { .. } => None,
        }
    }

    /// Returns the link of a click, or `None` for a coupon.
    #[must_use]
    pub fn link_no(&self) -> Option<LinkNo> {
        match self {
            Self::Click { link_no, .. } => Some(*link_no),
            Self::Coupon { .. } => None,
        }
    }

    /// Returns the coupon, or `None` for a click.
    #[must_use]
    pub fn coupon_id(&self) -> Option<&CouponId> {
        match self {
            Self::Click { .. } => None,
            Self::Coupon { coupon_id } => Some(coupon_id),
        }
    }
}

/// A click or a coupon that may earn credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// The click or the coupon.
    pub origin: TouchOrigin,
    /// When the link was clicked or the coupon was used.
    pub at: Timestamp,
    /// The partner of the link or coupon, and when it was terminated; `None` if the ledger does not know the link.
    pub partner: Option<(PartnerNo, Option<Timestamp>)>,
    /// The kind of client that clicked. Bots and prefetches may earn, but are flagged.
    pub class: Class,
    /// How it became a candidate.
    pub source: Source,
    /// The attribution window of the link's listing in days, if it has its own.
    pub window_days: Option<i64>,
    /// The reason that the coupon is not valid, if it is not.
    pub refused: Option<Reason>,
    /// Whether the touch is new and its customer had bought before. It is set only if the rules depend on it.
    pub is_repeat: bool,
}

impl Touch {
    /// Returns the coupon if the touch is the use of one.
    #[must_use]
    pub fn coupon(&self) -> Option<&CouponId> {
        self.origin.coupon_id()
    }
}

/// A share of a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The index of the touch in the argument.
    pub touch: usize,
    /// The credited partner.
    pub partner_no: PartnerNo,
    /// The share in basis points.
    pub share_bp: i64,
    /// The number of newer credited touches.
    pub newer: usize,
}

/// The result of attribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// The credits, in the order of the argument. Their shares add up to the whole, or the list is empty.
    pub credits: Vec<Credit>,
    /// The reason that each touch won or lost, in the order of the argument.
    pub verdicts: Vec<Reason>,
    /// The reason for the result as a whole.
    pub reason: Reason,
}

impl Attribution {
    /// Returns the largest credit, or the newest of equal ones. The conversion itself is counted under it.
    #[must_use]
    pub fn main(&self) -> Option<&Credit> {
        self.credits.iter().min_by_key(|credit| (credit.share_bp.saturating_neg(), credit.newer))
    }

    /// Splits an amount among the credits, in their order, by the largest remainder method. Remaining units go to newer
    /// credits first when remainders are equal, so that the parts add up to the amount. Returns `None` if the amount is
    /// negative, or if it is not zero and there are no credits.
    #[must_use]
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

/// Returns the partner of a touch that may earn, or the reason that it may not.
fn eligibility(touch: &Touch, occurred_at: Timestamp, rules: Rules) -> Result<PartnerNo, Reason> {
    let (partner_no, terminated_at) = touch.partner.ok_or(Reason::LinkUnknown)?;
    if let Some(reason) = touch.refused {
        return Err(reason);
    }
    if touch.at > occurred_at.plus_ms(CLOCK_SKEW_MS) {
        return Err(Reason::AfterConversion);
    }
    // An earlier conversion bound the touch to the customer; its window was checked then, when the touch was new.
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

/// A touch that may earn: its index, the touch, and its partner.
type Eligible<'a> = (usize, &'a Touch, PartnerNo);

/// Removes the touches that another kind of touch takes precedence over, and records their verdicts. `order` is sorted
/// oldest first and stays so.
fn apply_precedence(order: &mut Vec<Eligible<'_>>, verdicts: &mut [Option<Reason>], precedence: Precedence) {
    let is_coupon = |(_, touch, _): &Eligible<'_>| touch.coupon().is_some();
    let reason_to_lose = |from: usize, entry: &Eligible<'_>| match precedence {
        // A coupon beats clicks made before it was used. Clicks made afterwards compete under the model.
        Precedence::CouponFirst => {
            let later = order.iter().skip(from.saturating_add(1));
            (!is_coupon(entry) && later.into_iter().any(is_coupon)).then_some(Reason::CouponWins)
        }
        Precedence::ClickFirst => {
            (is_coupon(entry) && !order.iter().all(is_coupon)).then_some(Reason::ClickWins)
        }
    };
    let with_reasons: Vec<_> =
        order.iter().enumerate().map(|(from, entry)| (*entry, reason_to_lose(from, entry))).collect();
    order.clear();
    for (entry, reason) in with_reasons {
        match (reason, verdicts.get_mut(entry.0)) {
            (Some(reason), Some(verdict)) => *verdict = Some(reason),
            (Some(_) | None, _) => order.push(entry),
        }
    }
}

/// Returns the weight of each touch, oldest first.
fn weights(order: &[Eligible<'_>], rules: Rules) -> Vec<i64> {
    let last = order.len().saturating_sub(1);
    let only = |index: usize| (0..order.len()).map(|n| i64::from(n == index)).collect();
    match rules.model {
        Model::LastTouch => only(last),
        Model::FirstTouch => only(0),
        Model::Linear => vec![1; order.len()],
        // 40 % for each end and 20 % for those in between: weight 2 × their number for each end, and 1 for each of
        // them.
        Model::Position => {
            let between = i64::try_from(last.saturating_sub(1)).unwrap_or(0);
            let ends = between.saturating_mul(2).max(1);
            (0..order.len()).map(|n| if n == 0 || n == last { ends } else { 1 }).collect()
        }
        // Only ratios matter, so the newest touch gets age 0. Its weight is then one, however old all touches are.
        Model::TimeDecay => {
            let newest = order.iter().map(|(_, touch, _)| touch.at.ms()).max().unwrap_or(0);
            let age = |touch: &Touch| newest.saturating_sub(touch.at.ms());
            order.iter().map(|(_, touch, _)| decay::weight(age(touch), rules.half_life_days)).collect()
        }
    }
}

/// Decides who earns a conversion that occurred at `occurred_at`.
#[must_use]
pub fn attribute(touches: &[Touch], occurred_at: Timestamp, rules: Rules) -> Attribution {
    let mut verdicts: Vec<Option<Reason>> = Vec::with_capacity(touches.len());
    let mut order: Vec<Eligible<'_>> = Vec::with_capacity(touches.len());
    for (index, touch) in touches.iter().enumerate() {
        let eligibility = eligibility(touch, occurred_at, rules);
        verdicts.push(eligibility.err());
        order.extend(eligibility.ok().map(|partner_no| (index, touch, partner_no)));
    }
    // Within a millisecond, a coupon counts as used after a click, and the conversion's own click is the newest click.
    order.sort_by_key(|(_, touch, _)| (touch.at, touch.coupon().is_some(), touch.source == Source::Click));
    apply_precedence(&mut order, &mut verdicts, rules.precedence);
    let (lost, weights) = (losing_reason(rules.model), weights(&order, rules));
    order.reverse();
    let newest_first: Vec<_> = weights.into_iter().rev().collect();
    let shares = split_largest_remainder(WHOLE_BP, &newest_first).unwrap_or_default();
    let mut credits = Vec::new();
    for ((touch, found, partner_no), share_bp) in order.into_iter().zip(shares) {
        let won = share_bp > 0;
        if let Some(verdict) = verdicts.get_mut(touch) {
            *verdict = Some(if won { winning_reason(found.source) } else { lost });
        }
        if won {
            let newer = credits.len();
            credits.push(Credit { touch, partner_no, share_bp, newer });
        }
    }
    credits.sort_by_key(|credit| credit.touch);
    // Every touch has a verdict at this point.
    let verdicts: Vec<_> = verdicts.into_iter().map(|verdict| verdict.unwrap_or(lost)).collect();
    let mut attribution = Attribution { credits, verdicts, reason: Reason::NoTouch };
    attribution.reason = reason(touches, &attribution);
    attribution
}

/// Returns the reason for the result as a whole: the verdict of the largest credit or, if all touches lost, of the
/// newest touch, because that is the one that needs explaining.
fn reason(touches: &[Touch], attribution: &Attribution) -> Reason {
    let largest_credit = attribution.main().map(|credit| credit.touch);
    let newest = || touches.iter().enumerate().max_by_key(|(_, touch)| touch.at).map(|(index, _)| index);
    let found = largest_credit.or_else(newest).and_then(|index| attribution.verdicts.get(index));
    found.copied().unwrap_or(Reason::NoTouch)
}

fn winning_reason(source: Source) -> Reason {
    match source {
        Source::Click | Source::Trail => Reason::Click,
        Source::Customer => Reason::Customer,
        Source::Coupon => Reason::Coupon,
    }
}

/// Returns the verdict of an eligible touch without a share.
fn losing_reason(model: Model) -> Reason {
    match model {
        Model::LastTouch => Reason::NewerTouch,
        Model::FirstTouch => Reason::OlderTouch,
        Model::Linear | Model::Position | Model::TimeDecay => Reason::NoShare,
    }
}
