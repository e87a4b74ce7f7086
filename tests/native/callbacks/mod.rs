//! Callbacks from the HTTP request to the ledger. A test fails if a forged, stale or repeated callback or a redelivery
//! changes a row, if the ledger depends on the order of arrival, or if a customer's click is not credited although it
//! is known in the end.

mod apple;
mod apple_customers;
mod apple_postbacks;
mod aws;
mod aws_events;
mod aws_invoices;
mod bigcommerce;
mod digitalocean;
mod fake_vendor;
mod google;
mod google_cloud;
mod google_cloud_unconfirmed;
mod google_play;
mod google_play_purchases;
mod google_workspace;
mod held;
mod hubspot;
mod hubspot_webhook;
mod magento;
mod magento_app;
mod microsoft;
mod microsoft_confirmed;
mod oauth;
mod plans;
mod reports;
mod salesforce;
mod self_referral;
mod shopify;
mod side_fields;
mod silence;
mod unknown_types;
mod unprocessed;
mod vendor;
mod vendor_calls;
mod woocommerce;
mod woocommerce_billing;
mod woocommerce_connect;

use crate::{
    signatures::{issuer, platforms::signer},
    support::{Ledger, TzDatabase, rows},
};
use fake_vendor::{Call, DocumentRequest, FakeVendor, Script};
use pollster::block_on;
use serde_json::{Value as Json, json};
use signpost::{
    api::{self, Environment},
    domain::values::entropy::SeededEntropy,
    ledger::{callbacks::report::Reported, error::LedgerError, needs::NOTHING_FETCHED},
    marketplace::{
        adapter::{Adapter, CallbackResponse, Listing},
        receive::{CallbackRequest, Outcome, Report, ReportResponses, receive, receive_with},
        vendor_api::VendorRequest,
    },
    store::Sql,
};

/// A callback's HTTP request.
#[derive(Clone)]
pub(crate) struct TestCallback {
    pub method: &'static str,
    pub kind: &'static str,
    /// The rest of the path, and the query after a question mark.
    pub rest: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A programme with one listing on a marketplace, and a partner with a link to it.
pub(crate) struct World {
    pub ledger: Ledger,
    pub listing: String,
    pub marketplace: &'static str,
    /// An adapter that replaces the marketplace's own, if that one only trusts keys that a test does not have.
    pub adapter: Option<&'static dyn Adapter>,
    pub partner: String,
    pub link_no: u32,
    /// How the vendor behaves.
    pub vendor: Script,
    /// All calls that callbacks caused, in order.
    pub calls: Vec<Call>,
    /// The requests to the vendor's API among them.
    pub requests: Vec<VendorRequest>,
    /// The documents that were loaded.
    pub documents: Vec<DocumentRequest>,
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
        Self {
            ledger,
            listing,
            marketplace,
            adapter: None,
            partner,
            link_no,
            vendor: Script::default(),
            calls: Vec::new(),
            requests: Vec::new(),
            documents: Vec::new(),
            logged: Vec::new(),
            entropy: SeededEntropy::new(3),
        }
    }

