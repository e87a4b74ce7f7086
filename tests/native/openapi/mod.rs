//! The document describes the whole contract, and its examples are real responses of the API.

mod contract;
mod events;
mod payouts;

use crate::support::{Answer, Ledger, OPERATOR, event};
use contract::CONTRACT;
use serde_json::{Map, Value, json};
use signpost::{
    api::{http::problems::Code, operation::Operation},
    openapi,
};
use std::{collections::BTreeSet, path::Path};

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push((path.clone(), method.clone(), operation));
        }
    }
    all
}

/// Calls `visit` for every value below `value`.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(fields) => fields.values().for_each(|field| walk(field, visit)),
        _ => {}
    }
}

#[test]
fn the_document_has_exactly_the_routes_of_the_contract() {
    let document = openapi::document();
    let found: BTreeSet<(String, String)> =
        operations(&document).into_iter().map(|(path, method, _)| (path, method)).collect();
    let promised: BTreeSet<(String, String)> = CONTRACT
        .iter()
        .flat_map(|(path, methods)| methods.iter().map(|method| (path.to_string(), method.to_string())))
        .collect();
    assert_eq!(found, promised);
}

#[test]
fn every_operation_is_listed_once() {
    let document = openapi::document();
    let mut found: Vec<String> = operations(&document)
        .iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    let mut promised: Vec<String> =
        Operation::ALL.iter().map(|operation| operation.id().to_owned()).collect();
    found.sort();
    promised.sort();
    assert_eq!(found, promised);
    promised.dedup();
    assert_eq!(found, promised, "an operationId stands twice");
}

#[test]
fn every_operation_has_a_success() {
    let document = openapi::document();
    for (path, method, operation) in operations(&document) {
        let mut statuses = operation["responses"].as_object().unwrap().keys();
        assert!(statuses.any(|status| status.as_str() < "400"), "{method} {path}");
    }
}

#[test]
fn every_code_is_returned_by_an_operation() {
    let document = openapi::document();
    let mut answered = BTreeSet::new();
    let responses = operations(&document).into_iter().map(|(_, _, operation)| &operation["responses"]);
    for value in responses.chain([&document["components"]["responses"]]) {
        walk(value, &mut |value| {
            let words = value.pointer("/properties/code/enum").and_then(Value::as_array);
            answered.extend(words.into_iter().flatten().filter_map(Value::as_str));
        });
    }
    // No operation returns this code, because it is the response to methods that a path does not have.
    answered.insert(Code::MethodNotAllowed.as_str());
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(answered, all);
    let named = document["components"]["schemas"]["ProblemCode"]["oneOf"].as_array().unwrap();
    assert_eq!(named.iter().map(|code| code["const"].as_str().unwrap()).collect::<BTreeSet<_>>(), all);
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = openapi::document();
    let mut used = BTreeSet::new();
    walk(&document, &mut |value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').expect("references stay within the document");
            assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
            used.insert(pointer.to_owned());
        }
    });
    for kind in ["schemas", "responses", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(used.contains(&format!("/components/{kind}/{name}")), "{kind}/{name} is not used");
        }
    }
}

/// Free text, numbers and lists of a request have limits, or are listed here with the reason.
#[test]
fn every_field_of_a_request_has_limits() {
    // `settings` is any JSON of up to 16 KiB, which a schema cannot express. `click_id` comes from a visitor's address bar, and
    // a sale is never refused because of it.
    let unlimited = ["settings", "click_id"];
    // The types of these fields limit them.
    let typed = [
        "kind",
        "type",
        "status",
        "marketplace",
        "model",
        "attribution",
        "fraud",
        "api_version",
        "self_referral",
        "duplicate_customer",
        "google_play_instant",
        "tax",
        "discount",
        "shipping",
        "event",
        "per",
        "base",
        "tier_mode",
        "others_earn",
        "applies_to",
        "referral",
        "fee",
        "cost_share",
        "from_revenue",
        "cookies",
        "partners_see_customers",
        "publishable",
        "precedence",
        "repeat_customers",
        "method",
        "period",
        "minimum",
        "from",
        "to",
        "date",
        "rate_date",
        "payer",
        "address",
    ];
    let document = openapi::document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if schema["additionalProperties"] != json!(false) {
            continue;
        }
        for field in schema["properties"].as_object().unwrap().keys() {
            let known = unlimited.contains(&field.as_str()) || typed.contains(&field.as_str());
            assert!(known || openapi::limits_of(field).is_some(), "{name}.{field} has no limits");
        }
    }
}

