//! Adobe Commerce through Adobe I/O Events. A test fails if an order is charged twice or inexactly, if a refund misses
//! its charge, if another project's event is accepted, or if a URL from an unauthenticated request is opened.

use super::fake_vendor::DocumentRequest;
use super::{
    TestCallback, World, orders,
    vendor::{self, KEY, OTHER_KEY, OTHER_PUBLIC, PUBLIC},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use signpost::marketplace::vendor_api::Document;

pub(crate) const CLIENT: &str = "c5a34355b7f5491f8277b8dd63f0bfa3";
const PROVIDER: &str = "urn:uuid:1d02b72b-225f-45a0-a45f-4e89e1b3f300";
const PATHS: [&str; 2] = ["/prod/keys/pub-key-one.pem", "/prod/keys/pub-key-other.pem"];
pub(crate) const ORDER: &str = "com.adobe.commerce.observer.sales_order_save_commit_after";
const CHECKOUT: &str = "com.adobe.commerce.acme.observer.checkout_submit_all_after";
const MEMO: &str = "com.adobe.commerce.observer.sales_order_creditmemo_save_after";

fn publishes(request: &DocumentRequest) -> Document {
    let path = request.url.strip_prefix("https://static.adobeioevents.com").unwrap();
    let text = if path == PATHS[0] { PUBLIC } else { OTHER_PUBLIC };
    vendor::document(request, Some(text.to_owned()))
}

pub(crate) fn world_with(settings: &Json, secrets: &Json) -> World {
    let mut world = World::new("magento", settings, secrets);
    world.vendor.publishes = publishes;
    world
}

pub(crate) fn world() -> World {
    world_with(&json!({"client_id": ["an-old-project", CLIENT], "click_field": "sp_click"}), &json!({}))
}

pub(crate) fn with(mut base: Json, fields: &Json) -> Json {
    base.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    base
}

/// An order as Commerce sends it, with a mixture of numbers and texts.
pub(crate) fn order(fields: &Json) -> Json {
    let base = json!({
        "entity_id": "673", "increment_id": "000000617", "state": "processing", "status": "processing",
        "base_grand_total": 409.6, "base_currency_code": "USD", "grand_total": "368.6400", "order_currency_code": "EUR",
        "customer_is_guest": 1, "customer_email": "Ann@Example.com", "coupon_code": "REF-7QM2",
        "created_at": "2026-11-22 11:40:19",
    });
    with(base, fields)
}

/// A paid order, signed with both keys.
pub(crate) fn paid_order() -> TestCallback {
    event(ORDER, &order(&json!({})))
}

fn memo(fields: &Json) -> Json {
    let base = json!({"entity_id": "31", "order_id": 673, "increment_id": "000000031", "state": 2,
        "base_grand_total": "20.0000", "base_currency_code": "USD", "created_at": "2026-11-22 11:50:00"});
    with(base, fields)
}

fn message(kind: &str, value: &Json) -> Json {
    json!({
        "specversion": "1.0", "type": kind, "source": PROVIDER, "id": "0c1b2a39-4857-4f3a-9b7c-6d5e4f3a2b1c",
        "time": "2026-11-22T11:55:00.000Z", "datacontenttype": "application/json", "recipientclientid": CLIENT,
        "data": {"key": "7f0a", "value": value, "source": "shop.prod"},
    })
}

fn post(headers: Vec<(String, String)>, body: &str) -> TestCallback {
    TestCallback { method: "POST", kind: "events", rest: String::new(), headers, body: body.to_owned() }
}

/// Signed with both keys.
fn signed(body: &str) -> TestCallback {
    let signature = |pem| STANDARD.encode(vendor::sign(pem, body.as_bytes()));
    let headers = [
        ("x-adobe-digital-signature-1", signature(KEY)),
        ("x-adobe-digital-signature-2", signature(OTHER_KEY)),
        ("x-adobe-public-key1-path", PATHS[0].to_owned()),
        ("x-adobe-public-key2-path", PATHS[1].to_owned()),
    ];
    post(headers.map(|(name, value)| (name.to_owned(), value)).to_vec(), body)
}

pub(crate) fn event(kind: &str, value: &Json) -> TestCallback {
    signed(&message(kind, value).to_string())
}

/// Amount, currency and refunded amount of each sale.
pub(crate) fn sales(world: &mut World) -> Vec<(i64, String, i64)> {
    let conversions = world.ledger.get("/v1/conversions").json;
    let row = |sale: &Json| {
        let amount = |name: &str| sale[name].as_i64().unwrap_or_default();
        (amount("amount"), sale["currency"].as_str().unwrap_or_default().to_owned(), amount("refunded"))
    };
    conversions["data"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn an_order_s_life_ends_in_the_same_ledger_in_whatever_order_it_arrives() {
    let mut expected = None;
    for order_of in orders(5) {
        let mut world = world();
        world.ledger.wait(-3_600_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(3_600_000);
        let message = order(&json!({"extension_attributes": {"sp_click": click}}));
        let complete = with(
            message.clone(),
            &json!({"entity_id": 673, "state": "complete", "base_grand_total": "409.60"}),
        );
        let life = [
            event(CHECKOUT, &json!({"order": message, "quote": {"entity_id": "730"}})),
            event(ORDER, &complete),
            event(MEMO, &memo(&json!({}))),
            event(MEMO, &memo(&json!({"increment_id": "000000032", "base_grand_total": 9.99}))),
            event(ORDER, &with(message.clone(), &json!({"state": "closed"}))),
        ];
        for step in order_of.iter().chain(&order_of) {
            let answer = world.receive(&life[*step]);
            assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{order_of:?}");
        }
        let outcome = world.outcome();
        // The order was closed in the end, so all of it is refunded, whatever its memos say.
        assert_eq!(sales(&mut world), [(40_960, "USD".to_owned(), 40_960)], "{order_of:?}");
        let sale = &outcome["conversions"][0];
        assert_eq!(sale["external_id"], format!("{}/order:673", world.listing));
        assert_eq!(sale["occurred_at"], "2026-11-22T11:40:19.000Z");
        assert_eq!(
            (&sale["coupon"], sale["attribution"]["credits"][0]["click_id"].as_str()),
            (&json!("REF-7QM2"), Some(&*click))
        );
        assert_eq!(sale["metadata"], json!({"marketplace": "magento", "evidence": "signed"}));
        let balance = &outcome["balances"][0];
        assert_eq!((&balance["pending"], &balance["reversed"]), (&json!(0), &json!(8_192)), "{order_of:?}");
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order_of:?}");
        assert_eq!(world.logged, Vec::<String>::new());
    }
}

#[test]
fn amounts_are_exact_in_the_currency_that_the_listing_says() {
    for (settings, fields, expected) in [
        (json!({}), json!({}), Some((40_960, "USD"))),
        (json!({}), json!({"base_grand_total": 0.1}), Some((10, "USD"))),
        (json!({}), json!({"base_grand_total": 90_071_992_547.41}), None),
        (json!({}), json!({"base_grand_total": "9007199254.7409"}), Some((900_719_925_474, "USD"))),
        (json!({}), json!({"base_grand_total": "18.4501"}), Some((1_845, "USD"))),
        (json!({}), json!({"base_grand_total": "36.390000000000001"}), Some((3_639, "USD"))),
        (json!({}), json!({"base_grand_total": "36.395"}), Some((3_640, "USD"))),
        (json!({}), json!({"base_total_canceled": "9.6000"}), Some((40_000, "USD"))),
        (json!({}), json!({"base_total_canceled": "x"}), None),
        (json!({}), json!({"base_grand_total": 9_007_199_254.74}), Some((900_719_925_474, "USD"))),
        (json!({}), json!({"base_grand_total": "120.5000"}), Some((12_050, "USD"))),
        (json!({}), json!({"base_grand_total": 1500, "base_currency_code": "JPY"}), Some((1_500, "JPY"))),
        (json!({}), json!({"base_grand_total": "-1.00"}), None),
        (json!({}), json!({"base_grand_total": 1e25}), None),
        (json!({}), json!({"base_grand_total": null}), None),
        (json!({}), json!({"base_currency_code": "XXXX"}), None),
        (json!({"amounts": "order"}), json!({}), Some((36_864, "EUR"))),
        (json!({"amounts": "order"}), json!({"order_currency_code": ""}), None),
        (json!({"amounts": "both"}), json!({}), None),
    ] {
        let mut world = world_with(&with(json!({"client_id": CLIENT}), &settings), &json!({}));
        assert_eq!(world.receive(&event(ORDER, &order(&fields))).status, 200);
        let expected: Vec<_> =
            expected.iter().map(|(amount, code)| (*amount, (*code).to_owned(), 0)).collect();
        assert_eq!(sales(&mut world), expected, "{settings} {fields}");
        assert_eq!(world.logged.len(), 1 - expected.len(), "{:?}", world.logged);
    }
}

#[test]
fn a_customer_is_a_number_or_the_hash_of_an_address() {
    let hash = "guest:";
    for (fields, account) in [
        (json!({"customer_id": "26"}), "/customer:26"),
        (json!({"customer_id": 26, "customer_email": null}), "/customer:26"),
        (json!({"customer_id": 0}), hash),
        (json!({"customer_id": null}), hash),
        (json!({"customer_email": ""}), "/order:673"),
    ] {
        let mut world = world();
        world.receive(&event(ORDER, &order(&fields)));
        let customer = world.ledger.get("/v1/conversions").json["data"][0]["customer_id"].take();
        let customer = customer.as_str().unwrap();
        // Each instance numbers its customers and orders itself.
        let listing = if account == hash { "" } else { &world.listing };
        assert!(customer.starts_with(&format!("magento:{listing}{account}")), "{customer}");
        assert!(!customer.to_lowercase().contains("ann"), "{customer}");
        // The same guest, with another spelling of the address.
        let again = json!({"entity_id": "674", "customer_email": " ann@example.COM "});
        world.receive(&event(ORDER, &order(&with(fields.clone(), &again))));
        let second = world.ledger.get("/v1/conversions").json["data"][0]["customer_id"].take();
        assert_eq!(second == customer, account != "/order:673", "{fields}");
    }
}

#[test]
fn what_is_not_paid_or_not_ours_or_lacks_a_field_is_answered_and_tells_nothing() {
    let provider = json!({"client_id": CLIENT, "source": ["urn:uuid:other", PROVIDER]});
    let mut world = world_with(&provider, &json!({}));
    let other = with(message(ORDER, &order(&json!({}))), &json!({"source": "urn:uuid:foreign"}));
    let without = |mut value: Json, name: &str| {
        value.as_object_mut().unwrap().remove(name);
        value
    };
    for (case, callback, log) in [
        ("new", event(ORDER, &order(&json!({"state": "new"}))), ""),
        ("held", event(ORDER, &order(&json!({"state": "holded"}))), ""),
        ("in review", event(ORDER, &order(&json!({"state": "payment_review"}))), ""),
        (
            "without a state",
            event(ORDER, &without(order(&json!({})), "state")),
            "state is missing: select that field",
        ),
        ("an unknown state", event(ORDER, &order(&json!({"state": "gone"}))), "state is unknown"),
        ("a memo of an unknown state", event(MEMO, &memo(&json!({"state": 4}))), "state is unknown"),
        ("an open memo", event(MEMO, &memo(&json!({"state": "1"}))), ""),
        ("a cancelled memo", event(MEMO, &memo(&json!({"state": 3}))), ""),
        ("another event", event("com.adobe.commerce.observer.customer_login", &json!({})), ""),
        (
            "a like ending",
            event("com.adobe.commerce.myobserver.sales_order_save_commit_after", &order(&json!({}))),
            "its type is unknown",
        ),
        ("a like name", event(&format!("{ORDER}_again"), &order(&json!({}))), "its type is unknown"),
        ("an invoice", event("com.adobe.commerce.observer.sales_order_invoice_save_after", &json!({})), ""),
        ("another instance's", signed(&other.to_string()), "source is not one of the listing's"),
        ("no value", event(ORDER, &json!([])), "there is no data.value"),
        (
            "no id",
            event(ORDER, &without(order(&json!({})), "entity_id")),
            "entity_id is missing: select that field",
        ),
        (
            "no order",
            event(MEMO, &without(memo(&json!({})), "order_id")),
            "order_id is missing: select that field",
        ),
        (
            "no number",
            event(MEMO, &without(memo(&json!({})), "increment_id")),
            "increment_id is missing: select that field",
        ),
        (
            "no amount",
            event(MEMO, &without(memo(&json!({})), "base_grand_total")),
            "base_grand_total is missing: select that field",
        ),
    ] {
        assert_eq!(world.refused(case, &callback), 200, "{case}");
        let logged: Vec<String> = world.logged.drain(..).collect();
        assert_eq!(logged.len(), usize::from(!log.is_empty()), "{case}: {logged:?}");
        assert!(logged.iter().all(|line| line.ends_with(log)), "{case}: {logged:?}");
    }
    assert_eq!(world.receive(&event(ORDER, &order(&json!({})))).status, 200);
    assert_eq!(world.ledger.rows("conversions"), 1, "of the listing's provider");
}

#[test]
fn forged_foreign_and_stale_events_are_refused_and_keys_that_cannot_be_had_are_asked_for_again() {
    let mut world = world();
    let good = message(ORDER, &order(&json!({})));
    let path = |path: &str| {
        let mut callback = signed(&good.to_string());
        for (name, value) in &mut callback.headers {
            if name.ends_with("-path") {
                *value = path.to_owned();
            }
        }
        callback
    };
    for (case, callback) in [
        ("no signature", post(vec![], &good.to_string())),
        (
            "other bytes",
            TestCallback { body: good.to_string().replace("409.6", "909.6"), ..signed(&good.to_string()) },
        ),
        ("a stranger's key", path("@attacker.example/x.pem")),
        ("another project", signed(&with(good.clone(), &json!({"recipientclientid": "theirs"})).to_string())),
        ("an old one", signed(&with(good.clone(), &json!({"time": "2026-11-21T10:59:59Z"})).to_string())),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
        // Only what could be an event of ours makes us load keys.
        let loaded = if case == "other bytes" { 2 } else { 0 };
        assert_eq!(world.documents.drain(..).count(), loaded, "{case}");
    }
    // One key is enough. Without any key, the event is delivered again.
    world.vendor.publishes = |request| vendor::document(request, None);
    assert_eq!(world.refused("no keys", &signed(&good.to_string())), 503);
    world.vendor.publishes = |request| match request.url.contains("other") {
        true => publishes(request),
        false => vendor::document(request, None),
    };
    assert_eq!(world.receive(&signed(&good.to_string())).status, 200);
    assert_eq!(world.ledger.rows("conversions"), 1);
    let mut nobody = world_with(&json!({}), &json!({}));
    assert_eq!(nobody.refused("without a client id it is anybody's", &signed(&good.to_string())), 401);
}

#[test]
fn a_registration_is_greeted_and_an_address_to_open_is_shown_and_not_opened() {
    let mut world = world();
    let get = |query: &str| TestCallback { method: "GET", rest: query.to_owned(), ..post(vec![], "") };
    let answer = world.receive(&get("?challenge=8ec8d794-e0ab-42df-9017-e3dada8e84f7"));
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"challenge":"8ec8d794-e0ab-42df-9017-e3dada8e84f7"}"#)
    );
    assert_eq!(answer.headers, [("content-type", "application/json".to_owned())]);
    assert_eq!(world.refused("markup", &get("?challenge=%3Cscript%3E")), 401);
    world.logged.clear();
    let asks = |address: &str| post(vec![], &json!({"validationUrl": address}).to_string());
    let address = "https://csm.adobe.io/csm/registrations/validate?id=c6b07&challenge=a9aa-3e";
    assert_eq!(world.refused("Adobe's", &asks(address)), 200);
    let line = format!("tells nothing: Adobe wants the operator to open {address} within five minutes");
    assert!(world.logged[0].ends_with(&line), "{:?}", world.logged);
    for strange in [
        "https://csm.adobe.io.attacker.example/csm/registrations/validate?id=1",
        "https://csm.adobe.io/csm/registrations/validate?id=1\na line of a stranger's",
        "https://csm.adobe.io/csm/registrations/validate",
        &format!("{address}{}", "a".repeat(512)),
    ] {
        assert_eq!(world.refused(strange, &asks(strange)), 401, "{strange}");
        assert!(!world.logged.last().unwrap().contains("stranger"));
    }
    assert_eq!(world.documents.len() + world.requests.len(), 0);
}

#[test]
fn the_old_signature_counts_where_the_operator_wants_it_and_never_beside_a_new_one() {
    let body = message(ORDER, &order(&json!({}))).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"adobe-client-secret").unwrap();
    mac.update(body.as_bytes());
    let header = ("X-Adobe-Signature".to_owned(), STANDARD.encode(mac.finalize().into_bytes()));
    let legacy = post(vec![header.clone()], &body);
    let secrets = json!({"client_secret": "adobe-client-secret"});
    let mut off = world_with(&json!({"client_id": CLIENT}), &secrets);
    assert_eq!(off.refused("off", &legacy), 401);
    let mut on = world_with(&json!({"client_id": CLIENT, "accept_legacy_hmac": true}), &secrets);
    let beside = ("X-Adobe-Digital-Signature-2".to_owned(), STANDARD.encode([1; 256]));
    assert_eq!(on.refused("beside", &post(vec![header, beside], &body)), 401);
    assert_eq!(on.receive(&legacy).status, 200);
    assert_eq!(sales(&mut on), [(40_960, "USD".to_owned(), 0)]);
}

