//! The catalogue of events: every type happens, and its data have the fields that the document states.

use super::recorded_world;
use crate::{
    reports::month::month,
    store::replay::history,
    support::{Ledger, event},
};
use serde_json::{Map, Value, json};
use signpost::{
    domain::{
        delivery::endpoint::{ApiVersion, PauseReason},
        event::EventType,
        values::id::WebhookId,
    },
    openapi,
    store::{delivery::command::Command, log::events, webhooks},
};
use std::{collections::BTreeSet, path::Path};

/// The first event of each type in a Ledger, as a webhook receives it.
fn payloads(ledger: &Ledger, found: &mut Map<String, Value>) {
    for event in events::after(&ledger.sql, 0, None, 100_000).unwrap() {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        found.entry(event.kind.as_str()).or_insert_with(|| {
            json!({ "type": event.kind, "timestamp": event.at, "data": data, "api_version": ApiVersion::NEWEST })
        });
    }
}

/// Makes each type of event happen.
fn record() -> Map<String, Value> {
    let mut found = Map::new();
    let mut ledger = recorded_world();
    let hook = json!({ "url": "https://hooks.acme.example/signpost", "events": ["*"] });
    let id = ledger.post("/v1/webhooks", &hook).text("/id");
    ledger.disable_webhook(&WebhookId::parse(&id).unwrap(), PauseReason::Failing);
    payloads(&ledger, &mut found);
    payloads(&history(), &mut found);
    payloads(&payouts(), &mut found);
    payloads(&late_clicks(), &mut found);
    payloads(&kept_callbacks(), &mut found);
    payloads(&silent_listing(), &mut found);
    found.insert("webhook.test".to_owned(), test_payload());
    found
}

/// Runs, payment files and payouts with each end.
fn payouts() -> Ledger {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_500);
    let month = month(&mut ledger, &ada.partner, ada.link_no);
    let placement = json!({"partner_id": ada.partner, "kind": "post", "title": "Unboxing", "external_id": "video-1",
        "fee": {"amount": 50_000, "currency": "EUR"}});
    assert_eq!(ledger.post("/v1/placements", &placement).status, 201);
    for file in ["sepa", "paypal", "wise"] {
        ledger.get(&format!("/v1/payouts/runs/{}/files/{file}", month.approved));
    }
    let failed = json!({"reason": "The account is closed"});
    assert_eq!(ledger.post(&format!("/v1/payouts/{}/failed", month.payout), &failed).status, 200);
    assert_eq!(ledger.post(&format!("/v1/payouts/runs/{}/refresh", month.draft), &json!({})).status, 200);
    assert_eq!(ledger.post(&format!("/v1/payouts/runs/{}/cancel", month.draft), &json!({})).status, 200);
    // A partner without payout details is held.
    let grace = ledger.partner("Grace", Some(1_000));
    let (_, link_no) = ledger.link(&grace, &ada.listing);
    let click = ledger.click(link_no);
    assert_eq!(ledger.patch("/v1/program", &json!({"hold_days": 0})).status, 200);
    ledger.sale("grace-1", &click, 10_000);
    ledger.wait(40 * 86_400_000);
    let run = json!({"period": {"from": "2026-11-01", "to": "2026-11-30"}});
    assert_eq!(ledger.post("/v1/payouts/runs", &run).status, 201);
    ledger
}

/// A click that becomes known after its customer's first purchase, and a second name of an account.
fn late_clicks() -> Ledger {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_500);
    let click = ledger.click(ada.link_no);
    let charge = |name: &str, clicks: &[&str]| {
        event("charged", name, &json!({"amount": 700, "currency": "EUR", "plan": "team", "clicks": clicks}))
    };
    ledger.told(1, &[charge("order-1", &[]), charge("order-2", &[&click])]);
    ledger.wait(1_000);
    let later = ledger.click(ada.link_no);
    ledger.told(1, &[charge("order-2", &[&later])]);
    let name = json!({"alias": "store-1.example", "account": "a-1"});
    ledger.reported(&json!({"listing_no": 1, "events": [], "names": [name]}));
    let refund = json!({"charge": "order-9", "amount": 100, "currency": "EUR"});
    ledger.told(1, &[event("refunded", "refund-9", &refund)]);
    ledger
}

