//! A model of the Ledger in a few lines: it computes the expected state from the requests.

use std::collections::BTreeMap;

pub const DAY: i64 = 86_400_000;
const SKEW: i64 = 300_000;
const WINDOW: i64 = 30 * DAY;
/// At most this many touches of a customer are considered.
const WEIGHED: usize = 50;
const HOUR: i64 = 3_600_000;
/// The fraud rules in force.
pub const VELOCITY: usize = 3;
pub const MIN_SECONDS: i64 = 1;

/// A request, and the commission that it should earn.
pub struct ReportedConversion<'a> {
    pub id: String,
    pub kind: &'static str,
    pub customer: Option<&'a str>,
    pub amount: i64,
    pub currency: &'static str,
    pub occurred_at: i64,
    pub now: i64,
    pub winner: Option<usize>,
    pub partner: Option<usize>,
    pub commission: i64,
}

pub struct Partner {
    pub id: String,
    pub bp: i64,
    pub terminated_at: Option<i64>,
}

pub struct Link {
    pub id: String,
    pub no: u32,
    pub partner: usize,
}

pub struct Click {
    pub id: String,
    pub at: i64,
    pub link: usize,
}

pub struct Conversion {
    pub id: String,
    pub amount: i64,
    pub currency: &'static str,
    pub partner: Option<usize>,
    pub commission: i64,
    pub refunded: i64,
    pub reversed: i64,
    pub matures_at: i64,
    /// Why it is held until it is released.
    pub held: Vec<&'static str>,
    pub is_rejected: bool,
    accepted_at: i64,
    customer: Option<String>,
    kind: &'static str,
}

impl Conversion {
    /// Whether the whole commission was taken back.
    pub fn is_reversed(&self) -> bool {
        self.is_rejected || (self.commission > 0 && self.reversed == self.commission)
    }
}

#[derive(Default)]
pub struct Model {
    pub partners: Vec<Partner>,
    pub links: Vec<Link>,
    pub clicks: Vec<Click>,
    pub conversions: Vec<Conversion>,
    /// Target, body, and first response.
    pub requests: Vec<(String, serde_json::Value, String)>,
    customers: BTreeMap<String, Vec<usize>>,
    /// The number of released, and of rejected commissions.
    pub released: usize,
    pub rejected: usize,
}

/// `amount × part / whole`, half up.
pub fn half_up(amount: i64, part: i64, whole: i64) -> i64 {
    let (amount, part, whole) = (i128::from(amount), i128::from(part), i128::from(whole));
    i64::try_from((2 * amount * part + whole) / (2 * whole)).unwrap()
}

impl Model {
    /// The click that earns by last touch. Binds the conversion's own click to its customer if it is valid.
    pub fn attribute(
        &mut self,
        click: Option<usize>,
        customer: Option<&str>,
        occurred_at: i64,
    ) -> Option<usize> {
        let bound: Vec<usize> =
            customer.and_then(|name| self.customers.get(name)).cloned().unwrap_or_default();
        let mut weighed = bound.clone();
        weighed.sort_by_key(|index| std::cmp::Reverse(self.clicks[*index].at));
        weighed.truncate(WEIGHED);
        let earns = |index: usize| {
            let click = &self.clicks[index];
            let ended = self.partners[self.links[click.link].partner].terminated_at;
            click.at <= occurred_at + SKEW && ended.is_none_or(|ended| occurred_at <= ended)
        };
        let own = click
            .filter(|index| !weighed.contains(index))
            .filter(|index| earns(*index) && self.clicks[*index].at + WINDOW >= occurred_at);
        let candidates = weighed.iter().copied().filter(|index| earns(*index)).chain(own);
        let winner = candidates.max_by_key(|index| self.clicks[*index].at);
        if let (Some(own), Some(name)) = (own.filter(|own| !bound.contains(own)), customer) {
            self.customers.entry(name.to_owned()).or_default().push(own);
        }
        winner
    }

    /// Records a conversion and the reasons for its hold.
    pub fn accept(&mut self, reported: ReportedConversion<'_>) -> &Conversion {
        let mut conversion = Conversion {
            id: reported.id,
            amount: reported.amount,
            currency: reported.currency,
            partner: reported.partner,
            commission: reported.commission,
            refunded: 0,
            reversed: 0,
            matures_at: reported.occurred_at + 30 * DAY,
            held: Vec::new(),
            is_rejected: false,
            accepted_at: reported.now,
            customer: reported.customer.map(str::to_owned),
            kind: reported.kind,
        };
        if let (Some(partner), Some(click)) = (reported.partner, reported.winner) {
            let is_own = reported.customer == Some(self.partners[partner].id.as_str());
            let hour = |other: &&Conversion| {
                other.partner == Some(partner) && other.accepted_at > reported.now - HOUR
            };
            let same = |other: &Conversion| {
                other.partner.is_some()
                    && other.kind == reported.kind
                    && other.customer.as_deref() == reported.customer
            };
            let is_repeat = reported.kind == "subscription_started"
                && reported.customer.is_some()
                && self.conversions.iter().any(same);
            let reasons = [
                (is_own, "self_referral"),
                (self.conversions.iter().filter(hour).count() >= VELOCITY, "velocity"),
                (reported.occurred_at - self.clicks[click].at < MIN_SECONDS * 1000, "impossible_time"),
                (is_repeat, "duplicate_customer"),
            ];
            conversion.held =
                reasons.into_iter().filter_map(|(held, reason)| held.then_some(reason)).collect();
        }
        self.conversions.push(conversion);
        self.conversions.last().unwrap()
    }

    /// The number of touches that are bound to customers.
    pub fn bound(&self) -> usize {
        self.customers.values().map(Vec::len).sum()
    }

    /// Pending, payable, paid and reversed by partner and currency; no row for a partner who never earned anything.
    pub fn balances(&self, now: i64) -> Vec<((String, String), [i64; 4])> {
        let mut sums: BTreeMap<(String, String), [i64; 4]> = BTreeMap::new();
        for conversion in self.conversions.iter().filter(|conversion| conversion.commission > 0) {
            let Some(partner) = conversion.partner else { continue };
            let owner = (self.partners[partner].id.clone(), conversion.currency.to_owned());
            let sums = sums.entry(owner).or_default();
            let is_payable = conversion.matures_at <= now && conversion.held.is_empty();
            sums[usize::from(is_payable)] += conversion.commission - conversion.reversed;
            sums[3] += conversion.reversed;
        }
        sums.into_iter().collect()
    }

    /// Revenue, refunds and commission by currency; of one partner, or of all and nobody.
    pub fn report(&self, partner: Option<usize>) -> [Vec<(String, i64)>; 3] {
        let mut sums: BTreeMap<String, [i64; 3]> = BTreeMap::new();
        for conversion in self.conversions.iter().filter(|c| partner.is_none() || c.partner == partner) {
            let sums = sums.entry(conversion.currency.to_owned()).or_default();
            sums[0] += conversion.amount;
            sums[1] += conversion.refunded;
            sums[2] += conversion.commission - conversion.reversed;
        }
        [0, 1, 2].map(|part| sums.iter().map(|(currency, sums)| (currency.clone(), sums[part])).collect())
    }
}
