//! Imports: a history with its own times, all or none, once however often it is sent.

mod history;
mod refusals;

use crate::support::{Answer, Ledger, OPERATOR};
use serde_json::{Value as Json, json};

/// Sends lines, and returns the response.
fn import(ledger: &mut Ledger, lines: &[Json]) -> Answer {
    let body: Vec<String> = lines.iter().map(Json::to_string).collect();
    ledger.call(OPERATOR, "POST", "/v1/import", &body.join("\n"), None)
}

/// Sends lines that are all new, and returns their ids.
fn imported(ledger: &mut Ledger, lines: &[Json]) -> Vec<String> {
    let answer = import(ledger, lines);
    assert_eq!((answer.status, &answer.json["created"]), (201, &json!(lines.len())), "{}", answer.raw.body);
    let data = answer.json["data"].as_array().unwrap();
    data.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
}

/// A Ledger whose commissions are 10 % and mature after ten days.
fn programme() -> Ledger {
    let mut ledger = Ledger::new();
    let terms = json!({"name": "Acme", "currency": "EUR", "hold_days": 10, "commission_bp": 1_000});
    assert_eq!(ledger.put("/v1/program", &terms).status, 200);
    ledger
}

/// A partner with a link.
fn partner() -> Vec<Json> {
    vec![
        json!({"object": "partner", "external_id": "p-1", "created_at": "2026-08-01T09:00:00Z", "name": "Ada",
            "kind": "creator"}),
        json!({"object": "listing", "external_id": "l-1", "created_at": "2026-08-01T09:00:00Z", "name": "Shop",
            "marketplace": "web", "url": "https://shop.example/buy"}),
        json!({"object": "link", "external_id": "k-1", "created_at": "2026-08-02T09:00:00Z", "partner_id": "ext:p-1",
            "listing_id": "ext:l-1", "slug": "ada", "campaign": "summer"}),
    ]
}

fn click(external_id: &str, at: &str) -> Json {
    json!({"object": "click", "external_id": external_id, "created_at": at, "link_id": "ext:k-1", "country": "DE",
        "device": "mobile", "visitor": "visitor-1"})
}

fn sale(external_id: &str, at: &str, click: &str) -> Json {
    json!({"object": "conversion", "type": "sale", "external_id": external_id, "occurred_at": at, "click_id": click,
        "amount": 10_000, "currency": "EUR"})
}
