//! Random operations are compared with a small model: partners, links, clicks, conversions, refunds, releases,
//! rejections, terminations, pauses, waits, retries and conflicts.
//!
//! These tests fail if a commission is held for another reason than the model's; if a conversion is credited to
//! another click; if an amount differs by one unit; if a retried or refused request writes anything; if the books do
//! not balance; if a report or the balances differ from the model; or if a row differs between SQLite and workerd's
//! binding of it.

mod model;
mod review;

use crate::support::{Ledger, double_bound::DoubleBound, random::seeds, rows};
use model::{DAY, MIN_SECONDS, Model, ReportedConversion, VELOCITY, half_up};
use serde_json::{Value as Json, json};
use signpost::{
    domain::values::entropy::{Entropy, SeededEntropy},
    store::{Sql, native::NativeSql},
};

/// A Ledger, the model of it, and a random generator.
struct Run<S: Sql> {
    ledger: Ledger<S>,
    model: Model,
    dice: SeededEntropy,
    listing: String,
}

const CURRENCIES: [&str; 3] = ["EUR", "JPY", "KWD"];

impl<S: Sql> Run<S> {
    fn new(sql: S, seed: u64) -> Self {
        let mut ledger = Ledger::over(sql);
        let fraud = json!({"velocity_per_hour": VELOCITY, "min_seconds_from_click": MIN_SECONDS});
        assert_eq!(ledger.put("/v1/program", &json!({"fraud": fraud})).status, 200);
        let listing = ledger.listing("https://shop.example");
        let mut run = Self { ledger, model: Model::default(), dice: SeededEntropy::new(seed), listing };
        (0..3).for_each(|_| run.add_partner());
        (0..6).for_each(|_| run.add_link());
        (0..6).for_each(|_| run.click());
        run
    }

    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        let mut bytes = [0; 8];
        self.dice.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn step(&mut self, number: usize) {
        match self.roll(100) {
            0 => self.add_partner(),
            1..=2 => self.add_link(),
            3..=24 => self.click(),
            25..=59 => self.convert(number),
            60..=71 => self.refund(number),
            72..=73 => self.release(),
            74..=76 => self.reject(),
            77..=82 => self.wait(),
            83..=84 => self.change_partner(),
            85 => self.revoke(),
            86..=95 => self.repeat(),
            _ => self.misuse(),
        }
    }

    fn add_partner(&mut self) {
        let bp = [0, 1, 333, 1_500, 2_000, 9_999, 10_000][self.roll(7)];
        if self.model.partners.len() < 20 {
            let id = self.ledger.partner("P", Some(bp));
            self.model.partners.push(model::Partner { id, bp, terminated_at: None });
        }
    }

    fn add_link(&mut self) {
        let partner = self.roll(self.model.partners.len());
        if self.model.partners[partner].terminated_at.is_none() && self.model.links.len() < 60 {
            let (id, no) = self.ledger.link(&self.model.partners[partner].id, &self.listing);
            self.model.links.push(model::Link { id, no, partner });
        }
    }

    fn click(&mut self) {
        // No two clicks share a millisecond, because the model does not order them.
        self.ledger.wait(1);
        let link = self.roll(self.model.links.len());
        let id = self.ledger.click(self.model.links[link].no);
        self.model.clicks.push(model::Click { id, at: self.ledger.now.ms(), link });
    }

    fn wait(&mut self) {
        let ms = i64::try_from(self.roll(usize::try_from(4 * DAY).unwrap())).unwrap();
        self.ledger.wait(ms);
    }

