//! Authorisation: every route of the table is called with every kind of key. A route that is missing from
//! `examples.rs` fails here.

use super::examples::{example, placement_of};
use crate::{
    reports::month::{Month, month},
    support::{Ledger, OPERATOR, Scenario, event},
};
use serde_json::{Value as Json, json};
use signpost::{
    api::{
        http::{auth::Access, message::Request},
        routes::{self, INTERNAL, ROUTES},
    },
    domain::programme::key::Scope,
};

/// A Ledger in which Ada has one of everything, and Eve has nothing.
pub struct World {
    pub ledger: Ledger,
    pub ada: Scenario,
    pub eve: String,
    pub conversion: String,
    pub lead: String,
    pub commission: String,
    pub held: String,
    pub click: String,
    pub spare_key: String,
    pub app: String,
    pub placement: String,
    pub coupon: String,
    pub kept: String,
    pub webhook: String,
    pub month: Month,
}

fn world() -> World {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_500);
    let eve = ledger.partner("Eve", None);
    let month = month(&mut ledger, &ada.partner, ada.link_no);
    let click = ledger.click(ada.link_no);
    let sale = ledger.post(
        "/v1/conversions",
        &json!({"type": "sale", "external_id": "order-of-ada", "click_id": click, "customer_id": "customer-of-ada",
            "amount": 333, "currency": "EUR", "metadata": {"note": "for Ada alone"}}),
    );
    assert_eq!(sale.status, 201, "{}", sale.raw.body);
    ledger.key(&["read"], None);
    let spare_key = ledger.get("/v1/keys").text("/data/0/id");
    let unsigned = json!({"amount": 333, "currency": "EUR", "evidence": "transport_only", "clicks": [click]});
    ledger.told(1, &[event("charged", "order-of-ada", &unsigned)]);
    let held = ledger.get("/v1/commissions?held=true").text("/data/0/id");
    let (conversion, commission) = (sale.text("/id"), sale.text("/commissions/0/id"));
    let app = json!({"name": "App", "marketplace": "google-play", "url": "https://play.google.com/"});
    let app = ledger.post("/v1/listings", &app).text("/id");
    let coupon = json!({"code": "Code of Ada", "partner_id": ada.partner});
    let coupon = ledger.post("/v1/coupons", &coupon).text("/id");
    let placement = ledger.post("/v1/placements", &placement_of(&ada.partner, "p-1")).text("/id");
    let webhook = json!({"url": "https://hooks.example.com/ada", "events": ["*"], "partner_id": ada.partner});
    let webhook = ledger.post("/v1/webhooks", &webhook).text("/id");
    let kept = ledger.kept(1, "{}");
    let lead = json!({"type": "lead", "external_id": "lead-of-ada", "click_id": click});
    let lead = ledger.post("/v1/conversions", &lead).text("/id");
    World {
        kept,
        webhook,
        ledger,
        ada,
        eve,
        conversion,
        lead,
        commission,
        held,
        click,
        spare_key,
        app,
        placement,
        coupon,
        month,
    }
}

fn body_of(json: &Json) -> String {
    if json.is_null() { String::new() } else { json.to_string() }
}

#[test]
fn every_route_requires_a_valid_key() {
    let mut world = world();
    world.ledger.post("/v1/keys", &json!({"name": "gone", "scopes": ["admin"]}));
    let revoked = world.ledger.key(&["admin"], None);
    let id = world.ledger.get("/v1/keys").text("/data/0/id");
    assert_eq!(world.ledger.delete(&format!("/v1/keys/{id}")).status, 204);
    let headers = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(format!("Basic {OPERATOR}")),
        Some(format!("Bearer {OPERATOR}x")),
        Some(format!("Bearer {revoked}")),
    ];
    for route in ROUTES {
        let (target, body, _) = example(route, &world);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        for authorization in &headers {
            let said = format!("{} {target} with {authorization:?}", route.method);
            let answer = world.ledger.unchanged(&said, |ledger| {
                ledger.send(Request {
                    method: route.method,
                    path,
                    query,
                    authorization: authorization.as_deref(),
                    body: body_of(&body).as_bytes(),
                    base_url: "https://go.example.com",
                    ..Request::default()
                })
            });
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{said}");
            assert_eq!(answer.raw.header("www-authenticate"), Some("Bearer"), "{said}");
        }
    }
}

