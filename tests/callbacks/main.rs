//! Callbacks from the request to the money, natively. What counts as failure: a forged, stale or repeated callback that
//! changes a row; a redelivery that does; an order of arrival that ends in another ledger; a customer's click that is not
//! credited although it is known in the end.

#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
#[allow(dead_code, reason = "the suites of signatures use the rest")]
#[path = "../signatures/issuer.rs"]
mod issuer;
#[cfg(test)]
#[allow(dead_code, reason = "the suites of signatures use the rest")]
#[path = "../signatures/platforms/signer.rs"]
mod signer;

#[cfg(test)]
mod apple;
#[cfg(test)]
mod apple_customers;
#[cfg(test)]
mod apple_postbacks;
#[cfg(test)]
mod aws;
#[cfg(test)]
mod aws_events;
#[cfg(test)]
mod aws_invoices;
#[cfg(test)]
mod bigcommerce;
#[cfg(test)]
mod digitalocean;
mod google;
#[cfg(test)]
mod google_cloud;
#[cfg(test)]
mod google_cloud_unconfirmed;
#[cfg(test)]
mod google_play;
#[cfg(test)]
mod google_play_purchases;
mod google_workspace;
#[cfg(test)]
mod held;
#[cfg(test)]
mod hubspot;
#[cfg(test)]
mod hubspot_webhook;
#[cfg(test)]
mod magento;
#[cfg(test)]
mod magento_app;
#[cfg(test)]
mod microsoft;
#[cfg(test)]
mod microsoft_confirmed;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod salesforce;
#[cfg(test)]
mod shopify;
#[cfg(test)]
mod vendor;
#[cfg(test)]
mod woocommerce;
#[cfg(test)]
mod woocommerce_billing;
#[cfg(test)]
mod woocommerce_connect;

use serde_json::{Value as Json, json};
use signpost::{
    api::{
        Environment,
        callbacks::{self, Reported},
    },
    domain::{entropy::SeededEntropy, time::Timestamp},
    marketplace::{
        adapter::{Adapter, Answer, Listing},
        outgoing::{Answered, Request, ToSign},
        published::{Document, Wanted},
        step::{Head, Outcome, Report, step, step_of},
    },
    store::Sql,
};
use support::{Ledger, TzDatabase, rows};

/// A request of a vendor's.
#[derive(Clone)]
pub(crate) struct Sent {
    pub method: &'static str,
    pub kind: &'static str,
    /// The rest of the path, and behind a question mark the query.
    pub rest: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A programme with one listing on a marketplace, and a partner with a link to it.
pub(crate) struct World {
    pub ledger: Ledger,
    pub listing: String,
    pub marketplace: &'static str,
    /// Who takes callbacks in instead of the marketplace's own adapter, where that trusts nobody but the vendor.
    pub adapter: Option<&'static dyn Adapter>,
    pub partner: String,
    pub link_no: u32,
    /// What the vendor's API answers, and all that it was asked.
    pub vendor: fn(&Request) -> Answered,
    pub asked: Vec<Request>,
    /// What the vendor publishes, and all that was fetched.
    pub publishes: fn(&Wanted) -> Document,
    pub fetched: Vec<Wanted>,
    /// How a text is signed with a key.
    pub signs: fn(&ToSign) -> Answered,
    /// Lines for the operator's log.
    pub logged: Vec<String>,
    entropy: SeededEntropy,
}

impl World {
    pub(crate) fn new(marketplace: &'static str, settings: &Json, secrets: &Json) -> Self {
        let mut ledger = Ledger::new();
        let terms =
            json!({"name": "Acme", "currency": "EUR", "landing_url": "https://acme.example", "hold_days": 1});
        assert_eq!(ledger.put("/v1/program", &terms).status, 200);
        let listing = ledger.post(
            "/v1/listings",
            &json!({
                "name": "Store", "marketplace": marketplace, "url": "https://store.example/app",
                "forward_to": "https://app.example/start?plan=pro", "settings": settings, "secrets": secrets,
            }),
        );
        assert_eq!(listing.status, 201, "{}", listing.raw.body);
        let listing = listing.text("/id");
        let partner = ledger.partner("Ada", Some(2_000));
        let (_, link_no) = ledger.link(&partner, &listing);
        let vendor = |request: &Request| panic!("nobody asks {request:?}");
        let publishes = |wanted: &Wanted| panic!("nobody fetches {wanted:?}");
        let signs = |_: &ToSign| panic!("nobody signs");
        let (asked, fetched, logged, entropy) = (Vec::new(), Vec::new(), Vec::new(), SeededEntropy::new(3));
        Self {
            ledger,
            listing,
            marketplace,
            adapter: None,
            partner,
            link_no,
            vendor,
            asked,
            publishes,
            fetched,
            signs,
            logged,
            entropy,
        }
    }

