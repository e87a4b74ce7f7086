//! For each route, a request that succeeds in the world of `auth.rs`.

use super::auth::World;
use crate::{reports::month::Month, support::Scenario};
use serde_json::{Value as Json, json};
use signpost::api::routes::Route;

pub fn placement_of(partner: &str, external_id: &str) -> Json {
    json!({"partner_id": partner, "kind": "post", "title": "for Ada alone", "external_id": external_id,
        "fee": {"amount": 50_000, "currency": "EUR"}})
}

/// A request to the route that succeeds in the world of `auth.rs`: target, body, status.
pub fn example(route: &Route, world: &World) -> (String, Json, u16) {
    let World {
        ada,
        conversion,
        lead,
        commission,
        held,
        spare_key,
        app,
        placement,
        coupon,
        kept,
        webhook,
        month,
        ..
    } = world;
    let Month { draft, approved, payout, debtor } = month;
    let Scenario { partner, listing, link, .. } = ada;
    let new_link = json!({"partner_id": partner, "listing_id": listing});
    let new_sale = json!({"type": "sale", "external_id": "o-2", "amount": 1, "currency": "EUR"});
    let get = |target: &str| (target.to_owned(), Json::Null, 200);
    match (route.method, route.path) {
        ("GET", "/v1/program") => get("/v1/program"),
        ("PATCH", "/v1/program") => ("/v1/program".into(), json!({"name": "P"}), 200),
        ("PUT", "/v1/program") => ("/v1/program".into(), json!({"name": "P"}), 200),
        ("POST", "/v1/keys") => ("/v1/keys".into(), json!({"name": "K", "scopes": ["read"]}), 201),
        ("GET", "/v1/keys") => get("/v1/keys"),
        ("DELETE", "/v1/keys/{id}") => (format!("/v1/keys/{spare_key}"), Json::Null, 204),
        ("POST", "/v1/partners") => ("/v1/partners".into(), json!({"name": "N", "kind": "media"}), 201),
        ("GET", "/v1/partners") => get("/v1/partners"),
        ("GET", "/v1/partners/{id}") => get(&format!("/v1/partners/{partner}")),
        ("POST", "/v1/tokens") => {
            let body = json!({"partner_id": partner, "scopes": ["read"], "ttl_seconds": 600});
            ("/v1/tokens".to_owned(), body, 201)
        }
        ("GET", "/v1/partners/{id}/terms") => get(&format!("/v1/partners/{partner}/terms")),
        ("PATCH", "/v1/partners/{id}") => (format!("/v1/partners/{partner}"), json!({"name": "A"}), 200),
        ("POST", "/v1/listings") => {
            let body = json!({"name": "L", "marketplace": "web", "url": "https://two.example"});
            ("/v1/listings".into(), body, 201)
        }
        ("GET", "/v1/listings") => get("/v1/listings"),
        ("GET", "/v1/listings/{id}") => get(&format!("/v1/listings/{listing}")),
        ("GET", "/v1/listings/{id}/health") => get(&format!("/v1/listings/{listing}/health")),
        ("PATCH", "/v1/listings/{id}") => (format!("/v1/listings/{listing}"), json!({"name": "A"}), 200),
        ("POST", "/v1/links") => ("/v1/links".into(), new_link, 201),
        ("POST", "/v1/links/bulk") => ("/v1/links/bulk".into(), json!({"links": [new_link]}), 201),
        ("GET", "/v1/links") => get("/v1/links"),
        ("GET", "/v1/links/{id}") => get(&format!("/v1/links/{link}")),
        ("PATCH", "/v1/links/{id}") => (format!("/v1/links/{link}"), json!({"campaign": "c"}), 200),
        ("GET", "/v1/links/{id}/qr.png") => get(&format!("/v1/links/{link}/qr.png")),
        ("GET", "/v1/links/{id}/qr.svg") => get(&format!("/v1/links/{link}/qr.svg")),
        ("POST", "/v1/links/{id}/revoke") => (format!("/v1/links/{link}/revoke"), Json::Null, 200),
        ("POST", "/v1/coupons") => {
            ("/v1/coupons".into(), json!({"code": "SPRING", "partner_id": partner}), 201)
        }
        ("GET", "/v1/coupons") => get("/v1/coupons"),
        ("GET", "/v1/coupons/{id}") => get(&format!("/v1/coupons/{coupon}")),
        ("POST", "/v1/coupons/{id}/revoke") => (format!("/v1/coupons/{coupon}/revoke"), Json::Null, 200),
        ("POST", "/v1/attribution/simulate") => {
            ("/v1/attribution/simulate".into(), json!({"attribution": {}}), 200)
        }
        ("POST", "/v1/conversions") => ("/v1/conversions".into(), new_sale, 201),
        ("POST", "/v1/installs/google-play") => {
            let install =
                json!({"listing_id": app, "install_id": "i-1", "referrer": "utm_source=google-play"});
            ("/v1/installs/google-play".into(), install, 201)
        }
        ("GET", "/v1/conversions") => get("/v1/conversions"),
        ("GET", "/v1/conversions/{id}") => get(&format!("/v1/conversions/{conversion}")),
        ("GET", "/v1/conversions/{id}/attribution") => {
            get(&format!("/v1/conversions/{conversion}/attribution"))
        }
        ("POST", "/v1/conversions/{id}/refunds") => {
            (format!("/v1/conversions/{conversion}/refunds"), json!({"external_id": "r-1"}), 201)
        }
        ("POST", "/v1/conversions/{id}/qualify") => {
            let body = json!({"status": "qualified", "reason": "for Ada alone"});
            (format!("/v1/conversions/{lead}/qualify"), body, 200)
        }
        ("GET", "/v1/callbacks") => get("/v1/callbacks"),
        ("POST", "/v1/callbacks/{id}/retry") => (format!("/v1/callbacks/{kept}/retry"), Json::Null, 200),
        ("GET", "/v1/attribution.csv") => get("/v1/attribution.csv?group_by=hour,partner&expand=names"),
        ("GET", "/v1/attribution") => get("/v1/attribution?group_by=link"),
        ("GET", "/v1/balances") => get("/v1/balances"),
        ("GET", "/v1/commissions") => get("/v1/commissions"),
        ("GET", "/v1/commissions/{id}") => get(&format!("/v1/commissions/{commission}")),
        ("POST", "/v1/commissions/{id}/release") => {
            (format!("/v1/commissions/{held}/release"), json!({"note": "for Ada alone"}), 200)
        }
        ("POST", "/v1/placements") => ("/v1/placements".into(), placement_of(partner, "p-2"), 201),
        ("GET", "/v1/placements") => get("/v1/placements"),
        ("GET", "/v1/placements/{id}") => get(&format!("/v1/placements/{placement}")),
        ("POST", "/v1/commissions/{id}/reject") => {
            (format!("/v1/commissions/{held}/reject"), json!({"note": "for Ada alone"}), 200)
        }
        ("GET", "/v1/commissions/{id}/history") => get(&format!("/v1/commissions/{commission}/history")),
        ("POST", "/v1/partners/{id}/write-off") => {
            (format!("/v1/partners/{debtor}/write-off"), json!({"currency": "EUR"}), 201)
        }
        ("GET", "/v1/ledger/trial-balance") => get("/v1/ledger/trial-balance"),
        ("PUT", "/v1/fx") => {
            let rate = json!({"date": "2026-10-31", "from": "USD", "to": "EUR", "rate": "0.9"});
            ("/v1/fx".into(), json!({"rates": [rate]}), 200)
        }
        ("GET", "/v1/fx") => get("/v1/fx"),
        ("PUT", "/v1/partners/{id}/payout-details") => {
            let details = json!({"method": "manual", "legal_name": "Ada"});
            (format!("/v1/partners/{partner}/payout-details"), details, 200)
        }
        ("GET", "/v1/partners/{id}/payout-details") => get(&format!("/v1/partners/{partner}/payout-details")),
        ("POST", "/v1/payouts/runs") => {
            ("/v1/payouts/runs".into(), json!({"period": {"from": "2026-09-01", "to": "2026-09-30"}}), 201)
        }
        ("GET", "/v1/payouts/runs") => get("/v1/payouts/runs"),
        ("GET", "/v1/payouts/runs/{id}") => get(&format!("/v1/payouts/runs/{draft}")),
        ("POST", "/v1/payouts/runs/{id}/results") => {
            let result = json!({"payout_id": payout, "status": "failed", "reason": "closed"});
            (format!("/v1/payouts/runs/{approved}/results"), json!({"results": [result]}), 200)
        }
        ("POST", path) if path.starts_with("/v1/payouts/runs/{id}/") => {
            (path.replace("{id}", draft), Json::Null, 200)
        }
        ("GET", path) if path.starts_with("/v1/payouts/runs/{id}/files/") => {
            get(&path.replace("{id}", approved))
        }
        ("GET", "/v1/payouts") => get("/v1/payouts"),
        ("POST", "/v1/payouts/{id}/paid") => {
            (format!("/v1/payouts/{payout}/paid"), json!({"reference": "b-1"}), 200)
        }
        ("POST", "/v1/payouts/{id}/failed") => {
            (format!("/v1/payouts/{payout}/failed"), json!({"reason": "closed"}), 200)
        }
        ("GET", path) if path.starts_with("/v1/payouts/{id}") => get(&path.replace("{id}", payout)),
        ("POST", "/v1/webhooks") => {
            let body =
                json!({"url": "https://hooks.example.com/ada", "events": ["*"], "partner_id": partner});
            ("/v1/webhooks".into(), body, 201)
        }
        ("GET", "/v1/webhooks") => get("/v1/webhooks"),
        ("GET", "/v1/webhooks/{id}") => get(&format!("/v1/webhooks/{webhook}")),
        ("PATCH", "/v1/webhooks/{id}") => {
            (format!("/v1/webhooks/{webhook}"), json!({"description": "for Ada alone"}), 200)
        }
        ("DELETE", "/v1/webhooks/{id}") => (format!("/v1/webhooks/{webhook}"), Json::Null, 204),
        ("POST", "/v1/webhooks/{id}/rotate") => (format!("/v1/webhooks/{webhook}/rotate"), Json::Null, 200),
        ("POST", "/v1/webhooks/{id}/test") => (format!("/v1/webhooks/{webhook}/test"), Json::Null, 202),
        ("POST", "/v1/webhooks/{id}/replay") => {
            (format!("/v1/webhooks/{webhook}/replay"), json!({"from": "2026-01-01T00:00:00Z"}), 202)
        }
        ("GET", "/v1/events") => get("/v1/events"),
        // The world is not empty, and was never restored.
        ("POST", "/v1/restore") => {
            ("/v1/restore".into(), json!({"end": true, "lines": 0, "next_cursor": null, "totals": null}), 409)
        }
        ("GET", "/v1/restore") => ("/v1/restore".into(), Json::Null, 404),
        ("POST", "/v1/import") => {
            let line = json!({"object": "partner", "external_id": "x-1", "name": "N", "kind": "media"});
            ("/v1/import".into(), line, 201)
        }
        (method, path) => panic!("no example of {method} {path}: add one, and its rules follow"),
    }
}