#[test]
fn every_route_requires_exactly_its_scope() {
    for route in ROUTES {
        let mut world = world();
        let (target, body, status) = example(route, &world);
        let others: Vec<&str> = Scope::ALL
            .iter()
            // A secret key cannot have the scope of pages.
            .filter(|scope| ![route.scope, Scope::Admin, Scope::LeadsReport].contains(scope))
            .map(|scope| scope.as_str())
            .collect();
        let without = world.ledger.key(&others, None);
        let said = format!("{} {target}", route.method);
        let refused = world
            .ledger
            .unchanged(&said, |ledger| ledger.call(&without, route.method, &target, &body_of(&body), None));
        assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()), "{said}");
        // A token reads, so the key that makes it must do so too.
        let needed: &[&str] =
            if route.path == "/v1/tokens" { &["users:write", "read"] } else { &[route.scope.as_str()] };
        let with = world.ledger.key(needed, None);
        let allowed = world.ledger.call(&with, route.method, &target, &body_of(&body), None);
        assert_eq!(allowed.status, status, "{said}: {}", allowed.raw.body);
    }
}

/// Text that another partner must never see.
fn traces(world: &World) -> Vec<String> {
    let Scenario { partner, listing, link, .. } = &world.ada;
    let ours = [
        partner,
        listing,
        link,
        &world.coupon,
        &world.conversion,
        &world.lead,
        &world.commission,
        &world.held,
        &world.click,
    ];
    let words = ["Ada", "order-of-ada", "lead-of-ada", "customer-of-ada", "for Ada alone", "Code of Ada"];
    ours.into_iter().cloned().chain(words.map(str::to_owned)).collect()
}

/// The rule of the contract: a scope that the key lacks is 403, and what only the programme sees does not exist for a partner's key
/// that has the scope. `/v1/export` is one of them; the Worker passes on what the Ledger answers at `/internal/export`.
#[test]
fn reads_of_the_programme_refuse_a_partners_key_alike() {
    let mut world = world();
    let partner = world.eve.clone();
    let (reads, writes) =
        (world.ledger.key(&["read"], Some(&partner)), world.ledger.key(&["links:write"], Some(&partner)));
    let routes = ROUTES.iter().chain(INTERNAL).filter(|route| route.method == "GET");
    let mut seen = Vec::new();
    for route in routes.filter(|route| route.access == Access::Programme) {
        let target = route.path.replace("{id}", "x");
        let expected =
            if route.scope == Scope::Read { (404, "not_found") } else { (403, "insufficient_scope") };
        let (status, code) = expected;
        let answer = world.ledger.call(&reads, "GET", &target, "", None);
        assert_eq!(answer.problem(), (status, code.to_owned()), "{target}");
        let answer = world.ledger.call(&writes, "GET", &target, "", None);
        assert_eq!(answer.problem(), (403, "insufficient_scope".to_owned()), "{target}");
        seen.push(route.path);
    }
    for path in ["/internal/export", "/v1/callbacks", "/v1/keys", "/v1/listings/{id}/health"] {
        assert!(seen.contains(&path), "{path}");
    }
}

