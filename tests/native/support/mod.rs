//! The API over an in-memory database, for native tests: real SQL, real signatures, and a clock that the test sets.

#![allow(dead_code, reason = "each suite uses a part of it")]

pub mod double_bound;
pub mod figures;
pub mod random;
pub mod rows;
pub mod simulation;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{Offset, TimeZone};
use serde_json::Value as Json;
use signpost::{
    api::{
        self, Environment, Outcome,
        http::message::{Request, Response},
    },
    domain::{
        clicks::click::{Class, ClickId, Country, Device},
        delivery::endpoint::PauseReason,
        links::keyring::{KeyRing, with_new_key},
        values::{
            entropy::{Entropy, SeededEntropy},
            id::WebhookId,
            time::Timestamp,
            zone::Zones,
        },
    },
    ledger::{
        callbacks::report::Reported,
        config::Config,
        needs::{Fetched, NOTHING_FETCHED, Need},
        trails::Trails,
    },
    store::{
        Sql,
        log::{archive::FetchedSegment, outbox::segment_key},
        native::NativeSql,
        schema::{LEDGER, migrate},
    },
};
use std::collections::BTreeMap;

/// An event of the account `a-1` as an adapter reports it, with additional fields.
pub fn event(kind: &str, transaction: &str, fields: &Json) -> Json {
    let mut event = serde_json::json!({
        "kind": kind, "account": "a-1", "transaction": transaction, "charge": null, "amount": null, "currency": null,
        "plan": null, "occurred_at": null, "evidence": "signed", "clicks": [], "coupon": null,
    });
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event
}

/// The operator's API key in tests.
pub const OPERATOR: &str = "operator-key-for-tests";

/// IANA time zones from chrono-tz. The Worker has them from the JavaScript engine.
pub struct TzDatabase;

impl Zones for TzDatabase {
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64> {
        let zone: chrono_tz::Tz = zone.parse().ok()?;
        let at = chrono::DateTime::from_timestamp_millis(at.ms())?.naive_utc();
        Some(i64::from(zone.offset_from_utc_datetime(&at).fix().local_minus_utc()))
    }
}

/// A Ledger with a clock and a random generator.
pub struct Ledger<S: Sql = NativeSql> {
    pub sql: S,
    pub config: Config,
    pub ring: KeyRing,
    pub now: Timestamp,
    pub entropy: SeededEntropy,
    /// The visitors' trails that the click log knows, by click id.
    pub trails: Trails,
    /// What was written to KV.
    pub kv: BTreeMap<String, String>,
}

/// A response, with its body parsed if it is JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub json: Json,
    pub raw: Response,
}

impl Answer {
    /// The text at a JSON pointer.
    pub fn text(&self, pointer: &str) -> String {
        let at = self.json.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {}", self.raw.body));
        at.as_str().unwrap_or_else(|| panic!("{pointer} is no text in {}", self.raw.body)).to_owned()
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.raw.header("content-type"), Some("application/problem+json"), "{}", self.raw.body);
        (self.status, self.text("/code"))
    }
}

impl Ledger {
    pub fn new() -> Self {
        Self::over(NativeSql::in_memory().unwrap())
    }
}

/// A partner, a listing, and a link between them.
pub struct Scenario {
    pub partner: String,
    pub listing: String,
    pub link: String,
    pub link_no: u32,
}

impl<S: Sql> Ledger<S> {
    /// A Ledger in an empty database.
    pub fn over(sql: S) -> Self {
        let mut entropy = SeededEntropy::new(7);
        let ring = with_new_key(None, &mut entropy).unwrap();
        let data_key = URL_SAFE_NO_PAD.encode([9; 32]);
        migrate(&sql, LEDGER).unwrap();
        Self {
            sql,
            config: Config::new(OPERATOR, &ring, &data_key).unwrap(),
            ring: KeyRing::parse(&ring).unwrap(),
            now: Timestamp::parse("2026-11-22T12:00:00Z").unwrap(),
            entropy,
            trails: Trails::new(),
            kv: BTreeMap::new(),
        }
    }

    /// Records the events that a listing's callback reported.
    pub fn told(&mut self, listing_no: u16, events: &[Json]) {
        self.reported(&serde_json::json!({"listing_no": listing_no, "events": events}));
    }

