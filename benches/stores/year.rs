//! The cost of a year of a programme with the demo's terms: 200 partners of all kinds, 100,000 sales in three
//! currencies, a refund rate of 4 %, placements, and a monthly payout run with two API keys. It ends by checking the
//! trial balance.

use super::{
    figure,
    growth::Scratch,
    now,
    support::{Ledger, OPERATOR},
};
use serde_json::{Value as Json, json};
use signpost::{
    domain::values::{
        entropy::{Entropy, SeededEntropy},
        time::{DAY_MS, Timestamp},
    },
    store::{books::accounts, native::NativeSql},
};

const CONVERSIONS: i64 = 100_000;
const YEAR_MS: i64 = 365 * DAY_MS;
/// Kinds of partners, their number, and their plan: the rate in basis points, and those of the tiers at 5, 15 and 50
/// sales.
const KINDS: [(&str, usize, [i64; 4]); 8] = [
    ("consultant", 40, [2_000, 2_500, 2_800, 3_000]),
    ("agency", 20, [1_500, 2_000, 2_300, 2_500]),
    ("integrator", 10, [1_000, 1_500, 1_800, 2_000]),
    ("distributor", 5, [2_000, 2_500, 2_800, 3_000]),
    ("influencer", 50, [500, 500, 500, 500]),
    ("creator", 25, [500, 500, 500, 500]),
    ("media", 30, [500, 500, 500, 500]),
    ("affiliate", 20, [1_000, 1_500, 2_000, 2_500]),
];

struct Year {
    ledger: Ledger,
    dice: SeededEntropy,
    maker: String,
    partners: Vec<String>,
    links: Vec<u32>,
    sold: Vec<String>,
    refunded: i64,
}