#[test]
fn another_partners_data_are_not_found() {
    for route in ROUTES {
        let mut world = world();
        let (target, body, _) = example(route, &world);
        let key = world.ledger.key(&["admin"], Some(&world.eve));
        let said = format!("{} {target}", route.method);
        let answer = world
            .ledger
            .unchanged(&said, |ledger| ledger.call(&key, route.method, &target, &body_of(&body), None));
        let is_list = route.method == "GET" && !route.path.contains("{id}");
        if matches!(route.access, Access::Programme | Access::ProgrammeOr(_)) || !is_list {
            assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{said}");
        } else {
            assert_eq!(answer.status, 200, "{said}: {}", answer.raw.body);
            let own = ["/v1/partners", "/v1/events"].contains(&route.path);
            let has_rows = match answer.json["data"].as_array() {
                Some(rows) => !rows.is_empty(),
                // CSV: a line of names, and the rows.
                None => answer.raw.body.lines().count() > 1,
            };
            assert_eq!(has_rows, own, "{said}");
        }
        for trace in traces(&world) {
            assert!(!answer.raw.body.contains(&trace), "{said} shows {trace}: {}", answer.raw.body);
        }
    }
}

#[test]
fn a_partners_key_reaches_its_own_data() {
    for route in ROUTES {
        let scope = match route.access {
            Access::Partner => route.scope,
            Access::PartnerWith(scope) => scope,
            Access::Programme | Access::ProgrammeOr(_) => continue,
        };
        let mut world = world();
        let (target, body, status) = example(route, &world);
        let key = world.ledger.key(&[scope.as_str()], Some(&world.ada.partner));
        let answer = world.ledger.call(&key, route.method, &target, &body_of(&body), None);
        assert_eq!(answer.status, status, "{} {target}: {}", route.method, answer.raw.body);
        if let Some(data) = answer.json["data"].as_array() {
            assert!(!data.is_empty(), "{} {target}", route.method);
        }
    }
}

#[test]
fn filters_do_not_widen_what_a_key_sees() {
    let World { mut ledger, ada, eve, .. } = world();
    let key = ledger.key(&["read"], Some(&eve));
    for target in [
        format!("/v1/attribution?partner_id={}", ada.partner),
        format!("/v1/attribution?link_id={}", ada.link),
        format!("/v1/attribution?listing_id={}", ada.listing),
        format!("/v1/balances?partner_id={}", ada.partner),
    ] {
        let answer = ledger.unchanged(&target, |ledger| ledger.call(&key, "GET", &target, "", None));
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{target}");
        assert_eq!(ledger.get(&target).status, 200, "{target}");
    }
    let all = ledger.call(&key, "GET", "/v1/attribution?group_by=partner", "", None);
    assert_eq!((&all.json["data"], &all.json["complete_through"]), (&json!([]), &Json::Null));
}

#[test]
fn a_partner_does_not_see_the_click_of_another_or_how_a_listing_is_integrated() {
    let World { mut ledger, ada, eve, .. } = world();
    signpost::store::Sql::exec(&ledger.sql, "UPDATE listings SET marketplace = 'hubspot'", &[]).unwrap();
    let change = json!({"settings": {"app_id": "app-7"}, "secrets": {"client_secret": "shh"}});
    assert_eq!(ledger.patch(&format!("/v1/listings/{}", ada.listing), &change).status, 200);
    let (_, eves_no) = ledger.link(&eve, &ada.listing);
    let eves_click = ledger.click(eves_no);
    ledger.wait(1_000);
    let adas_click = ledger.click(ada.link_no);
    let lead = |id: &str, click: &str| json!({"type": "lead", "external_id": id, "click_id": click, "customer_id": "c"});
    assert_eq!(ledger.post("/v1/conversions", &lead("l-1", &adas_click)).status, 201);
    let second = ledger.post("/v1/conversions", &lead("l-2", &eves_click));
    assert_eq!(second.json["attribution"]["credits"][0]["click_id"], json!(adas_click));
    let key = ledger.key(&["read"], Some(&ada.partner));
    let mut conversion = format!("/v1/conversions/{}", second.text("/id"));
    for _ in 0..2 {
        let seen = ledger.call(&key, "GET", &conversion, "", None);
        assert_eq!(seen.status, 200);
        assert!(!seen.raw.body.contains(&eves_click), "{}", seen.raw.body);
        assert!(seen.raw.body.contains(&adas_click), "{}", seen.raw.body);
        assert!(ledger.get(&conversion).raw.body.contains(&eves_click));
        conversion.push_str("/attribution");
    }
    let events = ledger.call(&key, "GET", "/v1/events?limit=200", "", None).raw.body;
    assert!(!events.contains(&eves_click) && events.contains(&adas_click), "{events}");
    assert!(ledger.get("/v1/events?limit=200").raw.body.contains(&eves_click));
    let listing = ledger.call(&key, "GET", &format!("/v1/listings/{}", ada.listing), "", None);
    assert_eq!((&listing.json["settings"], &listing.json["secrets"]), (&json!({}), &json!([])));
    let listings = ledger.call(&key, "GET", "/v1/listings", "", None);
    assert_eq!(
        (&listings.json["data"][0]["settings"], &listings.json["data"][0]["secrets"]),
        (&json!({}), &json!([]))
    );
}