/// Callbacks that could not be read at first. One counts in the end; the token of another one was used meanwhile.
fn kept_callbacks() -> Ledger {
    let mut ledger = Ledger::new();
    let store = json!({
        "name": "Store", "marketplace": "woocommerce", "url": "https://store.acme.example/",
        "secrets": { "webhook_secret": "s3cret" },
    });
    ledger.post("/v1/listings", &store);
    let order = json!({ "id": 727, "status": "processing", "currency": "EUR", "total": "29.35" });
    let readable = ledger.kept(1, &order.to_string());
    assert_eq!(
        ledger.post(&format!("/v1/callbacks/{readable}/retry"), &Value::Null).text("/status"),
        "processed"
    );
    let (key, keep_until) = ("0".repeat(64), ledger.now.plus_ms(60_000));
    let order = order.to_string().replace("727", "728");
    let refused = ledger.kept_with_token(1, &order, &json!([key, keep_until]));
    let token = json!({ "key": key, "keep_until": keep_until, "again_at": null });
    ledger.reported(&json!({ "listing_no": 1, "events": [], "single_use": token }));
    assert_eq!(
        ledger.post(&format!("/v1/callbacks/{refused}/retry"), &Value::Null).text("/status"),
        "refused"
    );
    ledger
}

/// A listing that is called every hour, then not for two days, and then again.
fn silent_listing() -> Ledger {
    let mut ledger = Ledger::new();
    let store = json!({
        "name": "Store", "marketplace": "woocommerce", "url": "https://store.acme.example/",
        "secrets": { "webhook_secret": "s3cret" },
    });
    ledger.post("/v1/listings", &store);
    for _ in 0..5 {
        ledger.told(1, &[]);
        ledger.wait(3_600_000);
    }
    ledger.wait(2 * 86_400_000);
    ledger.watch_listings();
    ledger.told(1, &[]);
    ledger
}

/// What a test sends. It is in no log.
fn test_payload() -> Value {
    let mut ledger = Ledger::new();
    let hook = json!({ "url": "https://hooks.acme.example/signpost", "events": ["*"] });
    let id = ledger.post("/v1/webhooks", &hook).text("/id");
    assert_eq!(ledger.post(&format!("/v1/webhooks/{id}/test"), &Value::Null).status, 202);
    let commands = webhooks::queued_commands(&ledger.sql, 10).unwrap();
    let Ok(Command::Deliver(events)) = strict_json::from_str(&commands.last().unwrap().command) else {
        panic!("the last command delivers the test");
    };
    let data: Value = serde_json::from_str(events[0].data.get()).unwrap();
    json!({ "type": events[0].kind, "timestamp": events[0].at, "data": data, "api_version": ApiVersion::NEWEST })
}

#[test]
fn every_type_of_event_happens_and_has_the_documented_fields() {
    let recorded = record();
    let missing: Vec<&str> = EventType::ALL
        .iter()
        .map(|kind| kind.as_str())
        .filter(|kind| !recorded.contains_key(*kind))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    let document = openapi::document();
    for (name, payload) in &recorded {
        let schema =
            &document["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"];
        let target = schema["properties"]["data"]["$ref"].as_str();
        let target = target.unwrap_or_else(|| panic!("{name}: {schema}")).strip_prefix('#').unwrap();
        let component = document.pointer(target).unwrap_or_else(|| panic!("{name}: {target}"));
        let stated = match component["properties"].as_object() {
            Some(properties) => properties.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            None => panic!("{name}: {component}"),
        };
        let required = component["required"].as_array().unwrap();
        let required: BTreeSet<&str> = required.iter().map(|field| field.as_str().unwrap()).collect();
        let shown: BTreeSet<&str> = payload["data"].as_object().unwrap().keys().map(String::as_str).collect();
        assert!(shown.is_subset(&stated) && required.is_subset(&shown), "{name}: {shown:?}, not {stated:?}");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/event_examples.json");
    let mut text = serde_json::to_string_pretty(&recorded).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap() == text,
        "events have changed: look at what `UPDATE_EXAMPLES=1 cargo test --test native openapi` changes"
    );
}