    fn environment<'a>(ledger: &'a Ledger) -> Environment<'a> {
        Environment { sql: &ledger.sql, config: &ledger.config, zones: &TzDatabase, now: ledger.now }
    }

    /// What the Worker does with a callback: verify and read, then write, then answer.
    pub(crate) fn receive(&mut self, sent: &Sent) -> Answer {
        let environment = Self::environment(&self.ledger);
        let listing = callbacks::listing(&environment, &mut self.entropy, &self.listing).unwrap().unwrap();
        let listing: Listing = json::from_text(&listing).unwrap();
        let path = sent.rest.split('?').next().unwrap();
        let slash = if path.is_empty() { "" } else { "/" };
        let head = Head {
            method: sent.method.to_owned(),
            url: format!(
                "https://go.example/callbacks/{}/{}/{}{slash}{}",
                self.marketplace, self.listing, sent.kind, sent.rest
            ),
            marketplace: self.marketplace.to_owned(),
            kind: sent.kind.to_owned(),
            rest: path.to_owned(),
            headers: sent.headers.clone(),
        };
        let (mut answers, mut documents) = (Vec::new(), Vec::<Document>::new());
        loop {
            let now = self.ledger.now;
            let known = (answers.as_slice(), documents.as_slice());
            let (body, entropy) = (sent.body.as_bytes(), &mut self.entropy);
            let outcome = match self.adapter {
                Some(adapter) => step_of(adapter, &head, body, &listing, known, now, entropy),
                None => step(&head, body, Some(&listing), known, now, entropy),
            };
            match outcome {
                Outcome::Answer { answer, log } => {
                    self.logged.extend(log);
                    return answer;
                }
                Outcome::Ask { request } => {
                    answers.push((self.vendor)(&request));
                    self.asked.push(request);
                }
                Outcome::Fetch { documents: wanted } => {
                    for one in wanted {
                        documents.retain(|document| document.url != one.url);
                        documents.push((self.publishes)(&one));
                        self.fetched.push(one);
                    }
                }
                Outcome::Sign { to_sign } => answers.push((self.signs)(&to_sign)),
                Outcome::Report { report, answer, otherwise, known, log } => {
                    self.logged.extend(log);
                    let environment = Self::environment(&self.ledger);
                    return match callbacks::report(&environment, &mut self.entropy, &report).unwrap() {
                        Reported::Written => answer,
                        Reported::Known => known.unwrap(),
                        Reported::HandedOver(Some(body)) => Answer { body, ..answer },
                        Reported::Replayed | Reported::HandedOver(None) => otherwise,
                    };
                }
            }
        }
    }

    /// The browser follows the way on with these cookies; where it ends up.
    pub(crate) fn go_on(&mut self, answer: &Answer, cookies: &str) -> Option<String> {
        let location = answer.headers.iter().find(|(name, _)| *name == "location");
        // Sent there, or led there by a link.
        let way = location.map_or(answer.body.as_str(), |(_, location)| location);
        let (_, id) = way.split_once("/callbacks/continue/").unwrap();
        let id = id.split('"').next().unwrap();
        let environment = Self::environment(&self.ledger);
        callbacks::resume(&environment, &mut self.entropy, id, cookies).unwrap()
    }

    /// Answers a callback that must leave every row as it was.
    pub(crate) fn refused(&mut self, said: &str, sent: &Sent) -> u16 {
        let before = rows::rows(&self.ledger.sql);
        let answer = self.receive(sent);
        assert_eq!(rows::difference(&before, &rows::rows(&self.ledger.sql)), Vec::<String>::new(), "{said}");
        answer.status
    }

    /// What all ways must come to: conversions without what the order of arrival gives them, balances, and counts.
    pub(crate) fn outcome(&mut self) -> Json {
        self.ledger.audit();
        let mut conversions = self.ledger.get("/v1/conversions?limit=200").json["data"].take();
        let told = conversions.as_array_mut().unwrap();
        for conversion in told.iter_mut() {
            let fields = conversion.as_object_mut().unwrap();
            for order in ["id", "created_at", "click_id"] {
                fields.remove(order);
            }
            // A click that a conversion itself named won as such, or as its customer's.
            conversion["attribution"]["reason"].take();
            for commission in conversion["commissions"].as_array_mut().unwrap() {
                for order in ["id", "conversion_id", "created_at"] {
                    commission.as_object_mut().unwrap().remove(order);
                }
            }
        }
        told.sort_by_key(|conversion| conversion["external_id"].to_string());
        let mut report = self.ledger.get("/v1/attribution?group_by=partner").json;
        report.as_object_mut().unwrap().remove("complete_through");
        let accounts =
            self.ledger.sql.exec("SELECT account, status, plan FROM marketplace_accounts ORDER BY 1", &[]);
        json!({
            "conversions": conversions,
            "balances": self.ledger.get("/v1/balances").json["data"],
            "report": report,
            "accounts": format!("{:?}", accounts.unwrap()),
            "waiting": self.ledger.rows("waiting_refunds"),
        })
    }
}

