//! Callbacks from the request to the money, natively. What counts as failure: a forged, stale or repeated callback that
//! changes a row; a redelivery that does; an order of context that ends in another ledger; a customer's click that is not
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
mod reports;
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
        trails::NO_TRAILS,
    },
    domain::values::entropy::SeededEntropy,
    marketplace::{
        adapter::{Adapter, CallbackResponse, Listing},
        published_keys::{Document, Wanted},
        step::{Head, Outcome, step, step_of},
        vendor_api::{ToSign, VendorRequest, VendorResponse},
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
    pub vendor: fn(&VendorRequest) -> VendorResponse,
    pub asked: Vec<VendorRequest>,
    /// What the vendor publishes, and all that was fetched.
    pub publishes: fn(&Wanted) -> Document,
    pub fetched: Vec<Wanted>,
    /// How a text is signed with a key.
    pub signs: fn(&ToSign) -> VendorResponse,
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
        let vendor = |request: &VendorRequest| panic!("nobody asks {request:?}");
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
        Environment {
            sql: &ledger.sql,
            config: &ledger.config,
            zones: &TzDatabase,
            now: ledger.now,
            trails: &NO_TRAILS,
        }
    }

    /// What the Worker does with a callback: verify and read, then write, then answer.
    pub(crate) fn receive(&mut self, sent: &Sent) -> CallbackResponse {
        let environment = Self::environment(&self.ledger);
        let listing = callbacks::listing(&environment, &mut self.entropy, &self.listing).unwrap().unwrap();
        let listing: Listing = json::read(&listing).unwrap();
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
                Outcome::CallbackResponse { answer, log } => {
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
                        Reported::HandedOver(Some(body)) => CallbackResponse { body, ..answer },
                        Reported::Replayed | Reported::HandedOver(None) => otherwise,
                        Reported::TrailWished(wish) => panic!("{wish:?} under last touch"),
                    };
                }
            }
        }
    }

    /// The browser follows the way on with these cookies; where it ends up.
    pub(crate) fn go_on(&mut self, answer: &CallbackResponse, cookies: &str) -> Option<String> {
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

    /// What all ways must come to: conversions without what the order of context gives them, balances, and counts.
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
