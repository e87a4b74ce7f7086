//! The scenarios in `fixtures/ledger/plans/`: the terms that an operator sends, the sales that follow, and the
//! commission of each partner, in figures that a finance person can check by hand. Every line is sent through the API.
//!
//! These tests fail if a commission differs by one smallest unit, is missing, or is not in the scenario; if its
//! source, flags or hold reason differ; if the books do not balance; or if a report differs from the balances.

use crate::support::{Ledger, figures::minor};
use serde_json::{Map, Value as Json, json};
use signpost::domain::{money::Currency, values::time::Timestamp};
use std::{collections::BTreeMap, fs};

/// A Ledger with the people of the scenarios.
struct Stage {
    ledger: Ledger,
    partners: BTreeMap<String, String>,
    links: BTreeMap<String, u32>,
    listings: BTreeMap<String, String>,
    conversions: BTreeMap<String, String>,
    clicks: BTreeMap<String, String>,
    told: usize,
}

/// The partners of every scenario: name, kind, tier, and referrer.
const PEOPLE: [(&str, &str, Option<&str>, Option<&str>); 4] = [
    ("Ada", "consultant", Some("gold"), None),
    ("Ben", "distributor", None, None),
    ("Cleo", "influencer", None, Some("Ada")),
    ("Dan", "agency", None, None),
];

impl Stage {
    fn new() -> Self {
        let mut ledger = Ledger::new();
        ledger.now = Timestamp::parse("2024-01-01T00:00:00Z").unwrap();
        let mut stage = Self {
            ledger,
            partners: BTreeMap::new(),
            links: BTreeMap::new(),
            listings: BTreeMap::new(),
            conversions: BTreeMap::new(),
            clicks: BTreeMap::new(),
            told: 0,
        };
        for name in ["Shop", "App"] {
            let id = stage.ledger.listing("https://shop.example");
            stage.listings.insert(name.to_owned(), id);
        }
        for (name, kind, tier, by) in PEOPLE {
            let by = by.map(|by| stage.partners[by].clone());
            let body = json!({"name": name, "kind": kind, "tier": tier, "referred_by": by});
            let id = stage.ledger.post("/v1/partners", &body).text("/id");
            for (listing, listing_id) in stage.listings.clone() {
                let (_, no) = stage.ledger.link(&id, &listing_id);
                stage.links.insert(format!("{name} {listing}"), no);
            }
            stage.partners.insert(name.to_owned(), id);
        }
        stage
    }

