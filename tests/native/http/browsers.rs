//! Credentials of browsers: tokens, publishable keys, and the origins of pages that may read responses.

use crate::support::{Answer, Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::api::http::message::Request;

const PORTAL: &str = "https://portal.example.com";
const OTHER: &str = "https://other.example.com";

/// A request of a page: its key and origin may be missing.
fn send(
    ledger: &mut Ledger,
    key: Option<&str>,
    origin: Option<&str>,
    method: &str,
    target: &str,
    body: &Json,
) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let authorization = key.map(|key| format!("Bearer {key}"));
    let body = if method == "POST" { body.to_string() } else { String::new() };
    ledger.send(Request {
        method,
        path,
        query,
        authorization: authorization.as_deref(),
        origin,
        body: body.as_bytes(),
        base_url: "https://go.example.com",
        ..Request::default()
    })
}

fn get(ledger: &mut Ledger, key: &str, origin: Option<&str>, target: &str) -> Answer {
    send(ledger, Some(key), origin, "GET", target, &json!({}))
}

fn token(ledger: &mut Ledger, by: &str, fields: &Json) -> Answer {
    let mut body = json!({"scopes": ["read"], "ttl_seconds": 600});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    ledger.call(by, "POST", "/v1/tokens", &body.to_string(), None)
}

#[test]
fn a_token_reads_one_partner_until_it_ends() {
    let mut ledger = Ledger::new();
    let (ada, bob) = (ledger.partner("Ada", None), ledger.partner("Bob", None));
    let made = token(&mut ledger, OPERATOR, &json!({"partner_id": ada}));
    assert_eq!(
        (made.status, made.text("/expires_at").as_str()),
        (201, "2026-11-22T12:10:00.000Z"),
        "{}",
        made.raw.body
    );
    let key = made.text("/token");
    let partners = get(&mut ledger, &key, None, "/v1/partners").json["data"].clone();
    assert_eq!((partners.as_array().unwrap().len(), &partners[0]["id"]), (1, &json!(ada)));
    assert_eq!(
        get(&mut ledger, &key, None, &format!("/v1/partners/{bob}")).problem(),
        (404, "not_found".to_owned())
    );
    assert_eq!(get(&mut ledger, &key, None, "/v1/program").problem(), (404, "not_found".to_owned()));
    let link = send(&mut ledger, Some(&key), None, "POST", "/v1/links", &json!({}));
    assert_eq!(link.problem(), (403, "insufficient_scope".to_owned()));
    // A token makes no tokens, or it would never end.
    assert_eq!(
        token(&mut ledger, &key, &json!({"partner_id": ada})).problem(),
        (403, "insufficient_scope".to_owned())
    );
    let refused = (401, "unauthenticated".to_owned());
    let forged = format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { 'B' } else { 'A' });
    assert_eq!(get(&mut ledger, &forged, None, "/v1/partners").problem(), refused);
    ledger.wait(599_999);
    assert_eq!(get(&mut ledger, &key, None, "/v1/partners").status, 200);
    ledger.wait(1);
    assert_eq!(get(&mut ledger, &key, None, "/v1/partners").problem(), refused);
}