#[test]
fn keys_are_shown_once_and_kept_as_hashes() {
    let mut ledger = Ledger::new();
    let body = json!({"name": "till", "scopes": ["read", "conversions:write", "read"]}).to_string();
    let made = ledger.call(OPERATOR, "POST", "/v1/keys", &body, Some("k-1"));
    assert_eq!(made.status, 201);
    assert_eq!(made.json["scopes"], json!(["read", "conversions:write"]));
    let key = made.text("/key");
    let replay = ledger.call(OPERATOR, "POST", "/v1/keys", &body, Some("k-1"));
    assert_eq!((replay.status, replay.raw.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!((&replay.json["id"], &replay.json["key"]), (&made.json["id"], &Json::Null));
    for (table, rows) in crate::support::rows::rows(&ledger.sql) {
        assert!(rows.iter().all(|row| !row.contains(&key)), "{table} holds a key");
    }
    assert!(!ledger.get("/v1/keys").raw.body.contains(&key));
    assert!(!ledger.get("/v1/events").raw.body.contains(&key));
    assert_eq!(ledger.call(&key, "GET", "/v1/balances", "", None).status, 200);
    let id = made.text("/id");
    assert_eq!(ledger.delete(&format!("/v1/keys/{id}")).status, 204);
    assert_eq!(ledger.delete(&format!("/v1/keys/{id}")).problem(), (404, "not_found".to_owned()));
    assert_eq!(ledger.call(&key, "GET", "/v1/balances", "", None).status, 401);
    assert_eq!(ledger.get("/v1/keys").json["data"], json!([]));
    let types: Vec<_> = ledger.get("/v1/events").json["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].clone())
        .collect();
    assert_eq!(types, ["key.created", "key.revoked"]);
}

#[test]
fn an_unknown_path_is_404_and_another_method_is_405() {
    let World { mut ledger, .. } = world();
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/partners/",
        "/v1//partners",
        "/v1/partners/x/y",
        "/V1/partners",
    ] {
        assert_eq!(ledger.get(path).problem(), (404, "not_found".to_owned()), "{path}");
    }
    for path in ["/v1/partners/ptn_", "/v1/links/../partners", "/v1/conversions/%2e", "/v1/keys/x"] {
        let answer =
            ledger.call(OPERATOR, if path.contains("keys") { "DELETE" } else { "GET" }, path, "", None);
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{path}");
    }
    for (method, path, allow) in [
        ("DELETE", "/v1/partners", "POST, GET"),
        ("POST", "/v1/program", "GET, PUT, PATCH"),
        ("get", "/v1/events", "GET"),
        ("PUT", "/v1/partners/x", "GET, PATCH"),
    ] {
        let answer = ledger.unchanged(path, |ledger| ledger.call(OPERATOR, method, path, "", None));
        assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned()), "{method} {path}");
        assert_eq!(answer.raw.header("allow"), Some(allow));
    }
    for route in ROUTES {
        assert!(
            matches!(routes::find(route.method, route.path), routes::Found::Route(found, _) if found.path == route.path)
        );
    }
}
