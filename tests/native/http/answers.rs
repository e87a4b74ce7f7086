//! Snapshots of one whole response of each kind, and of all error codes, so that a change of the contract shows in
//! review.

use crate::support::{Answer, Ledger, OPERATOR};
use serde_json::json;
use signpost::api::http::problems::Code;

/// Status, headers and body in readable form.
fn shown(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for (name, value) in &answer.raw.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    let body = if answer.json.is_null() {
        answer.raw.body.chars().take(120).collect()
    } else {
        let mut body = answer.json.clone();
        // Secret scanners report any key in a file, even one from a test.
        if let Some(key) = body.get_mut("key").filter(|key| key.is_string()) {
            *key = json!("sp_<shown once>");
        }
        serde_json::to_string_pretty(&body).unwrap()
    };
    text + "\n" + &body
}

macro_rules! see {
    ($name:literal, $answer:expr) => {{
        let answer = $answer;
        insta::assert_snapshot!($name, shown(&answer));
        answer
    }};
}

#[test]
fn responses_match_their_snapshots() {
    let mut ledger = Ledger::new();
    see!(
        "program",
        ledger.put("/v1/program", &json!({"name": "Acme", "landing_url": "https://acme.example/"}))
    );
    let partner = see!("partner", ledger.post("/v1/partners", &json!({
        "name": "Ada", "kind": "creator", "email": "ada@example.com", "country": "GB", "currency": "GBP",
        "commission_bp": 1_500, "external_id": "crm-1", "metadata": {"tier": "gold"}
    })))
    .text("/id");
    let listing = see!("listing", ledger.post("/v1/listings", &json!({
        "name": "App", "marketplace": "shopify", "url": "https://apps.example/x", "slug": "acme-app",
        "forward_to": "https://app.example/install", "settings": {"client_id": "7"}, "secrets": {"client_secret": "s"}
    }))).text("/id");
    let link = see!("link", ledger.post("/v1/links", &json!({
        "partner_id": partner, "listing_id": listing, "campaign": "spring", "path": "/offer", "slug": "ada",
        "expires_at": "2027-01-01T00:00:00Z", "metadata": {"post": "1"}
    })))
    .text("/id");
    let bulk = json!({"links": [{"partner_id": partner, "listing_id": listing}]});
    see!("links_bulk", ledger.post("/v1/links/bulk", &bulk));
    let body = json!({"name": "till", "scopes": ["conversions:write", "read"]}).to_string();
    see!("key", ledger.call(OPERATOR, "POST", "/v1/keys", &body, Some("k-1")));
    see!("key_replayed", ledger.call(OPERATOR, "POST", "/v1/keys", &body, Some("k-1")));
    see!("keys", ledger.get("/v1/keys"));
    let click = ledger.click(1);
    ledger.wait(90_000);
    let sale = json!({
        "type": "sale", "external_id": "order-1", "click_id": click, "customer_id": "c-1", "coupon": "SPRING",
        "amount": 9_900, "currency": "EUR", "metadata": {"plan": "pro"}
    });
    let conversion = see!("conversion", ledger.post("/v1/conversions", &sale)).text("/id");
    see!("conversion_replayed", ledger.post("/v1/conversions", &sale));
    let nobody = json!({"type": "lead", "external_id": "lead-1", "click_id": "x"});
    let lead = see!("conversion_unattributed", ledger.post("/v1/conversions", &nobody)).text("/id");
    see!(
        "conversion_conflict",
        ledger.post("/v1/conversions", &{
            let mut other = sale.clone();
            other["coupon"] = json!("AUTUMN");
            other
        })
    );
    see!("explanation", ledger.get(&format!("/v1/conversions/{conversion}/attribution")));
    let target = format!("/v1/conversions/{conversion}/refunds");
    see!("refund", ledger.post(&target, &json!({"external_id": "r-1", "amount": 3_300})));
    see!("commissions", ledger.get("/v1/commissions"));
    see!("balances", ledger.get("/v1/balances"));
    see!("report", ledger.get("/v1/attribution?group_by=campaign"));
    see!("link_revoked", ledger.call(OPERATOR, "POST", &format!("/v1/links/{link}/revoke"), "", None));
    see!("page", ledger.get("/v1/links?limit=1"));
    see!("qr", ledger.get(&format!("/v1/links/{link}/qr.svg")));
    let qualify = format!("/v1/conversions/{lead}/qualify");
    let decision = json!({"status": "qualified", "reason": "by phone"});
    see!("lead_qualified", ledger.post(&qualify, &decision));
    see!("events", ledger.get("/v1/events"));
    ledger.told(1, &[]);
    see!("listing_health", ledger.get(&format!("/v1/listings/{listing}/health")));
    see!("problem", ledger.get("/v1/nothing"));
    see!("problem_of_auth", ledger.call("nobody", "GET", "/v1/links", "", None));
    see!("problem_of_method", ledger.call(OPERATOR, "DELETE", "/v1/links", "", None));
    see!(
        "problem_of_fields",
        ledger.post("/v1/partners", &json!({"name": "", "kind": "media", "country": "xx"}))
    );
}

#[test]
fn problem_codes_and_their_statuses() {
    let mut lines: Vec<String> = Code::ALL
        .iter()
        .map(|code| format!("{} {}: {}", code.status(), code.as_str(), code.title()))
        .collect();
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), Code::ALL.len());
    insta::assert_snapshot!("problem_codes", lines.join("\n"));
}