#[test]
fn a_partners_key_makes_tokens_of_its_own_which_end_with_it() {
    let mut ledger = Ledger::new();
    let (ada, bob) = (ledger.partner("Ada", None), ledger.partner("Bob", None));
    let own = ledger.key(&["read"], Some(&ada));
    let writer = ledger.key(&["links:write"], Some(&ada));
    let accounts = ledger.key(&["users:write", "read"], None);
    let blind = ledger.key(&["users:write"], None);
    let reader = ledger.key(&["read"], None);
    let made = |ledger: &mut Ledger, key: &str, partner: &str| {
        let made = token(ledger, key, &json!({"partner_id": partner}));
        if made.status == 201 { (201, made.text("/token")) } else { made.problem() }
    };
    assert_eq!(made(&mut ledger, &own, &bob), (404, "not_found".to_owned()));
    assert_eq!(made(&mut ledger, &writer, &ada), (403, "insufficient_scope".to_owned()));
    assert_eq!(made(&mut ledger, &reader, &ada), (403, "insufficient_scope".to_owned()));
    assert_eq!(made(&mut ledger, &accounts, &bob).0, 201);
    assert_eq!(made(&mut ledger, &blind, &bob), (403, "insufficient_scope".to_owned()));
    let (status, key) = made(&mut ledger, &own, &ada);
    assert_eq!(status, 201);
    assert_eq!(get(&mut ledger, &key, None, "/v1/links").status, 200);
    let keys = ledger.get("/v1/keys").json;
    let id = keys["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["partner_id"] == json!(ada) && key["scopes"] == json!(["read"]));
    let id = id.unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(ledger.delete(&format!("/v1/keys/{id}")).status, 204);
    assert_eq!(get(&mut ledger, &key, None, "/v1/links").problem(), (401, "unauthenticated".to_owned()));
}

#[test]
fn a_token_with_an_origin_works_for_its_pages_only() {
    let mut ledger = Ledger::new();
    let ada = ledger.partner("Ada", None);
    let key = token(&mut ledger, OPERATOR, &json!({"partner_id": ada, "origin": PORTAL})).text("/token");
    assert_eq!(get(&mut ledger, &key, Some(PORTAL), "/v1/links").status, 200);
    for origin in [None, Some(OTHER), Some("null"), Some("https://portal.example.com:8443")] {
        assert_eq!(
            get(&mut ledger, &key, origin, "/v1/links").problem(),
            (403, "origin_refused".to_owned()),
            "{origin:?}"
        );
    }
    for (fields, code, pointer) in [
        (json!({"origin": "portal.example.com"}), "invalid_origin", "/origin"),
        (json!({"origin": "https://portal.example.com/"}), "invalid_origin", "/origin"),
        (json!({"ttl_seconds": 3_601}), "out_of_range", "/ttl_seconds"),
        (json!({"ttl_seconds": 0}), "out_of_range", "/ttl_seconds"),
        (json!({"scopes": []}), "out_of_range", "/scopes"),
        (json!({"scopes": ["links:write"]}), "invalid_value", "/scopes/0"),
        (json!({"path": "/v1/partners"}), "not_a_document", "/path"),
        (json!({"path": "/v1/links/lnk_1/qr.svg/x"}), "not_a_document", "/path"),
    ] {
        let mut all = json!({"partner_id": ada});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let refused = token(&mut ledger, OPERATOR, &all);
        assert_eq!(refused.problem(), (422, code.to_owned()), "{fields}");
        assert_eq!(refused.text("/errors/0/pointer"), pointer, "{fields}");
    }
}

#[test]
fn an_address_with_a_token_opens_one_document() {
    let mut ledger = Ledger::new();
    let ada = ledger.partner("Ada", None);
    let listing = ledger.listing("https://shop.example/buy");
    let (link, _) = ledger.link(&ada, &listing);
    let path = format!("/v1/links/{link}/qr.svg");
    let made = token(&mut ledger, OPERATOR, &json!({"partner_id": ada, "path": path, "origin": PORTAL}));
    let address = made.text("/url");
    let target = address.strip_prefix("https://go.example.com").unwrap().to_owned();
    assert_eq!(target, format!("{path}?token={}", made.text("/token")));
    let open = |ledger: &mut Ledger, method: &str, target: &str| {
        send(ledger, None, None, method, target, &json!({}))
    };
    let picture = open(&mut ledger, "GET", &target);
    assert_eq!((picture.status, picture.raw.header("content-type")), (200, Some("image/svg+xml")));
    let refused = (401, "unauthenticated".to_owned());
    let elsewhere = target.replace("/qr.svg", "");
    assert_eq!(open(&mut ledger, "GET", &elsewhere).problem(), refused);
    assert_eq!(open(&mut ledger, "POST", &target.replace("/qr.svg", "/revoke")).problem(), refused);
    // A token of an address is none of the header, and the other way around.
    assert_eq!(get(&mut ledger, &made.text("/token"), Some(PORTAL), &path).problem(), refused);
    let header = token(&mut ledger, OPERATOR, &json!({"partner_id": ada})).text("/token");
    assert_eq!(open(&mut ledger, "GET", &format!("{path}?token={header}")).problem(), refused);
    // Other parameters are still refused.
    let problem = open(&mut ledger, "GET", &format!("{target}&size=9")).problem();
    assert_eq!(problem, (400, "unknown_parameter".to_owned()));
    ledger.wait(600_000);
    assert_eq!(open(&mut ledger, "GET", &target).problem(), refused);
}

#[test]
fn a_publishable_key_works_for_its_pages_and_does_little() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(2_000);
    let key = |ledger: &mut Ledger, fields: Json| {
        let mut body = json!({"name": "Page", "publishable": true, "origins": [PORTAL]});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        ledger.post("/v1/keys", &body)
    };
    for (fields, pointer) in [
        (json!({"scopes": ["read"]}), "/scopes"),
        (json!({"scopes": ["read", "leads:report"], "partner_id": ada.partner}), "/scopes"),
        (json!({"scopes": ["admin"], "partner_id": ada.partner}), "/scopes"),
        (json!({"scopes": ["leads:report"], "partner_id": ada.partner}), "/scopes"),
        (json!({"scopes": ["leads:report"], "origins": []}), "/origins"),
        (json!({"scopes": ["read"], "publishable": false}), "/origins"),
        (json!({"scopes": ["leads:report"], "publishable": false, "origins": null}), "/scopes"),
    ] {
        let refused = key(&mut ledger, fields.clone());
        assert_eq!(refused.problem(), (422, "publishable_key".to_owned()), "{fields}");
        assert_eq!(refused.text("/errors/0/pointer"), pointer, "{fields}");
    }
    let made = key(&mut ledger, json!({"scopes": ["read"], "partner_id": ada.partner}));
    assert_eq!((&made.json["publishable"], &made.json["origins"]), (&json!(true), &json!([PORTAL])));
    let reads = made.text("/key");
    assert!(reads.starts_with("pk_"), "{reads}");
    assert_eq!(get(&mut ledger, &reads, Some(PORTAL), "/v1/links").status, 200);
    for origin in [None, Some(OTHER)] {
        assert_eq!(
            get(&mut ledger, &reads, origin, "/v1/links").problem(),
            (403, "origin_refused".to_owned())
        );
    }
    assert_eq!(
        token(&mut ledger, &reads, &json!({"partner_id": ada.partner})).problem(),
        (403, "origin_refused".to_owned())
    );
}