#[test]
fn request_bodies_refuse_unknown_fields_as_the_api_does() {
    let document = openapi::document();
    for (path, method, operation) in operations(&document) {
        let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema/$ref") else {
            continue;
        };
        let schema = document.pointer(schema.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
        assert_eq!(schema["additionalProperties"], json!(false), "{method} {path}");
    }
}

/// Sends requests and records them with their responses.
struct Recorder {
    ledger: Ledger,
    examples: Map<String, Value>,
}

impl Recorder {
    fn send(&mut self, operation: Operation, method: &str, target: &str, body: Option<Value>) -> Answer {
        let text = body.as_ref().map(Value::to_string).unwrap_or_default();
        let answer = self.ledger.call(OPERATOR, method, target, &text, None);
        let part = if answer.status < 400 { "answer" } else { "refusal" };
        let example = self.examples.entry(operation.id()).or_insert_with(|| json!({}));
        example[part] = answer.json.clone();
        if let (Some(body), true) = (body, answer.status < 400) {
            example["request"] = body;
        }
        answer
    }

    fn get(&mut self, operation: Operation, target: &str) {
        let answer = self.send(operation, "GET", target, None);
        assert_eq!(answer.status, 200, "{}", answer.raw.body);
    }

    fn post(&mut self, operation: Operation, target: &str, body: Value) -> Answer {
        let answer = self.send(operation, "POST", target, Some(body));
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer
    }

    fn refuse(&mut self, operation: Operation, target: &str, body: Value) {
        let answer = self.send(operation, "POST", target, Some(body));
        assert!(answer.status >= 400, "{}", answer.raw.body);
    }
}

/// The Ledger in which the examples were recorded.
fn recorded_world() -> Ledger {
    record().ledger
}