    /// Replaces the names of partners and listings in a request with their ids.
    fn named(&self, text: &str) -> String {
        let names = self.partners.iter().chain(&self.listings);
        names.fold(text.to_owned(), |text, (name, id)| {
            text.replace(&format!("\"{name}\""), &format!("\"{id}\""))
        })
    }

    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "terms" => {
                let answer =
                    self.ledger.put("/v1/program", &serde_json::from_str(&self.named(rest)).unwrap());
                assert_eq!(answer.status, 200, "{line}: {}", answer.raw.body);
            }
            "partner" | "listing" => {
                let (name, body) = rest.split_once(' ').unwrap();
                let id = if word == "partner" { &self.partners[name] } else { &self.listings[name] };
                let target = format!("/v1/{word}s/{id}");
                let answer = self.ledger.patch(&target, &serde_json::from_str(&self.named(body)).unwrap());
                assert_eq!(answer.status, 200, "{line}: {}", answer.raw.body);
            }
            "coupon" => {
                let answer =
                    self.ledger.post("/v1/coupons", &serde_json::from_str(&self.named(rest)).unwrap());
                assert_eq!(answer.status, 201, "{line}: {}", answer.raw.body);
            }
            "---" => {}
            _ => self.row(line),
        }
    }

    /// `when | what happens | on | what it earns`
    fn row(&mut self, line: &str) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [when, what, on, earns] = cells[..] else { panic!("a row has four columns: {line}") };
        self.ledger.now = Timestamp::parse(&format!("{}Z", when.replace(' ', "T"))).unwrap();
        let words: Vec<&str> = what.split_whitespace().collect();
        match words[..] {
            ["refund", of, "all"] => self.refund(line, of, None),
            ["refund", of, currency, amount] => self.refund(line, of, Some((currency, amount))),
            [kind, id] => self.convert(line, (kind, id), None, on),
            [kind, id, currency, amount] => self.convert(line, (kind, id), Some((currency, amount)), on),
            _ => panic!("what is it that happens? {line}"),
        }
        let expected: Vec<&str> = if earns == "nothing" { Vec::new() } else { earns.split("; ").collect() };
        assert_eq!(self.earned(), expected, "{line}");
    }

    /// A click of `Ada Shop`, the same click `again o-1`, `nobody Shop` or `no click`; then fields as they are sent:
    /// `customer c-1`, `tax 19.00`.
    fn convert(&mut self, line: &str, (kind, id): (&str, &str), money: Option<(&str, &str)>, on: &str) {
        let mut body = Map::new();
        body.insert("type".to_owned(), json!(kind));
        body.insert("external_id".to_owned(), json!(id));
        let places = money.map_or(2, |(currency, _)| Currency::parse(currency).unwrap().exponent());
        if let Some((currency, amount)) = money {
            body.insert("amount".to_owned(), json!(minor(amount, places)));
            body.insert("currency".to_owned(), json!(currency));
        }
        for (place, part) in on.split(", ").enumerate() {
            let (name, value) = part.split_once(' ').unwrap();
            match (place, name) {
                (0, "nobody") => drop(body.insert("listing_id".to_owned(), json!(self.listings[value]))),
                (0, "no") => {}
                (0, "again") => drop(body.insert("click_id".to_owned(), json!(self.clicks[value]))),
                (0, _) => {
                    let click = self.ledger.click(self.links[part]);
                    self.clicks.insert(id.to_owned(), click.clone());
                    body.insert("click_id".to_owned(), json!(click));
                }
                (_, "customer") => drop(body.insert("customer_id".to_owned(), json!(value))),
                (_, "coupon") => drop(body.insert("coupon".to_owned(), json!(value))),
                (_, "country") => drop(body.insert("country".to_owned(), json!(value))),
                (_, part) => drop(body.insert(part.to_owned(), json!(minor(value, places)))),
            }
        }
        let answer = self.ledger.post("/v1/conversions", &Json::Object(body));
        assert_eq!(answer.status, 201, "{line}: {}", answer.raw.body);
        self.conversions.insert(id.to_owned(), answer.text("/id"));
    }

    fn refund(&mut self, line: &str, of: &str, money: Option<(&str, &str)>) {
        let amount = money.map(|(code, amount)| minor(amount, Currency::parse(code).unwrap().exponent()));
        let target = format!("/v1/conversions/{}/refunds", self.conversions[of]);
        let refund = json!({"external_id": self.ledger.now.to_string(), "amount": amount});
        let answer = self.ledger.post(&target, &refund);
        assert_eq!(answer.status, 201, "{line}: {}", answer.raw.body);
    }

    /// The commissions and reversals since the last line, in the notation of the scenarios.
    fn earned(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        let mut seen = 0;
        let mut cursor = String::new();
        loop {
            let page = self.ledger.get(&format!("/v1/events?limit=200{cursor}")).json;
            for event in page["data"].as_array().unwrap() {
                seen += 1;
                let kind = event["type"].as_str().unwrap();
                if seen > self.told && ["commission.created", "commission.reversed"].contains(&kind) {
                    said.push(self.said(kind, &event["data"]));
                }
            }
            match page["next_cursor"].as_str() {
                Some(next) if !page["data"].as_array().unwrap().is_empty() => {
                    cursor = format!("&after={next}")
                }
                _ => break,
            }
        }
        self.told = seen;
        said
    }

    /// The books balance, and each partner's report equals its balances.
    fn audit(&mut self) {
        self.ledger.audit();
        for (name, id) in self.partners.clone() {
            let report = self.ledger.get(&format!("/v1/attribution?partner_id={id}")).json;
            let mut reported = BTreeMap::new();
            for money in report["totals"]["commission"].as_array().unwrap() {
                reported.insert(
                    money["currency"].as_str().unwrap().to_owned(),
                    money["amount"].as_i64().unwrap(),
                );
            }
            reported.retain(|_, amount| *amount != 0);
            let balances = self.ledger.get(&format!("/v1/balances?partner_id={id}")).json;
            let mut owed = BTreeMap::new();
            for balance in balances["data"].as_array().unwrap() {
                let left = balance["pending"].as_i64().unwrap() + balance["payable"].as_i64().unwrap();
                owed.insert(balance["currency"].as_str().unwrap().to_owned(), left);
            }
            owed.retain(|_, amount| *amount != 0);
            assert_eq!(reported, owed, "{name}");
        }
    }

    fn said(&self, kind: &str, data: &Json) -> String {
        let id = data["partner_id"].as_str().unwrap();
        let (name, _) = self.partners.iter().find(|(_, known)| *known == id).unwrap();
        let currency = data["currency"].as_str().unwrap();
        let written =
            |field: &str| Currency::parse(currency).unwrap().decimal(data[field].as_i64().unwrap().into());
        if kind == "commission.reversed" {
            return format!("{name} -{}", written("reversed"));
        }
        let mut said = format!("{name} {}", written("amount"));
        if currency != "EUR" {
            said = format!("{said} {currency}");
        }
        if data["source"] != "conversion" {
            said = format!("{said} {}", data["source"].as_str().unwrap());
        }
        let flags = data["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap());
        for flag in flags.filter(|flag| !flag.starts_with("held_")) {
            said = format!("{said} ({flag})");
        }
        match data["held_reason"].as_str() {
            Some(reason) => format!("{said} held: {reason}"),
            None => said,
        }
    }
}

#[test]
fn every_scenario_earns_the_commissions_it_states() {
    let mut names: Vec<_> =
        fs::read_dir("fixtures/ledger/plans").unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    for path in names {
        let text = fs::read_to_string(&path).unwrap();
        let mut stage: Option<Stage> = None;
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            if line.starts_with("scenario ") {
                if let Some(mut stage) = stage.take() {
                    stage.audit();
                }
                stage = Some(Stage::new());
                continue;
            }
            let stage = stage.as_mut().unwrap_or_else(|| panic!("{path:?} does not begin with a scenario"));
            stage.line(line);
        }
        stage.unwrap().audit();
    }
}