    /// Records what a callback reported.
    pub fn reported(&mut self, report: &Json) {
        let report = strict_json::from_str(&report.to_string()).unwrap();
        let mut fetched = Fetched::nothing();
        loop {
            let environment = Environment {
                sql: &self.sql,
                config: &self.config,
                zones: &TzDatabase,
                now: self.now,
                fetched: &fetched,
            };
            match api::report(&environment, &mut self.entropy, &report).unwrap() {
                Reported::TrailNeeded(request) => self.fetch(Need::Trail(request), &mut fetched),
                reported => return assert_eq!(reported, Reported::Written),
            }
        }
    }

    /// Keeps a verified callback of WooCommerce that could not be read; its id.
    pub fn kept(&mut self, listing_no: u16, body: &str) -> String {
        self.kept_with_token(listing_no, body, &Json::Null)
    }

    /// The same with a single-use token.
    pub fn kept_with_token(&mut self, listing_no: u16, body: &str, single_use: &Json) -> String {
        let message = serde_json::json!({
            "method": "POST", "url": "https://go.example/callbacks/woocommerce/lst/orders", "rest": "", "headers": [],
            "body": STANDARD.encode(body), "responses": [],
            "proof": {"evidence": "signed", "payload": {"text": null, "parameters": null}, "signed_at": null, "single_use": single_use},
        });
        let reason = "/total is not an amount of the currency";
        let unprocessed =
            serde_json::json!({"kind": "orders", "reason": reason, "digest": body, "message": message});
        let report = serde_json::json!({"listing_no": listing_no, "events": [], "unprocessed": unprocessed});
        let report = strict_json::from_str(&report.to_string()).unwrap();
        let kept =
            self.with_environment(|environment, entropy| api::report(environment, entropy, &report).unwrap());
        assert_eq!(kept, Reported::Kept);
        self.get("/v1/callbacks?limit=1").text("/data/0/id")
    }

    /// Pauses an endpoint whose object has stopped to send.
    pub fn disable_webhook(&mut self, id: &WebhookId, reason: PauseReason) {
        self.with_environment(|environment, entropy| {
            api::disable_webhook(environment, entropy, id, reason).unwrap();
        });
    }

    /// Calls an operation that is no request, and needs no trail.
    pub fn with_environment<T>(
        &mut self,
        operation: impl FnOnce(&Environment<'_>, &mut dyn Entropy) -> T,
    ) -> T {
        let environment = Environment {
            sql: &self.sql,
            config: &self.config,
            zones: &TzDatabase,
            now: self.now,
            fetched: &NOTHING_FETCHED,
        };
        operation(&environment, &mut self.entropy)
    }

    /// What the alarm does about listings that are no longer called.
    pub fn watch_listings(&mut self) {
        self.with_environment(|environment, entropy| api::watch_listings(environment, entropy).unwrap());
    }

    /// Moves the clock forward.
    pub fn wait(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
    }

    /// Fetches what an operation needs, as the Ledger object does.
    pub fn fetch(&self, need: Need, fetched: &mut Fetched) {
        match need {
            Need::Trail(request) => {
                let trail = self.trails.get(&request.click_id).cloned().flatten();
                assert!(fetched.trails.insert(request.click_id, trail).is_none(), "asked twice");
            }
            Need::Segment(first) => {
                assert!(fetched.segments.iter().all(|segment| segment.first != first), "asked twice");
                let text = self.kv.get(&segment_key(first)).cloned();
                fetched.segments.push(FetchedSegment { first, text });
            }
        }
    }

    /// Sends a request exactly as given.
    pub fn send(&mut self, request: Request<'_>) -> Answer {
        let mut fetched = Fetched::nothing();
        let raw = loop {
            let environment = Environment {
                sql: &self.sql,
                config: &self.config,
                zones: &TzDatabase,
                now: self.now,
                fetched: &fetched,
            };
            let need = match api::handle(&environment, &mut self.entropy, request) {
                Outcome::Response(raw) => break raw,
                Outcome::Needed(need) => need,
                Outcome::SimulationNeeded(extent) => {
                    break simulation::response(&environment, &extent, &request);
                }
            };
            self.fetch(need, &mut fetched);
        };
        let json = serde_json::from_str(&raw.body).unwrap_or(Json::Null);
        Answer { status: raw.status, json, raw }
    }

    /// Sends a request with a key; the target may carry a query.
    pub fn call(
        &mut self,
        key: &str,
        method: &str,
        target: &str,
        body: &str,
        idempotency: Option<&str>,
    ) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let authorization = format!("Bearer {key}");
        self.send(Request {
            method,
            path,
            query,
            authorization: Some(&authorization),
            idempotency_key: idempotency,
            body: body.as_bytes(),
            base_url: "https://go.example.com",
            ..Request::default()
        })
    }