/// All orders of so many things.
pub(crate) fn orders(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(length - 1);
    let with = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, length - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..length).map(move |at| with(order, at))).collect()
}

#[test]
fn a_refund_waits_for_its_charge_and_is_booked_with_it() {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    let event = |kind: &str, transaction: &str, charge: Option<&str>, amount: i64| {
        json!({"kind": kind, "account": "a-1", "transaction": transaction, "charge": charge, "amount": amount,
               "currency": "EUR", "plan": null, "occurred_at": null, "evidence": "signed", "clicks": [], "coupon": null})
    };
    let refunded = event("refunded", "refund:1", Some("order:1"), 700);
    // More than was charged: what is beyond it is left out.
    let beyond = event("refunded", "refund:2", Some("order:1"), 9_999);
    let tell = |world: &mut World, events: &[&Json]| {
        let report = json!({"listing_no": 1, "events": events, "single_use": null, "relay": null});
        let report: Report = json::from_text(&report.to_string()).unwrap();
        let environment = World::environment(&world.ledger);
        let reported = callbacks::report(&environment, &mut world.entropy, &report).unwrap();
        assert_eq!(reported, Reported::Written);
    };
    tell(&mut world, &[&refunded, &refunded]);
    assert_eq!((world.ledger.rows("waiting_refunds"), world.ledger.rows("refunds")), (1, 0));
    tell(&mut world, &[&event("charged", "order:1", None, 5_000)]);
    assert_eq!((world.ledger.rows("waiting_refunds"), world.ledger.rows("refunds")), (0, 1));
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["refunded"], 700);
    tell(&mut world, &[&refunded, &beyond, &beyond]);
    assert_eq!((world.ledger.rows("waiting_refunds"), world.ledger.rows("refunds")), (0, 2));
    assert_eq!(world.ledger.get("/v1/conversions").json["data"][0]["refunded"], 5_000);
}

#[test]
fn a_late_click_credits_all_that_a_customer_has_bought_however_much() {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    let click = world.ledger.click(world.link_no);
    world.ledger.wait(60_000);
    let event = |number: u32, clicks: &[&str]| {
        json!({"kind": "charged", "account": "a-1", "transaction": format!("order:{number}"), "charge": null, "amount": 1_000,
               "currency": "EUR", "plan": null, "occurred_at": null, "evidence": "signed", "clicks": clicks, "coupon": null})
    };
    let mut events: Vec<Json> = (0..501).map(|number| event(number, &[])).collect();
    events.push(event(501, &[&click]));
    let report = json!({"listing_no": 1, "events": events});
    let report: Report = json::from_text(&report.to_string()).unwrap();
    let environment = World::environment(&world.ledger);
    assert_eq!(callbacks::report(&environment, &mut world.entropy, &report).unwrap(), Reported::Written);
    assert_eq!(world.ledger.rows("commissions"), 502);
    let balance = &world.ledger.get("/v1/balances").json["data"][0];
    assert_eq!((&balance["pending"], &balance["currency"]), (&json!(502 * 200), &json!("EUR")));
    world.ledger.audit();
}