    fn environment<'a>(ledger: &'a Ledger) -> Environment<'a> {
        Environment {
            sql: &ledger.sql,
            config: &ledger.config,
            zones: &TzDatabase,
            now: ledger.now,
            fetched: &NOTHING_FETCHED,
        }
    }

    /// Verifies and parses a callback.
    pub(crate) fn judge(&mut self, callback: &TestCallback) -> Outcome {
        let environment = Self::environment(&self.ledger);
        let listing = api::callback_listing(&environment, &mut self.entropy, &self.listing).unwrap().unwrap();
        let listing: Listing = strict_json::from_str(&listing).unwrap();
        let path = callback.rest.split('?').next().unwrap();
        let slash = if path.is_empty() { "" } else { "/" };
        let request = CallbackRequest {
            method: callback.method.to_owned(),
            url: format!(
                "https://go.example/callbacks/{}/{}/{}{slash}{}",
                self.marketplace, self.listing, callback.kind, callback.rest
            ),
            marketplace: self.marketplace.to_owned(),
            kind: callback.kind.to_owned(),
            rest: path.to_owned(),
            headers: callback.headers.clone(),
            body: callback.body.clone().into_bytes(),
        };
        let vendor = FakeVendor::new(self.vendor, self.ledger.now);
        let entropy = &mut self.entropy;
        let outcome = match self.adapter {
            Some(adapter) => block_on(receive_with(adapter, &request, &listing, &vendor, entropy)),
            None => block_on(receive(&request, Some(&listing), &vendor, entropy)),
        };
        for call in vendor.into_calls() {
            match &call {
                Call::Send(request) => self.requests.push(request.clone()),
                Call::Document(request) => self.documents.push(request.clone()),
                Call::Sign(_) => {}
            }
            self.calls.push(call);
        }
        outcome
    }

    /// Writes a report, after it crossed the border between the Worker and the Ledger.
    pub(crate) fn write(&mut self, report: &Report) -> Result<Reported, LedgerError> {
        let report = strict_json::from_str(&serde_json::to_string(report).unwrap()).unwrap();
        api::report(&Self::environment(&self.ledger), &mut self.entropy, &report)
    }

    /// What the Worker does with a callback: verify and parse it, write the report, respond.
    pub(crate) fn receive(&mut self, callback: &TestCallback) -> CallbackResponse {
        match self.judge(callback) {
            Outcome::Respond { response, log, .. } => {
                self.logged.extend(log);
                response
            }
            Outcome::RateLimited => CallbackResponse::empty(503),
            Outcome::Report { report, responses, log } => {
                self.logged.extend(log);
                let ReportResponses { written, replayed, kept, handoff_completed } = *responses;
                match self.write(&report).unwrap() {
                    Reported::Written => written,
                    Reported::Kept => kept.unwrap(),
                    Reported::HandoffCompleted => handoff_completed.unwrap(),
                    Reported::HandedOver(Some(body)) => CallbackResponse { body, ..written },
                    Reported::Replayed | Reported::HandedOver(None) => replayed,
                    Reported::TrailNeeded(request) => panic!("{request:?} under last touch"),
                }
            }
        }
    }

    /// Why the commission on a sale to this customer is held: one that is sent with the API and names a click.
    pub(crate) fn reason_held(&mut self, customer_id: &str) -> Json {
        let click = self.ledger.click(self.link_no);
        let sale = json!({"type": "sale", "external_id": click, "click_id": click, "customer_id": customer_id,
            "amount": 1_000, "currency": "EUR"});
        let answer = self.ledger.post("/v1/conversions", &sale);
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer.json["commissions"][0]["held_reason"].clone()
    }

    /// The browser completes the handoff with these cookies; the URL that it is redirected to.
    pub(crate) fn go_on(&mut self, answer: &CallbackResponse, cookies: &str) -> Option<String> {
        let location = answer.headers.iter().find(|(name, _)| *name == "location");
        // The browser is redirected there, or follows a link to it.
        let way = location.map_or(answer.body.as_str(), |(_, location)| location);
        let (_, id) = way.split_once("/callbacks/continue/").unwrap();
        let id = id.split('"').next().unwrap();
        let environment = Self::environment(&self.ledger);
        api::resume(&environment, &mut self.entropy, id, cookies).unwrap()
    }

    /// The status of the response to a verified callback of which nothing can be read: it is kept, an event says so, and no
    /// other row changes.
    pub(crate) fn kept(&mut self, case: &str, callback: &TestCallback) -> u16 {
        let before = rows::rows(&self.ledger.sql);
        let answer = self.receive(callback);
        let changed = rows::difference(&before, &rows::rows(&self.ledger.sql));
        let tables: Vec<_> = changed.iter().map(|line| line.split(':').next().unwrap()).collect();
        let kept = ["+ events", "+ kept_callbacks", "+ sqlite_sequence"];
        let sequences = tables.iter().filter(|table| table.ends_with("sqlite_sequence")).count();
        assert!((2..=4).contains(&sequences), "{case}: {changed:?}");
        let rest: Vec<_> = tables.into_iter().filter(|table| !table.ends_with("sqlite_sequence")).collect();
        assert_eq!(rest, kept[..2], "{case}: {changed:?}");
        answer.status
    }

    /// The status of the response to a callback that must not change any row. If it is verified and cannot be read, it is
    /// kept, which nothing else is.
    pub(crate) fn refused(&mut self, case: &str, callback: &TestCallback) -> u16 {
        let before = rows::rows(&self.ledger.sql);
        let answer = self.receive(callback);
        let changed = rows::difference(&before, &rows::rows(&self.ledger.sql));
        let is_kept = |line: &String| {
            line.starts_with("+ kept_callbacks:")
                || (line.starts_with("+ events:") && line.contains("'callback.unprocessed'"))
                || line.contains("sqlite_sequence:")
        };
        let (kept, changed): (Vec<String>, Vec<_>) = changed.into_iter().partition(is_kept);
        assert_eq!(changed, Vec::<String>::new(), "{case}");
        assert!(kept.is_empty() || answer.status != 401, "{case}: {kept:?}");
        answer.status
    }

    /// The state that must not depend on the order of arrival: conversions without their ids and times, balances, and
    /// counts.
    pub(crate) fn outcome(&mut self) -> Json {
        self.ledger.audit();
        let mut conversions = self.ledger.get("/v1/conversions?limit=200").json["data"].take();
        let found = conversions.as_array_mut().unwrap();
        for conversion in found.iter_mut() {
            let fields = conversion.as_object_mut().unwrap();
            for order in ["id", "created_at", "click_id"] {
                fields.remove(order);
            }
            // A click may have won as the conversion's own or as the customer's.
            conversion["attribution"]["reason"].take();
            for commission in conversion["commissions"].as_array_mut().unwrap() {
                for order in ["id", "conversion_id", "created_at"] {
                    commission.as_object_mut().unwrap().remove(order);
                }
            }
        }
        found.sort_by_key(|conversion| conversion["external_id"].to_string());
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

/// All permutations of that many items.
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