    fn convert(&mut self, number: usize) {
        // Sometimes a partner buys.
        let customer = match self.roll(24) {
            0..=7 => None,
            8 => {
                let partner = self.roll(self.model.partners.len());
                Some(self.model.partners[partner].id.clone())
            }
            _ => Some(format!("c-{}", self.roll(300))),
        };
        // Mostly a fresh click, sometimes an old one, sometimes none.
        let fresh = self.model.clicks.len() - 1 - self.roll(self.model.clicks.len().min(20));
        let any = self.roll(self.model.clicks.len());
        let click = [Some(fresh), Some(fresh), Some(any), None][self.roll(4)];
        let shift = [0, 0, 0, -DAY, -20 * DAY, -45 * DAY, DAY][self.roll(7)];
        let occurred_at = self.ledger.now.plus_ms(shift);
        let amount = [0, 1, 3, 99, 9_900, 1_234_567, 1_000_000_000_000][self.roll(7)];
        let currency = CURRENCIES[self.roll(3)];
        let kind = ["sale", "subscription_renewed", "subscription_started"][self.roll(3)];
        let body = json!({
            "type": kind, "external_id": format!("o-{number}"),
            "click_id": click.map(|click| &self.model.clicks[click].id), "customer_id": customer, "amount": amount,
            "currency": currency, "occurred_at": occurred_at.to_string()
        });
        let answer = self.ledger.post("/v1/conversions", &body);
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        let winner = self.model.attribute(click, customer.as_deref(), occurred_at.ms());
        let credited = answer.json["attribution"]["credits"][0]["click_id"].as_str();
        assert_eq!(credited, winner.map(|click| self.model.clicks[click].id.as_str()), "{body}");
        let partner = winner.map(|click| self.model.links[self.model.clicks[click].link].partner);
        let commission =
            partner.map_or(0, |partner| half_up(amount, self.model.partners[partner].bp, 10_000));
        assert_eq!(answer.json["commissions"][0]["amount"].as_i64().unwrap_or(0), commission);
        let expected = self.model.accept(ReportedConversion {
            id: answer.text("/id"),
            kind,
            customer: customer.as_deref(),
            amount,
            currency,
            occurred_at: occurred_at.ms(),
            now: self.ledger.now.ms(),
            winner,
            partner,
            commission,
        });
        let shown = &answer.json["commissions"][0];
        assert_eq!(shown["held_reason"].as_str(), expected.held.first().copied(), "{body}");
        if partner.is_some() {
            let flags: Vec<String> = expected.held.iter().map(|reason| format!("held_{reason}")).collect();
            assert_eq!(shown["flags"], json!(flags), "{body}");
        }
        self.model.requests.push(("/v1/conversions".to_owned(), body, answer.raw.body));
    }

    fn refund(&mut self, number: usize) {
        if self.model.conversions.is_empty() {
            return;
        }
        let index = self.roll(self.model.conversions.len());
        let left = self.model.conversions[index].amount - self.model.conversions[index].refunded;
        let part = i64::try_from(self.roll(usize::try_from(left).unwrap() + 1)).unwrap();
        let amount = [None, Some(part), Some(part), Some(part.min(1))][self.roll(4)];
        let target = format!("/v1/conversions/{}/refunds", self.model.conversions[index].id);
        let body = json!({"external_id": format!("r-{number}"), "amount": amount});
        let answer = self.ledger.post(&target, &body);
        if amount.is_none() && left == 0 && self.model.conversions[index].amount != 0 {
            assert_eq!(answer.problem(), (422, "refund_exceeds_sale".to_owned()));
            return;
        }
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        let conversion = &mut self.model.conversions[index];
        conversion.refunded += amount.unwrap_or(left);
        let in_all = match conversion.amount {
            0 => 0,
            sale => half_up(conversion.commission, conversion.refunded, sale),
        };
        // A rejection took all of the commission back.
        let in_all = in_all.max(conversion.reversed);
        let part = in_all - conversion.reversed;
        conversion.reversed = in_all;
        if conversion.partner.is_some() {
            let shown = &answer.json["commissions"][0];
            let expected = (json!(part), json!(conversion.commission - in_all));
            assert_eq!((shown["reversed"].clone(), shown["remaining"].clone()), expected);
        }
        self.model.requests.push((target, body, answer.raw.body));
    }