#[test]
fn a_page_reports_leads_whose_commission_is_held() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(2_000);
    let plan = json!({"plans": [{"name": "leads", "effective_from": "2026-11-22T12:00:00Z", "applies_to": {"partner_id": ada.partner},
        "flat": [{"event": "lead", "amount": 500, "currency": "EUR"}]}]});
    assert_eq!(ledger.patch("/v1/program", &plan).status, 200);
    let body = json!({"name": "Page", "publishable": true, "origins": [PORTAL], "scopes": ["leads:report"]});
    let key = ledger.post("/v1/keys", &body).text("/key");
    let click = ledger.click(ada.link_no);
    let report = |ledger: &mut Ledger, body: &Json| {
        send(ledger, Some(&key), Some(PORTAL), "POST", "/v1/conversions", body)
    };
    for (body, code, pointer) in [
        (
            json!({"type": "sale", "external_id": "1", "click_id": click, "amount": 1, "currency": "EUR"}),
            "invalid_value",
            "/type",
        ),
        (json!({"type": "lead", "external_id": "1"}), "missing_field", "/click_id"),
        (
            json!({"type": "lead", "external_id": "1", "click_id": click, "customer_id": "7"}),
            "invalid_value",
            "/customer_id",
        ),
        (
            json!({"type": "lead", "external_id": "1", "click_id": click, "metadata": {}}),
            "invalid_value",
            "/metadata",
        ),
    ] {
        let refused = ledger.unchanged(pointer, |ledger| report(ledger, &body));
        assert_eq!(refused.problem(), (422, code.to_owned()), "{body}");
        assert_eq!(refused.text("/errors/0/pointer"), pointer, "{body}");
    }
    let lead = json!({"type": "lead", "external_id": "form-1", "click_id": click});
    let accepted = report(&mut ledger, &lead);
    let id = accepted.text("/id");
    assert_eq!(
        (accepted.status, &accepted.json),
        (201, &json!({"id": id, "type": "lead", "external_id": "form-1"}))
    );
    assert_eq!((report(&mut ledger, &lead).status, report(&mut ledger, &lead).json), (200, accepted.json));
    let commission = ledger.get(&format!("/v1/conversions/{id}")).json["commissions"][0].clone();
    assert_eq!((&commission["amount"], &commission["held_reason"]), (&json!(500), &json!("transport_only")));
    assert_eq!(
        get(&mut ledger, &key, Some(PORTAL), "/v1/conversions").problem(),
        (403, "insufficient_scope".to_owned())
    );
}