#[test]
fn no_money_moves_on_what_nobody_signed() {
    let mut world = World::new("salesforce", &json!({}), &json!({}));
    let event = |kind: &str, amount: Json| {
        json!({"kind": kind, "account": "a-1", "transaction": "t:1", "charge": "t:0", "amount": amount, "currency": "EUR",
               "plan": null, "occurred_at": null, "evidence": "unsigned_bound", "clicks": [], "coupon": null})
    };
    for (kind, amount) in
        [("charged", json!(500)), ("charged", Json::Null), ("refunded", json!(500)), ("installed", json!(0))]
    {
        let report = json!({"listing_no": 1, "events": [event(kind, amount)]});
        let report: Report = json::from_text(&report.to_string()).unwrap();
        let before = rows::rows(&world.ledger.sql);
        let environment = World::environment(&world.ledger);
        let problem = callbacks::report(&environment, &mut world.entropy, &report).unwrap_err();
        assert!(problem.log.unwrap().contains("no money moves on what nobody signed"), "{kind}");
        assert_eq!(rows::difference(&before, &rows::rows(&world.ledger.sql)), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn without_a_time_nothing_is_newer_than_the_end_but_an_install() {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    for (kind, expected) in [
        ("installed", "installed"),
        ("activated", "activated"),
        ("uninstalled", "uninstalled"),
        ("activated", "uninstalled"),
        ("suspended", "uninstalled"),
        ("installed", "installed"),
        ("suspended", "suspended"),
    ] {
        let event = json!({"kind": kind, "account": "a-1", "transaction": format!("{kind}:a-1"), "charge": null,
            "amount": null, "currency": null, "plan": null, "occurred_at": null, "evidence": "signed", "clicks": [],
            "coupon": null});
        let report = json!({"listing_no": 1, "events": [event], "single_use": null, "relay": null});
        let report: Report = json::from_text(&report.to_string()).unwrap();
        let environment = World::environment(&world.ledger);
        callbacks::report(&environment, &mut world.entropy, &report).unwrap();
        let rows = world.ledger.sql.exec("SELECT status FROM marketplace_accounts", &[]).unwrap();
        assert_eq!(rows[0].text(0).unwrap(), expected, "{kind}");
        world.ledger.wait(1_000);
    }
}

#[test]
fn an_address_that_nobody_registered_answers_as_a_forgery_does() {
    let mut world = World::new("woocommerce", &json!({}), &json!({"webhook_secret": "s3cret"}));
    let sent =
        Sent { method: "POST", kind: "orders", rest: String::new(), headers: vec![], body: "{}".to_owned() };
    let forged = world.receive(&sent);
    assert_eq!((forged.status, forged.body.as_str()), (401, "unauthorized"));
    assert_eq!(world.receive(&Sent { kind: "elsewhere", ..sent.clone() }), forged);
    assert_eq!(world.receive(&Sent { method: "GET", ..sent.clone() }), forged);
    world.marketplace = "digitalocean";
    assert_eq!(world.receive(&Sent { kind: "resources", ..sent.clone() }), forged, "of another marketplace");
    world.marketplace = "web";
    assert_eq!(world.receive(&sent), forged, "of none");
    let head = Head {
        method: "POST".to_owned(),
        url: "https://go.example/callbacks/woocommerce/lst_x/orders".to_owned(),
        marketplace: "woocommerce".to_owned(),
        kind: "orders".to_owned(),
        rest: String::new(),
        headers: vec![],
    };
    let outcome = step(&head, b"{}", None, (&[], &[]), Timestamp::clamped(0), &mut SeededEntropy::new(1));
    assert_eq!(outcome, Outcome::Answer { answer: forged, log: None }, "of no listing");
}