fn record() -> Recorder {
    use Operation as Op;
    let mut it = Recorder { ledger: Ledger::new(), examples: Map::new() };
    let terms = json!({
        "name": "Acme partners", "currency": "EUR", "landing_url": "https://acme.example/partners",
        "attribution": {
            "model": "last_touch", "window_days": 30, "half_life_days": 7, "precedence": "coupon_first",
            "repeat_customers": "earn",
        },
        "hold_days": 30, "click_param": "sp_click", "commission_bp": 2000,
        "fraud": { "velocity_per_hour": 100, "min_seconds_from_click": 3 },
    });
    assert_eq!(it.send(Op::SetProgram, "PUT", "/v1/program", Some(terms)).status, 200);
    it.get(Op::GetProgram, "/v1/program");
    let partner = json!({
        "name": "Ada Lovelace", "kind": "influencer", "email": "ada@example.com", "country": "DE", "currency": "EUR",
        "commission_bp": 2500, "external_id": "crm-4711", "metadata": { "channel": "newsletter" },
    });
    let partner = it.post(Op::CreatePartner, "/v1/partners", partner).text("/id");
    it.refuse(
        Op::CreatePartner,
        "/v1/partners",
        json!({ "name": "", "kind": "influencer", "email": "ada", "country": "UK" }),
    );
    it.get(Op::GetPartner, &format!("/v1/partners/{partner}"));
    let token = json!({ "partner_id": partner, "scopes": ["read"], "ttl_seconds": 900, "origin": "https://portal.example.com" });
    it.post(Op::CreateToken, "/v1/tokens", token);
    it.get(Op::GetPartnerTerms, &format!("/v1/partners/{partner}/terms"));
    it.get(Op::ListPartners, "/v1/partners");
    let listing = json!({
        "name": "Acme for Shopify", "marketplace": "shopify", "url": "https://apps.shopify.com/acme?locale=en",
        "slug": "acme-shopify", "secrets": { "client_secret": "shpss_example" },
    });
    let listing = it.post(Op::CreateListing, "/v1/listings", listing).text("/id");
    let path = format!("/v1/listings/{listing}");
    let rotated = json!({ "secrets": { "client_secret": ["shpss_new", "shpss_example"] } });
    assert_eq!(it.send(Op::UpdateListing, "PATCH", &path, Some(rotated)).status, 200);
    it.get(Op::GetListing, &path);
    it.get(Op::ListListings, "/v1/listings");
    let key = json!({ "name": "Ada's dashboard", "scopes": ["read", "links:write"], "partner_id": partner });
    let key = it.post(Op::CreateKey, "/v1/keys", key).text("/id");
    it.get(Op::ListKeys, "/v1/keys");
    let link = json!({
        "partner_id": partner, "listing_id": listing, "campaign": "spring-2027", "slug": "ada-spring",
        "expires_at": "2027-06-30T22:00:00.000Z", "metadata": { "post": "42" },
    });
    let link = it.post(Op::CreateLink, "/v1/links", link).text("/id");
    it.refuse(
        Op::CreateLink,
        "/v1/links",
        json!({ "partner_id": partner, "listing_id": listing, "slug": "ada-spring" }),
    );
    it.get(Op::GetLink, &format!("/v1/links/{link}"));
    let path = format!("/v1/links/{link}");
    let change = json!({ "query": "utm_source=ada", "metadata": { "post": "43" } });
    assert_eq!(it.send(Op::UpdateLink, "PATCH", &path, Some(change)).status, 200);
    it.get(Op::ListLinks, "/v1/links");
    let coupon =
        json!({ "code": "ADA20", "partner_id": partner, "effective_until": "2027-01-01T00:00:00.000Z" });
    let coupon = it.post(Op::CreateCoupon, "/v1/coupons", coupon).text("/id");
    it.refuse(Op::CreateCoupon, "/v1/coupons", json!({ "code": " ada20 ", "partner_id": partner }));
    it.get(Op::GetCoupon, &format!("/v1/coupons/{coupon}"));
    it.get(Op::ListCoupons, "/v1/coupons");
    let click = it.ledger.click(1);
    it.ledger.wait(90_000);
    let sale = json!({
        "type": "sale", "external_id": "order-1001", "click_id": click, "customer_id": "customer-7", "amount": 9900,
        "currency": "EUR", "metadata": { "plan": "team" },
    });
    let sale = it.post(Op::CreateConversion, "/v1/conversions", sale).text("/id");
    it.refuse(
        Op::CreateConversion,
        "/v1/conversions",
        json!({ "type": "sale", "external_id": "order-1002" }),
    );
    it.ledger.wait(30_000);
    let refunds = format!("/v1/conversions/{sale}/refunds");
    it.post(Op::CreateRefund, &refunds, json!({ "external_id": "refund-1", "amount": 3300 }));
    it.refuse(Op::CreateRefund, &refunds, json!({ "external_id": "refund-2", "amount": 9900 }));
    it.get(Op::GetConversion, &format!("/v1/conversions/{sale}"));
    it.get(Op::ListConversions, "/v1/conversions");
    it.get(Op::ExplainConversion, &format!("/v1/conversions/{sale}/attribution"));
    it.get(Op::GetAttribution, &format!("/v1/attribution?partner_id={partner}&group_by=day"));
    let rules = json!({ "attribution": { "model": "linear" }, "from": "2026-11-01T00:00:00.000Z" });
    assert_eq!(it.send(Op::SimulateAttribution, "POST", "/v1/attribution/simulate", Some(rules)).status, 200);
    it.get(Op::ListBalances, "/v1/balances");
    it.get(Op::ListCommissions, "/v1/commissions");
    let commission = it.examples["listCommissions"]["answer"]["data"][0]["id"].as_str().unwrap().to_owned();
    it.get(Op::GetCommission, &format!("/v1/commissions/{commission}"));
    it.get(Op::ListEvents, "/v1/events?limit=2");
    let app = json!({
        "name": "Acme for Android", "marketplace": "google-play", "settings": { "package_name": "com.acme.app" },
        "url": "https://play.google.com/store/apps/details?id=com.acme.app",
    });
    let app = it.ledger.post("/v1/listings", &app).text("/id");
    let install = json!({
        "listing_id": app, "install_id": "5f0c2b7e-9d7a-4c55-8a33-3c0f6f7f1a02", "package_name": "com.acme.app",
        "referrer": format!("utm_source=acme&sp_click={click}"), "obfuscated_account_id": "user-4711",
        "referrer_click_timestamp_server_seconds": 1_795_348_805, "install_begin_timestamp_server_seconds": 1_795_348_840,
        "install_version": "3.4.1", "google_play_instant": false,
    });
    it.post(Op::ReportPlayInstall, "/v1/installs/google-play", install);
    it.refuse(
        Op::ReportPlayInstall,
        "/v1/installs/google-play",
        json!({ "listing_id": listing, "install_id": "", "referrer": "utm_source=google-play" }),
    );
    let links = json!({ "links": [{ "partner_id": partner, "listing_id": listing, "campaign": "podcast" }] });
    let made = it.post(Op::CreateLinks, "/v1/links/bulk", links).text("/data/0/id");
    it.ledger.wait(1_000);
    let revoke = format!("/v1/coupons/{coupon}/revoke");
    assert_eq!(it.send(Op::RevokeCoupon, "POST", &revoke, None).status, 200);
    let revoke = format!("/v1/links/{made}/revoke");
    assert_eq!(it.send(Op::RevokeLink, "POST", &revoke, None).status, 200);
    let change = Some(json!({ "status": "paused", "external_id": null }));
    let path = format!("/v1/partners/{partner}");
    assert_eq!(it.send(Op::UpdatePartner, "PATCH", &path, change).status, 200);
    let unsigned = json!({
        "amount": 4900, "currency": "EUR", "plan": "team", "evidence": "transport_only", "clicks": [click],
    });
    it.ledger.told(1, &[event("charged", "invoice-7", &unsigned)]);
    let held = it.ledger.get("/v1/commissions?held=true").text("/data/0/id");
    let release = format!("/v1/commissions/{held}/release");
    let note = Some(json!({ "note": "The vendor's invoice of March lists it" }));
    assert_eq!(it.send(Op::ReleaseCommission, "POST", &release, note).status, 200);
    it.refuse(Op::ReleaseCommission, &release, json!({}));
    let reject = format!("/v1/commissions/{held}/reject");
    let note = json!({ "note": "The customer never paid this invoice" });
    assert_eq!(it.send(Op::RejectCommission, "POST", &reject, Some(note.clone())).status, 200);
    it.refuse(Op::RejectCommission, &reject, note);
    payouts::record(&mut it, &partner);
    let line = json!({
        "object": "opening_balance", "external_id": "balance-2026", "created_at": "2026-11-01T00:00:00.000Z",
        "partner_id": "ext:studio-7", "amount": { "amount": 12500, "currency": "EUR" },
    });
    it.refuse(Op::ImportLines, "/v1/import", line.clone());
    let studio = json!({ "name": "Studio Seven", "kind": "agency", "external_id": "studio-7" });
    it.ledger.post("/v1/partners", &studio);
    it.post(Op::ImportLines, "/v1/import", line);
    let store = json!({
        "name": "Store", "marketplace": "woocommerce", "url": "https://store.acme.example/",
        "secrets": { "webhook_secret": "s3cret" },
    });
    it.ledger.post("/v1/listings", &store);
    let order = json!({ "id": 727, "status": "processing", "currency": "EUR", "total": "29,35" });
    let callback = it.ledger.kept(3, &order.to_string());
    it.get(Op::ListCallbacks, "/v1/callbacks?status=unprocessed");
    let retry = format!("/v1/callbacks/{callback}/retry");
    assert_eq!(it.send(Op::RetryCallback, "POST", &retry, None).status, 200);
    assert_eq!(it.ledger.call(OPERATOR, "DELETE", &format!("/v1/keys/{key}"), "", None).status, 204);
    let lead = json!({ "type": "lead", "external_id": "contact-17", "click_id": click, "customer_id": "customer-8" });
    let lead = it.ledger.post("/v1/conversions", &lead).text("/id");
    it.ledger.wait(3_600_000);
    let decision = json!({ "status": "qualified", "reason": "Has a budget and a date" });
    let qualify = format!("/v1/conversions/{lead}/qualify");
    assert_eq!(it.send(Op::QualifyLead, "POST", &qualify, Some(decision.clone())).status, 200);
    it.refuse(Op::QualifyLead, &format!("/v1/conversions/{sale}/qualify"), decision);
    webhooks(&mut it, &partner, &sale);
    for _ in 0..5 {
        it.ledger.wait(3_600_000);
        it.ledger.told(1, &[]);
    }
    it.get(Op::GetListingHealth, &format!("/v1/listings/{listing}/health"));
    it
}