impl Year {
    fn roll(&mut self, sides: usize) -> usize {
        let mut bytes = [0; 8];
        self.dice.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn open(sql: NativeSql) -> Self {
        let mut ledger = Ledger::over(sql);
        ledger.now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let plan = |(kind, _, rates): &(&str, usize, [i64; 4])| {
            let tiers = [5, 15, 50]
                .iter()
                .zip(&rates[1..])
                .map(|(sales, rate)| json!({"from_sales": sales, "rate_bp": rate}));
            json!({"name": kind, "effective_from": "2026-01-01T00:00:00Z", "applies_to": {"kind": kind}, "base": "net",
                "rate_bp": rates[0], "tiers": tiers.collect::<Vec<_>>(), "tier_mode": "from_then_on"})
        };
        let terms = json!({"name": "A year", "currency": "EUR", "hold_days": 30, "timezone": "Europe/Berlin",
            "plans": KINDS.iter().map(plan).collect::<Vec<_>>(), "referral": {"rate_bp": 300, "months": 12}});
        assert_eq!(ledger.put("/v1/program", &terms).status, 200);
        let listing = ledger.listing("https://shop.example/buy");
        let (mut partners, mut links) = (Vec::new(), Vec::new());
        for (kind, count, _) in KINDS {
            for n in 0..count {
                let by = partners.last().filter(|_| n % 10 == 9);
                let body = json!({"name": format!("{kind} {n}"), "kind": kind, "referred_by": by,
                    "currency": if n % 9 == 8 { "USD" } else { "EUR" }});
                let partner = ledger.post("/v1/partners", &body).text("/id");
                let details = json!({"method": "manual", "legal_name": "P"});
                assert_eq!(
                    ledger.put(&format!("/v1/partners/{partner}/payout-details"), &details).status,
                    200
                );
                links.push(ledger.link(&partner, &listing).1);
                partners.push(partner);
            }
        }
        let maker = ledger.key(&["payouts:write"], None);
        Self { ledger, dice: SeededEntropy::new(2026), maker, partners, links, sold: Vec::new(), refunded: 0 }
    }

    fn sell(&mut self, number: i64) {
        let link = self.roll(self.links.len());
        let click = self.ledger.click(self.links[link]);
        let currency = ["EUR", "EUR", "EUR", "EUR", "EUR", "EUR", "EUR", "EUR", "USD", "JPY"][self.roll(10)];
        let amount = i64::try_from(1_000 + self.roll(99_000)).unwrap();
        let body = json!({"type": "sale", "external_id": format!("o-{number}"), "click_id": click, "amount": amount,
            "tax": amount * 19 / 119, "currency": currency, "customer_id": format!("c-{}", self.roll(60_000))});
        let sale = self.ledger.post("/v1/conversions", &body);
        assert_eq!(sale.status, 201, "{}", sale.raw.body);
        self.sold.push(sale.text("/id"));
        if number % 25 == 24 {
            self.refund();
        }
    }

    /// Refunds a random sale in part or in full. Most have been paid out by then.
    fn refund(&mut self) {
        let sale = self.roll(self.sold.len());
        let sale = self.sold[sale].clone();
        let amount = [Json::Null, json!(500)][self.roll(2)].clone();
        let body = json!({"external_id": format!("r-{}", self.ledger.now), "amount": amount});
        let response = self.ledger.post(&format!("/v1/conversions/{sale}/refunds"), &body);
        // The API rejects the refund if less than its amount remains.
        assert!([201, 422].contains(&response.status), "{}", response.raw.body);
        self.refunded += i64::from(response.status == 201);
    }

    fn place(&mut self, month: usize) {
        for n in 0..20 {
            let partner = 75 + self.roll(100);
            let partner = self.partners[partner].clone();
            let fee = i64::try_from(50_000 + self.roll(150_000)).unwrap();
            let body = json!({"partner_id": partner, "kind": "post", "title": "Post", "external_id": format!("p-{month}-{n}"),
                "fee": {"amount": fee, "currency": "EUR"}});
            assert_eq!(self.ledger.post("/v1/placements", &body).status, 201);
        }
    }

    /// Pays the commissions that became payable in the previous month.
    fn pay(&mut self, from: &str, to: &str) {
        let rates = ["USD EUR 0.9231", "JPY EUR 0.0061", "EUR USD 1.0833", "JPY USD 0.0066"].map(|rate| {
            let words: Vec<&str> = rate.split(' ').collect();
            json!({"date": to, "from": words[0], "to": words[1], "rate": words[2]})
        });
        assert_eq!(self.ledger.put("/v1/fx", &json!({ "rates": rates })).status, 200);
        let body = json!({"period": {"from": from, "to": to}}).to_string();
        let run = self.ledger.call(&self.maker, "POST", "/v1/payouts/runs", &body, None);
        assert_eq!(run.status, 201, "{}", run.raw.body);
        let run = run.text("/id");
        let approved =
            self.ledger.call(OPERATOR, "POST", &format!("/v1/payouts/runs/{run}/approve"), "", None);
        assert_eq!(approved.status, 200, "{}", approved.raw.body);
        let open = self.ledger.get(&format!("/v1/payouts?run_id={run}&status=open&limit=200")).json;
        for (n, payout) in open["data"].as_array().unwrap().iter().enumerate() {
            let id = payout["id"].as_str().unwrap();
            // One payout in fifty fails.
            let (end, body) = if n % 50 == 49 {
                ("failed", json!({"reason": "account closed"}))
            } else {
                ("paid", json!({"reference": format!("bank-{id}")}))
            };
            assert_eq!(self.ledger.post(&format!("/v1/payouts/{id}/{end}"), &body).status, 200);
        }
    }
}

/// The first and last day of each month of 2026. Each month is paid by a run on the day after it.
const MONTHS: [(&str, &str); 12] = [
    ("2026-01-01", "2026-01-31"),
    ("2026-02-01", "2026-02-28"),
    ("2026-03-01", "2026-03-31"),
    ("2026-04-01", "2026-04-30"),
    ("2026-05-01", "2026-05-31"),
    ("2026-06-01", "2026-06-30"),
    ("2026-07-01", "2026-07-31"),
    ("2026-08-01", "2026-08-31"),
    ("2026-09-01", "2026-09-30"),
    ("2026-10-01", "2026-10-31"),
    ("2026-11-01", "2026-11-30"),
    ("2026-12-01", "2026-12-31"),
];

pub fn run() {
    let since = now();
    let file = Scratch::new("year");
    let mut year = Year::open(file.database());
    let start = year.ledger.now;
    let mut number = 0;
    for (month, (from, to)) in MONTHS.into_iter().enumerate() {
        let ends = Timestamp::parse(&format!("{to}T23:59:59.999Z")).unwrap();
        year.place(month);
        while number < CONVERSIONS && start.plus_ms(number * (YEAR_MS / CONVERSIONS)) <= ends {
            year.ledger.now = start.plus_ms(number * (YEAR_MS / CONVERSIONS));
            year.sell(number);
            number += 1;
        }
        year.ledger.now = ends.plus_ms(DAY_MS);
        year.pay(from, to);
        eprintln!("a year: {to}, {number} sales, {:.1} s", since.elapsed().as_secs_f64());
    }
    year.ledger.audit();
    let sales = since.elapsed().as_secs_f64();
    let balance = year.ledger.get("/v1/ledger/trial-balance").json;
    eprintln!("{balance:#}");
    for total in balance["totals"].as_array().into_iter().flatten() {
        assert_eq!(total["debits"], total["credits"], "{total}");
    }
    assert_eq!(accounts::discrepancies(&year.ledger.sql).unwrap(), Vec::<String>::new());
    let compares = "native, in a file without a disk behind it: 200 partners, 10^5 sales, refunds at 4 %, 240 placements, 12 payout runs";
    figure("a year of the programme", sales, "s", None, compares);
    figure("a year of the programme: refunds booked", year.refunded as f64, "", None, compares);
}