    fn change_partner(&mut self) {
        let partner = self.roll(self.model.partners.len());
        let status = ["paused", "active", "terminated"][if self.roll(8) == 0 { 2 } else { self.roll(2) }];
        let target = format!("/v1/partners/{}", self.model.partners[partner].id);
        let answer = self.ledger.patch(&target, &json!({"status": status}));
        let now = self.ledger.now.ms();
        match self.model.partners[partner].terminated_at {
            Some(_) if status != "terminated" => {
                assert_eq!(answer.problem(), (422, "partner_terminated".to_owned()));
            }
            Some(_) => assert_eq!(answer.status, 200),
            None => self.model.partners[partner].terminated_at = (status == "terminated").then_some(now),
        }
    }

    fn revoke(&mut self) {
        let link = self.roll(self.model.links.len());
        let target = format!("/v1/links/{}/revoke", self.model.links[link].id);
        assert_eq!(self.ledger.post(&target, &json!({})).status, 200);
    }

    /// Ends the holds that are due, so that the next request does not write for that reason.
    fn settle(&mut self) {
        while !signpost::store::commissions::due(&self.ledger.sql, self.ledger.now, 1).unwrap().is_empty() {
            self.ledger.get("/v1/program");
        }
    }

    /// Rows written since the database was opened.
    fn written(&self) -> i64 {
        self.ledger.sql.exec("SELECT total_changes()", &[]).unwrap()[0].int(0).unwrap()
    }

    /// Retries an accepted request: it returns the first response and writes no row.
    fn repeat(&mut self) {
        if self.model.requests.is_empty() {
            return;
        }
        self.settle();
        let index = self.roll(self.model.requests.len());
        let (target, body, first) = self.model.requests[index].clone();
        let before = self.written();
        let again = self.ledger.post(&target, &body);
        assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")), "{body}");
        assert_eq!(again.raw.body, first);
        let mut other = body;
        other["amount"] = json!(match other["amount"].as_i64() {
            None | Some(0) => 1,
            Some(amount) => amount - 1,
        });
        let code = if target.ends_with("/refunds") { "refund_conflict" } else { "conversion_conflict" };
        assert_eq!(self.ledger.post(&target, &other).problem(), (409, code.to_owned()));
        assert_eq!(self.written(), before);
    }

    /// Sends a request that must be refused and leave no row. Each kind has a valid body.
    fn misuse(&mut self) {
        self.settle();
        let kind = self.roll(16).min(4);
        // Only the first kind writes before it is refused. The others must not even need a rollback.
        let before = (self.written(), (kind == 0).then(|| rows::rows(&self.ledger.sql)));
        let partner = self.model.partners[0].id.clone();
        let link = json!({"partner_id": partner, "listing_id": self.listing, "slug": "twice"});
        let (target, body, refusal) = match kind {
            // Written, then rolled back.
            0 => {
                let is_terminated = self.model.partners[0].terminated_at.is_some();
                let refusal = if is_terminated { (422, "partner_terminated") } else { (409, "slug_taken") };
                ("/v1/links/bulk".to_owned(), json!({"links": [link, link]}), refusal)
            }
            1 => (
                "/v1/conversions".to_owned(),
                json!({"type": "sale", "external_id": "x", "amount": 1}),
                (422, "missing_field"),
            ),
            2 => (
                "/v1/links".to_owned(),
                json!({"partner_id": "ptn_x", "listing_id": self.listing}),
                (422, "unknown_partner"),
            ),
            _ => {
                let Some(conversion) = self.model.conversions.last() else { return };
                let amount = conversion.amount - conversion.refunded + 1;
                let target = format!("/v1/conversions/{}/refunds", conversion.id);
                let is_amount = amount <= 1_000_000_000_000;
                let code = if is_amount { "refund_exceeds_sale" } else { "amount_out_of_range" };
                (target, json!({"external_id": "x", "amount": amount}), (422, code))
            }
        };
        let answer = self.ledger.post(&target, &body);
        let (status, code) = refusal;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{target} {body}: {}", answer.raw.body);
        match before {
            (_, Some(before)) => {
                let after = rows::rows(&self.ledger.sql);
                assert_eq!(rows::difference(&before, &after), Vec::<String>::new());
            }
            (written, None) => assert_eq!(self.written(), written, "{target} {body}"),
        }
    }