#[test]
fn an_order_that_is_cancelled_or_closed_is_taken_back_whenever_that_arrives() {
    for state in ["canceled", "closed"] {
        let (paid, ended) = (paid_order(), event(ORDER, &order(&json!({"state": state}))));
        for steps in [[&paid, &ended], [&ended, &paid]] {
            let mut world = world();
            steps.iter().for_each(|step| assert_eq!(world.receive(step).status, 200));
            assert_eq!(sales(&mut world), [(40_960, "USD".to_owned(), 40_960)], "{state}");
            assert_eq!(world.ledger.rows("waiting_refunds"), 0, "{state}");
            assert_eq!(world.refused("again", steps[1]), 200, "{state}");
            world.ledger.audit();
        }
    }
}

#[test]
fn the_part_of_an_order_that_is_cancelled_later_is_a_refund_of_the_difference() {
    let mut world = world();
    assert_eq!(world.receive(&paid_order()).status, 200);
    for (canceled, refunded) in [("9.6000", 960), ("9.6000", 960), ("0.0000", 960), ("109.6", 10_960)] {
        let fields = json!({"state": "complete", "base_total_canceled": canceled});
        assert_eq!(world.receive(&event(ORDER, &order(&fields))).status, 200);
        assert_eq!(sales(&mut world), [(40_960, "USD".to_owned(), refunded)], "{canceled}");
    }
    world.ledger.audit();
}

#[test]
fn a_rounded_amount_is_flagged() {
    for (total, flag) in
        [("18.4501", json!("rounded")), ("36.390000000000001", json!("rounded")), ("18.4500", Json::Null)]
    {
        let mut world = world();
        world.receive(&event(ORDER, &order(&json!({"base_grand_total": total}))));
        let conversions = world.ledger.get("/v1/conversions").json;
        assert_eq!(conversions["data"][0]["metadata"]["amount"], flag, "{total}");
    }
}