    pub fn get(&mut self, target: &str) -> Answer {
        self.call(OPERATOR, "GET", target, "", None)
    }

    pub fn post(&mut self, target: &str, body: &Json) -> Answer {
        self.call(OPERATOR, "POST", target, &body.to_string(), None)
    }

    pub fn patch(&mut self, target: &str, body: &Json) -> Answer {
        self.call(OPERATOR, "PATCH", target, &body.to_string(), None)
    }

    pub fn put(&mut self, target: &str, body: &Json) -> Answer {
        self.call(OPERATOR, "PUT", target, &body.to_string(), None)
    }

    pub fn delete(&mut self, target: &str) -> Answer {
        self.call(OPERATOR, "DELETE", target, "", None)
    }

    /// Creates an API key, for one partner if named, and returns the key itself.
    pub fn key(&mut self, scopes: &[&str], partner: Option<&str>) -> String {
        let body = serde_json::json!({"name": "K", "scopes": scopes, "partner_id": partner});
        let answer = self.post("/v1/keys", &body);
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer.text("/key")
    }

    /// Adds a partner at `commission_bp` with a link to a new listing.
    pub fn scenario(&mut self, commission_bp: i64) -> Scenario {
        let partner = self.partner("Ada", Some(commission_bp));
        let listing = self.listing("https://shop.example/buy?lang=de");
        let (link, link_no) = self.link(&partner, &listing);
        Scenario { partner, listing, link, link_no }
    }

    /// Posts a sale in EUR that names a click, and returns the response.
    pub fn sale(&mut self, external_id: &str, click: &str, amount: i64) -> Answer {
        let answer = self.post("/v1/conversions", &serde_json::json!({
            "type": "sale", "external_id": external_id, "click_id": click, "amount": amount, "currency": "EUR"
        }));
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer
    }

    /// Runs `act`, which must leave every row as it was.
    pub fn unchanged<T>(&mut self, said: &str, act: impl FnOnce(&mut Self) -> T) -> T {
        let before = rows::rows(&self.sql);
        let outcome = act(self);
        assert_eq!(rows::difference(&before, &rows::rows(&self.sql)), Vec::<String>::new(), "{said}");
        outcome
    }

    /// Adds a partner and returns its id.
    pub fn partner(&mut self, name: &str, commission_bp: Option<i64>) -> String {
        let body = serde_json::json!({"name": name, "kind": "influencer", "commission_bp": commission_bp});
        let answer = self.post("/v1/partners", &body);
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer.text("/id")
    }

    /// Adds a listing and returns its id.
    pub fn listing(&mut self, url: &str) -> String {
        let answer =
            self.post("/v1/listings", &serde_json::json!({"name": "Shop", "marketplace": "web", "url": url}));
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer.text("/id")
    }

    /// Creates a link and returns its id and number.
    pub fn link(&mut self, partner: &str, listing: &str) -> (String, u32) {
        let answer =
            self.post("/v1/links", &serde_json::json!({"partner_id": partner, "listing_id": listing}));
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        let rows = self.sql.exec("SELECT max(no) FROM links", &[]).unwrap();
        (answer.text("/id"), rows[0].number(0).unwrap())
    }

    /// A click id as a redirect would create it now.
    pub fn click(&mut self, link_no: u32) -> String {
        self.click_of(link_no, Class::Human)
    }

    pub fn click_of(&mut self, link_no: u32, class: Class) -> String {
        let mut random = [0; 4];
        self.entropy.fill(&mut random);
        let click = ClickId {
            at: self.now,
            link_no,
            shard: 3,
            country: Country::parse("DE"),
            device: Device::Mobile,
            class,
            gpc: false,
            random,
        };
        click.mint(&self.ring).unwrap()
    }

    /// The number of rows of a table.
    pub fn rows(&self, table: &str) -> i64 {
        self.sql.exec(&format!("SELECT count(*) FROM {table}"), &[]).unwrap()[0].int(0).unwrap()
    }

    /// The books must balance and agree with their transfers.
    pub fn audit(&self) {
        assert_eq!(signpost::store::books::accounts::discrepancies(&self.sql).unwrap(), Vec::<String>::new());
        for balance in signpost::store::books::accounts::balances(&self.sql, None).unwrap() {
            let parts = balance.pending
                + balance.payable
                + balance.in_payout
                + balance.paid
                + balance.reversed
                + balance.exchange;
            assert_eq!(balance.earned + balance.written_off, parts, "{balance:?}");
        }
    }
}