#[test]
fn pages_of_registered_origins_read_responses_and_others_do_not() {
    let mut ledger = Ledger::new();
    let ada = ledger.partner("Ada", None);
    let key = ledger.key(&["read"], Some(&ada));
    let allowed = |ledger: &mut Ledger, origin: &str| {
        let answer = get(ledger, &key, Some(origin), "/v1/links");
        assert_eq!(answer.status, 200);
        let varies = answer.raw.headers.iter().filter(|(name, _)| *name == "vary").map(|(_, by)| by.as_str());
        let varies: Vec<&str> = varies.collect();
        let allowed = answer.raw.header("access-control-allow-origin").map(str::to_owned);
        let expected =
            if allowed.is_some() { "accept, authorization, origin" } else { "accept, authorization" };
        assert_eq!(varies, [expected]);
        allowed
    };
    assert_eq!(allowed(&mut ledger, PORTAL), None);
    assert_eq!(
        ledger.patch("/v1/program", &json!({"cors_origins": [PORTAL]})).json["cors_origins"],
        json!([PORTAL])
    );
    assert_eq!(allowed(&mut ledger, PORTAL), Some(PORTAL.to_owned()));
    assert_eq!(allowed(&mut ledger, OTHER), None);
    let change = json!({"origins": [OTHER, PORTAL]});
    assert_eq!(ledger.patch(&format!("/v1/partners/{ada}"), &change).json["origins"], json!([OTHER, PORTAL]));
    assert_eq!(allowed(&mut ledger, OTHER), Some(OTHER.to_owned()));
    // An origin stays registered as long as anybody registers it.
    assert_eq!(ledger.patch("/v1/program", &json!({"cors_origins": null})).json["cors_origins"], json!([]));
    assert_eq!(allowed(&mut ledger, PORTAL), Some(PORTAL.to_owned()));
    assert_eq!(ledger.patch(&format!("/v1/partners/{ada}"), &json!({"origins": []})).status, 200);
    assert_eq!((allowed(&mut ledger, PORTAL), allowed(&mut ledger, OTHER)), (None, None));
    // Problems can be read too.
    ledger.patch("/v1/program", &json!({"cors_origins": [PORTAL]}));
    let problem = send(&mut ledger, None, Some(PORTAL), "GET", "/v1/links", &json!({}));
    assert_eq!((problem.status, problem.raw.header("access-control-allow-origin")), (401, Some(PORTAL)));
    assert_eq!(problem.raw.header("vary"), Some("origin"));
    let refused = ledger.patch("/v1/program", &json!({"cors_origins": [PORTAL, "*"]}));
    assert_eq!(
        (refused.problem(), refused.text("/errors/0/pointer")),
        ((422, "invalid_origin".to_owned()), "/cors_origins/1".to_owned())
    );
}

#[test]
fn preflights_are_answered_for_registered_origins() {
    let mut ledger = Ledger::new();
    let ask = |ledger: &mut Ledger, origin: Option<&str>, path: &str| {
        send(ledger, None, origin, "OPTIONS", path, &json!({}))
    };
    assert_eq!(ask(&mut ledger, Some(PORTAL), "/v1/links").problem(), (403, "origin_refused".to_owned()));
    let body = json!({"name": "Page", "publishable": true, "origins": [PORTAL], "scopes": ["leads:report"]});
    let id = ledger.post("/v1/keys", &body).text("/id");
    let answer = ask(&mut ledger, Some(PORTAL), "/v1/links");
    assert_eq!((answer.status, answer.raw.body.as_str()), (204, ""));
    let header = |name: &str| answer.raw.header(name).map(str::to_owned);
    assert_eq!(header("access-control-allow-origin").as_deref(), Some(PORTAL));
    assert_eq!(header("access-control-allow-methods").as_deref(), Some("POST, GET"));
    assert_eq!(
        header("access-control-allow-headers").as_deref(),
        Some("authorization, content-type, idempotency-key, if-none-match")
    );
    assert_eq!(header("access-control-max-age").as_deref(), Some("600"));
    assert_eq!(
        ask(&mut ledger, Some(PORTAL), "/v1/clicks").raw.header("access-control-allow-methods"),
        Some("GET")
    );
    assert_eq!(ask(&mut ledger, Some(PORTAL), "/v1/nothing").problem(), (404, "not_found".to_owned()));
    assert_eq!(ask(&mut ledger, None, "/v1/links").problem(), (403, "origin_refused".to_owned()));
    assert_eq!(ledger.delete(&format!("/v1/keys/{id}")).status, 204);
    assert_eq!(ask(&mut ledger, Some(PORTAL), "/v1/links").problem(), (403, "origin_refused".to_owned()));
}
