//! A programme in the month after the one that is paid.

use crate::support::{Answer, Ledger, Scenario};
use serde_json::{Value as Json, json};
use signpost::{
    domain::values::{id::PartnerId, time::Timestamp},
    store::{Sql, books::accounts, native::NativeSql, programme::partners},
};

/// A Ledger with keys that make and approve runs.
pub struct World<S: Sql = NativeSql> {
    pub ledger: Ledger<S>,
    pub maker: String,
    pub checker: String,
    sales: u32,
}

/// The period that most tests pay.
pub fn october() -> Json {
    json!({"from": "2026-10-01", "to": "2026-10-31"})
}

pub const PAYER: &str = "DE89370400440532013000";

impl World {
    pub fn new() -> Self {
        Self::over(NativeSql::in_memory().unwrap())
    }
}

impl<S: Sql> World<S> {
    /// The clock stands in October, so that what is sold becomes payable in it.
    pub fn over(sql: S) -> Self {
        let mut ledger = Ledger::over(sql);
        ledger.now = Timestamp::parse("2026-10-15T09:00:00Z").unwrap();
        let terms = json!({"name": "Acme", "currency": "EUR", "hold_days": 0, "payer": {
            "legal_name": "Acme GmbH", "iban": PAYER, "bic": "COBADEFFXXX", "tax_id": "DE123456789",
            "address": {"street": "Hauptstraße 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
        }});
        assert_eq!(ledger.put("/v1/program", &terms).status, 200);
        let (maker, checker) =
            (ledger.key(&["read", "payouts:write"], None), ledger.key(&["read", "payouts:write"], None));
        Self { ledger, maker, checker, sales: 0 }
    }

    pub fn at(&mut self, time: &str) {
        self.ledger.now = Timestamp::parse(time).unwrap();
    }

    /// A partner who earns everything it sells, paid in `currency` by hand.
    pub fn partner(&mut self, name: &str, currency: Option<&str>) -> Scenario {
        let scenario = self.partner_without_details(name, currency);
        let target = format!("/v1/partners/{}/payout-details", scenario.partner);
        let set = self.ledger.put(&target, &json!({"method": "manual", "legal_name": name}));
        assert_eq!(set.status, 200, "{}", set.raw.body);
        scenario
    }

    /// A partner who earns everything it sells and has not said where it is to be paid.
    pub fn partner_without_details(&mut self, name: &str, currency: Option<&str>) -> Scenario {
        let body = json!({"name": name, "kind": "influencer", "commission_bp": 10_000, "currency": currency});
        let answer = self.ledger.post("/v1/partners", &body);
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        let partner = answer.text("/id");
        let listing = self.ledger.listing("https://shop.example/buy");
        let (link, link_no) = self.ledger.link(&partner, &listing);
        Scenario { partner, listing, link, link_no }
    }

    /// A sale that earns its whole amount; the conversion's id.
    pub fn sale(&mut self, scenario: &Scenario, amount: i64, currency: &str) -> String {
        self.sales += 1;
        let click = self.ledger.click(scenario.link_no);
        let body = json!({"type": "sale", "external_id": format!("o-{}", self.sales), "click_id": click, "amount": amount,
            "currency": currency});
        let answer = self.ledger.post("/v1/conversions", &body);
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        // Its hold is over at once; the next request ends it.
        self.ledger.get("/v1/program");
        answer.text("/id")
    }

    pub fn refund(&mut self, conversion: &str, external_id: &str, amount: i64) {
        let body = json!({"external_id": external_id, "amount": amount});
        assert_eq!(self.ledger.post(&format!("/v1/conversions/{conversion}/refunds"), &body).status, 201);
    }

    pub fn by(&mut self, key: &str, method: &str, target: &str, body: &Json) -> Answer {
        self.ledger.call(key, method, target, &body.to_string(), None)
    }

    pub fn make(&mut self, body: &Json) -> Answer {
        let maker = self.maker.clone();
        self.by(&maker, "POST", "/v1/payouts/runs", body)
    }

    /// A draft of a period; its id.
    pub fn draft(&mut self, period: Json) -> String {
        let answer = self.make(&json!({"period": period}));
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer.text("/id")
    }

    pub fn approve(&mut self, run: &str) -> Answer {
        let checker = self.checker.clone();
        self.by(&checker, "POST", &format!("/v1/payouts/runs/{run}/approve"), &json!({}))
    }

    /// An approved run of a period; its id.
    pub fn run(&mut self, period: Json) -> String {
        let run = self.draft(period);
        let answer = self.approve(&run);
        assert_eq!(answer.status, 200, "{}", answer.raw.body);
        run
    }

    /// A run's payouts that stand so, in their order.
    pub fn payouts(&mut self, run: &str, status: &str) -> Vec<Json> {
        let answer = self.ledger.get(&format!("/v1/payouts?run_id={run}&status={status}&limit=200"));
        assert_eq!(answer.status, 200, "{}", answer.raw.body);
        let mut all = answer.json["data"].as_array().unwrap().clone();
        all.reverse();
        all
    }

    pub fn pay(&mut self, payout: &Json, reference: &str) -> Answer {
        let target = format!("/v1/payouts/{}/paid", payout["id"].as_str().unwrap());
        self.ledger.post(&target, &json!({"reference": reference}))
    }

    pub fn fail(&mut self, payout: &Json, reason: &str) -> Answer {
        let target = format!("/v1/payouts/{}/failed", payout["id"].as_str().unwrap());
        self.ledger.post(&target, &json!({"reason": reason}))
    }

    pub fn set_rate(&mut self, date: &str, from: &str, to: &str, rate: &str) -> Answer {
        self.ledger.put("/v1/fx", &json!({"rates": [{"date": date, "from": from, "to": to, "rate": rate}]}))
    }

    /// `[pending, payable, in payout, paid, reversed]` of a partner in a currency. What is in payouts is part of what is
    /// payable, and told by the accounts alone.
    pub fn balance(&mut self, partner: &str, currency: &str) -> [i64; 5] {
        let answer = self.ledger.get(&format!("/v1/balances?partner_id={partner}"));
        let rows = answer.json["data"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["currency"] == currency).unwrap_or_default();
        let no = partners::by_id(&self.ledger.sql, &PartnerId::parse(partner).unwrap()).unwrap().unwrap().no;
        let accounts = accounts::balances(&self.ledger.sql, Some(no)).unwrap().into_iter();
        let mut own = accounts.filter(|balance| balance.currency.code() == currency);
        let in_payout = own.next().map_or(0, |balance| i64::try_from(balance.in_payout).unwrap());
        let shown = |name: &str| row[name].as_i64().unwrap_or(0);
        [shown("pending"), shown("payable"), in_payout, shown("paid"), shown("reversed")]
    }

    /// The books must balance, and what is open of the commissions must be what is payable.
    pub fn audit(&self) {
        self.ledger.audit();
        let statement = "SELECT * FROM (SELECT partner_no, currency, sum(open) AS off FROM (\
            SELECT partner_no, currency, amount - reversed - settled + written_off AS open FROM commissions \
            WHERE status <> 'pending' UNION ALL SELECT y.partner_no, m.currency, -i.amount FROM payouts y \
            JOIN payout_items i ON i.payout_no = y.no JOIN commissions m ON m.no = i.commission_no WHERE y.status = 'open' UNION ALL \
            SELECT partner_no, currency, debits - credits FROM accounts WHERE account = 'payable') \
            GROUP BY partner_no, currency) WHERE off <> 0";
        // What came from other currencies leaves with the payout, so nothing of it stays payable.
        assert_eq!(self.ledger.sql.exec(statement, &[]).unwrap(), vec![]);
    }
}