    /// Compares the Ledger with the model.
    fn check(&mut self) {
        self.settle();
        self.ledger.audit();
        let now = self.ledger.now.ms();
        let expected = self.model.balances(now);
        let mut found = Vec::new();
        for row in self.ledger.get("/v1/balances").json["data"].as_array().unwrap() {
            let sums = ["pending", "payable", "paid", "reversed"].map(|name| row[name].as_i64().unwrap());
            let owner = (
                row["partner_id"].as_str().unwrap().to_owned(),
                row["currency"].as_str().unwrap().to_owned(),
            );
            found.push((owner, sums));
        }
        found.sort();
        assert_eq!(found, expected);
        for partner in 0..=self.model.partners.len() {
            let query = self
                .model
                .partners
                .get(partner)
                .map_or(String::new(), |partner| format!("?partner_id={}", partner.id));
            let report = self.ledger.get(&format!("/v1/attribution{query}")).json;
            let expected = self.model.report(self.model.partners.get(partner).map(|_| partner));
            let sums = |name: &str| -> Vec<(String, i64)> {
                let sums = report["totals"][name].as_array().unwrap().iter();
                sums.map(|sum: &Json| {
                    (sum["currency"].as_str().unwrap().to_owned(), sum["amount"].as_i64().unwrap())
                })
                .collect()
            };
            assert_eq!([sums("revenue"), sums("refunds"), sums("commission")], expected, "{query}");
        }
        let over = "SELECT count(*) FROM conversions c WHERE refunded > amount OR refunded <> (SELECT coalesce(sum(amount), 0) \
                    FROM refunds WHERE conversion_no = c.no)";
        assert_eq!(self.ledger.sql.exec(over, &[]).unwrap()[0].int(0).unwrap(), 0);
    }
}

fn run<S: Sql>(sql: S, seed: u64, steps: usize) -> Ledger<S> {
    let mut run = Run::new(sql, seed);
    for number in 0..steps {
        run.step(number);
        if number % 250 == 249 {
            run.check();
        }
    }
    run.check();
    assert!(
        run.model.conversions.len() > steps / 5 && run.model.bound() > steps / 50,
        "the dice were unkind: {} {}",
        run.model.conversions.len(),
        run.model.bound()
    );
    let decided = (run.model.released, run.model.rejected);
    assert!(decided.0 > steps / 500 && decided.1 > steps / 200, "the dice were unkind: {decided:?}");
    run.ledger
}

/// 100,000 steps in total, times the factor, in four tests that run in parallel.
macro_rules! histories {
    ($($name:ident = $first:literal..=$last:literal;)*) => {$(
        #[test]
        fn $name() {
            let ledgers: Vec<_> =
                seeds($first, $last).map(|seed| run(NativeSql::in_memory().unwrap(), seed, 5_000)).collect();
            for reason in ["self_referral", "velocity", "impossible_time", "duplicate_customer"] {
                let held = format!("SELECT count(*) FROM commissions WHERE flags LIKE '%held_{reason}%'");
                let of = |ledger: &Ledger| ledger.sql.exec(&held, &[]).unwrap()[0].int(0).unwrap();
                assert!(ledgers.iter().map(of).sum::<i64>() > 0, "nothing held for {reason}");
            }
        }
    )*};
}
histories! {
    the_first_five_programmes_of_five_thousand_steps_match_the_model = 1..=5;
    the_second_five_programmes_of_five_thousand_steps_match_the_model = 6..=10;
    the_third_five_programmes_of_five_thousand_steps_match_the_model = 11..=15;
    the_fourth_five_programmes_of_five_thousand_steps_match_the_model = 16..=20;
}

#[test]
fn rows_are_the_same_as_workerd_binds_them() {
    let native = run(NativeSql::in_memory().unwrap(), 5, 1_500);
    let bound = run(DoubleBound::in_memory(), 5, 1_500);
    let (native, bound) = (rows::rows(&native.sql), rows::rows(&bound.sql));
    assert_eq!(rows::difference(&native, &bound), Vec::<String>::new());
}