fn webhooks(it: &mut Recorder, partner: &str, sale: &str) {
    use Operation as Op;
    let endpoint = json!({
        "url": "https://hooks.acme.example/signpost", "events": ["conversion.created", "refund.created"],
        "description": "Data warehouse",
    });
    let webhook = it.post(Op::CreateWebhook, "/v1/webhooks", endpoint).text("/id");
    let private = json!({ "url": "https://127.0.0.1/signpost", "events": ["conversion.created"], "partner_id": partner });
    it.refuse(Op::CreateWebhook, "/v1/webhooks", private);
    let path = format!("/v1/webhooks/{webhook}");
    it.get(Op::GetWebhook, &path);
    let change = json!({ "events": ["*"] });
    assert_eq!(it.send(Op::UpdateWebhook, "PATCH", &path, Some(change)).status, 200);
    it.get(Op::ListWebhooks, "/v1/webhooks");
    assert_eq!(it.send(Op::RotateWebhookSecret, "POST", &format!("{path}/rotate"), None).status, 200);
    let event = it.send(Op::TestWebhook, "POST", &format!("{path}/test"), None).text("/event_id");
    let created = it.ledger.get("/v1/events?type=conversion.created").text("/data/0/id");
    let replay = json!({ "event_ids": [created] });
    assert_eq!(it.send(Op::ReplayEvents, "POST", &format!("{path}/replay"), Some(replay)).status, 202);
    it.refuse(Op::ReplayEvents, &format!("{path}/replay"), json!({ "event_ids": [sale] }));
    let attempts = json!({ "total": null, "attempts": [{
        "no": 1, "event_id": event, "kind": "webhook.test", "is_replay": true, "attempt": 1, "status": "delivered",
        "http_status": 204, "error": null, "latency_ms": 84, "response_excerpt": "",
        "attempted_at": "2026-11-22T11:02:00.120Z", "next_attempt_at": null,
    }] });
    let internal = format!("/internal/webhooks/{webhook}/deliveries");
    assert_eq!(it.send(Op::ListDeliveries, "POST", &internal, Some(attempts)).status, 200);
    it.examples["listDeliveries"].as_object_mut().unwrap().remove("request");
    let paused = json!({ "status": "paused" });
    assert_eq!(it.ledger.patch(&path, &paused).status, 200);
    assert_eq!(it.send(Op::TestWebhook, "POST", &format!("{path}/test"), None).status, 409);
    assert_eq!(it.send(Op::DeleteWebhook, "DELETE", &path, None).status, 204);
    it.examples.remove("deleteWebhook");
}

/// `UPDATE_EXAMPLES=1 cargo test --test native openapi` rewrites the file.
#[test]
fn the_examples_are_what_the_api_answers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/api_examples.json");
    let mut recorded = serde_json::to_string_pretty(&record().examples).unwrap();
    recorded.push('\n');
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::write(&file, &recorded).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(
        kept == recorded,
        "the API answers otherwise now: look at what `UPDATE_EXAMPLES=1 cargo test --test native openapi` changes"
    );
}
