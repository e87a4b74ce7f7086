//! Links: their tokens, slugs, creation in bulk, and revocation.

mod changes;
mod coupons;
mod destination;
mod javascript;
mod listings;
mod placements;
mod redirect;
mod tables;
mod token;

use crate::support::{Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::{
    domain::links::{link::Link, token::LinkToken},
    ledger::config::Config,
    store::{Sql, links, log::outbox},
};

fn token(answer: &Json) -> String {
    answer["url"].as_str().unwrap().strip_prefix("https://go.example.com/r/").unwrap().to_owned()
}

fn stored(ledger: &Ledger, no: u32) -> Link {
    links::by_no(&ledger.sql, no).unwrap().unwrap()
}

fn queued(ledger: &Ledger) -> Vec<(String, String)> {
    let rows = ledger.sql.exec("SELECT key, value FROM kv_writes ORDER BY key", &[]).unwrap();
    rows.iter().map(|row| (row.text(0).unwrap().to_owned(), row.text(1).unwrap().to_owned())).collect()
}

#[test]
fn a_token_contains_the_links_fields() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let second = ledger.listing("https://two.example");
    let body = json!({
        "partner_id": scenario.partner, "listing_id": second, "campaign": "spring", "path": "/a/b%20c",
        "slug": "ada-spring", "expires_at": "2027-01-01T01:00:00.999+01:00", "metadata": {"k": "v"}
    });
    let made = ledger.post("/v1/links", &body);
    assert_eq!((made.status, made.raw.header("x-signpost-snapshot")), (201, Some("4")));
    let token = token(&made.json);
    assert!(token.len() <= 32);
    let expected = LinkToken { link_no: 2, listing_no: 2, has_path: true, expires_s: Some(1_798_761_600) };
    assert_eq!(LinkToken::verify(&token, &ledger.ring), Some(expected));
    let id = made.text("/id");
    assert_eq!(made.json["expires_at"], "2027-01-01T00:00:00.000Z");
    assert_eq!(made.json["short_url"], "https://go.example.com/ada-spring");
    assert_eq!(made.json["qr_svg_url"], json!(format!("https://go.example.com/v1/links/{id}/qr.svg")));
    assert_eq!(
        (&made.json["status"], &made.json["campaign"], &made.json["path"]),
        (&json!("active"), &json!("spring"), &json!("/a/b%20c"))
    );
    assert_eq!(ledger.get(&format!("/v1/links/{id}")).json, made.json);
    assert_eq!(
        queued(&ledger),
        [
            ("path/2".to_owned(), "/a/b%20c".to_owned()),
            ("slug/ada-spring".to_owned(), json!({"token": token}).to_string()),
        ]
    );
    // The first link of the scenario has neither.
    let plain = ledger.get(&format!("/v1/links/{}", scenario.link)).json;
    assert_eq!((&plain["short_url"], &plain["expires_at"]), (&Json::Null, &Json::Null));
    let expected = LinkToken { link_no: 1, listing_no: 1, has_path: false, expires_s: None };
    assert_eq!(LinkToken::verify(&self::token(&plain), &ledger.ring), Some(expected));
    // From its last second on it is expired.
    ledger.now = signpost::domain::values::time::Timestamp::parse("2026-12-31T23:59:59.999Z").unwrap();
    assert_eq!(ledger.get(&format!("/v1/links/{id}")).json["status"], "active");
    ledger.wait(1);
    assert_eq!(ledger.get(&format!("/v1/links/{id}")).json["status"], "expired");
}

#[test]
fn a_taken_slug_is_refused_in_single_and_bulk_requests() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let with =
        |slug: &str| json!({"partner_id": scenario.partner, "listing_id": scenario.listing, "slug": slug});
    assert_eq!(ledger.post("/v1/links", &with("one")).status, 201);
    let refused = ledger.unchanged("POST", |ledger| ledger.post("/v1/links", &with("one")));
    assert_eq!(refused.problem(), (409, "slug_taken".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/slug");
    // In bulk, slugs are checked against existing ones and against each other. No link of a refused request remains.
    for (slugs, pointer) in [(["two", "one"], "/links/1/slug"), (["three", "three"], "/links/1/slug")] {
        let body = json!({"links": slugs.map(&with)});
        let refused = ledger.unchanged("bulk", |ledger| ledger.post("/v1/links/bulk", &body));
        assert_eq!(refused.problem(), (409, "slug_taken".to_owned()));
        assert_eq!(refused.text("/errors/0/pointer"), pointer);
    }
    // A revoked link keeps its slug, because a printed short link must not lead elsewhere later.
    let id = ledger.get("/v1/links").text("/data/0/id");
    ledger.post(&format!("/v1/links/{id}/revoke"), &json!({}));
    assert_eq!(ledger.post("/v1/links", &with("one")).status, 409);
}

#[test]
fn reserved_slugs_and_unsafe_paths_are_refused() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let mut refuse = |field: &str, value: &str, code: &str| {
        let mut body = json!({"partner_id": scenario.partner, "listing_id": scenario.listing});
        body[field] = json!(value);
        let refused = ledger.unchanged(value, |ledger| ledger.post("/v1/links", &body));
        assert_eq!(refused.problem(), (422, code.to_owned()), "{value}");
        assert_eq!(refused.text("/errors/0/pointer"), format!("/{field}"));
    };
    for slug in ["callbacks", "docs", "healthz", "readyz", "openapi", "cdn-cgi", "well-known"] {
        refuse("slug", slug, "reserved_slug");
    }
    for slug in ["v1", "r", "ab", "", "-abc", "Abc", "a_b", "a.b", "a/b", "äbc", &"a".repeat(41)] {
        refuse("slug", slug, "invalid_slug");
    }
    for path in [
        "",
        "a",
        "//evil.example",
        "/..",
        "/a/../b",
        "/a/.",
        "/%2e%2e/b",
        "/.%2E/b",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a\\b",
        "/a\nb",
        "/a%00",
        "/a%0d%0ab",
        "/a?b",
        "/a#b",
        "/a b",
        "/%",
        "/%4",
        "/%zz",
        "https://evil.example/",
        &format!("/{}", "a".repeat(1024)),
    ] {
        refuse("path", path, "invalid_path");
    }
    for expires_at in
        ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.999Z", "2106-02-07T06:28:16Z", "9999-12-31T00:00:00Z"]
    {
        refuse("expires_at", expires_at, "out_of_range");
    }
    for good in ["2106-02-07T06:28:15Z", "1970-01-01T00:00:01Z"] {
        let body =
            json!({"partner_id": scenario.partner, "listing_id": scenario.listing, "expires_at": good});
        assert_eq!(ledger.post("/v1/links", &body).status, 201);
    }
    assert_eq!(stored(&ledger, 2).expires_at.unwrap().ms(), i64::from(u32::MAX) * 1000);
}

#[test]
fn a_bulk_request_creates_all_links_or_none() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let link = json!({"partner_id": scenario.partner, "listing_id": scenario.listing});
    let made = ledger.call(
        OPERATOR,
        "POST",
        "/v1/links/bulk",
        &json!({"links": vec![&link; 100]}).to_string(),
        Some("b"),
    );
    assert_eq!((made.status, made.json["data"].as_array().unwrap().len()), (201, 100));
    for (index, link) in made.json["data"].as_array().unwrap().iter().enumerate() {
        let token = LinkToken::verify(&token(link), &ledger.ring).unwrap();
        assert_eq!(usize::try_from(token.link_no).unwrap(), index + 2);
    }
    let again = ledger.unchanged("replay", |ledger| {
        ledger.call(
            OPERATOR,
            "POST",
            "/v1/links/bulk",
            &json!({"links": vec![&link; 100]}).to_string(),
            Some("b"),
        )
    });
    assert_eq!(again.raw.body, made.raw.body);
    for (count, code) in [(0, "out_of_range"), (101, "out_of_range")] {
        let refused = ledger.unchanged("count", |ledger| {
            ledger.post("/v1/links/bulk", &json!({"links": vec![&link; count]}))
        });
        assert_eq!(
            (refused.problem(), refused.text("/errors/0/pointer")),
            ((422, code.to_owned()), "/links".to_owned())
        );
    }
    // Every bad field of every link is named.
    let mut bad = vec![link.clone(); 3];
    bad[1]["slug"] = json!("No");
    bad[1]["path"] = json!("no");
    bad[2]["listing_id"] = json!("lst_none");
    let refused = ledger.unchanged("bad", |ledger| ledger.post("/v1/links/bulk", &json!({"links": bad})));
    assert_eq!(refused.problem(), (422, "invalid_slug".to_owned()));
    let errors: Vec<_> = refused.json["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            ("/links/1/slug", "invalid_slug"),
            ("/links/1/path", "invalid_path"),
            ("/links/2/listing_id", "unknown_listing"),
        ]
    );
    // A partner's key creates nothing if one of the links names another partner.
    let eve = ledger.partner("Eve", None);
    let key = ledger.key(&["links:write"], Some(&scenario.partner));
    let body = json!({"links": [link, {"partner_id": eve, "listing_id": scenario.listing}]}).to_string();
    let refused =
        ledger.unchanged("foreign", |ledger| ledger.call(&key, "POST", "/v1/links/bulk", &body, None));
    assert_eq!(refused.problem(), (404, "not_found".to_owned()));
}

#[test]
fn revoking_twice_has_the_effect_of_revoking_once() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let target = format!("/v1/links/{}/revoke", scenario.link);
    let first = ledger.call(OPERATOR, "POST", &target, "", None);
    assert_eq!((first.status, first.raw.header("x-signpost-snapshot")), (200, Some("3")));
    assert_eq!(
        (&first.json["status"], &first.json["revoked_at"]),
        (&json!("revoked"), &json!("2026-11-22T12:00:00.000Z"))
    );
    ledger.wait(1_000);
    let again = ledger.unchanged("again", |ledger| ledger.call(OPERATOR, "POST", &target, "", None));
    assert_eq!(
        (again.status, &again.raw.body, again.raw.header("x-signpost-snapshot")),
        (200, &first.raw.body, None)
    );
    let types: Vec<_> =
        ledger.get("/v1/events").json["data"].as_array().unwrap().iter().map(|e| e["type"].clone()).collect();
    assert_eq!(types, ["partner.created", "listing.created", "link.created", "link.revoked"]);
    let snapshot: Json = serde_json::from_str(&outbox::snapshot(&ledger.sql).unwrap()).unwrap();
    assert_eq!((&snapshot["blocked"], &snapshot["max_link_no"]), (&json!([[1, 1]]), &json!(1)));
    let listings = ledger.get("/v1/listings");
    assert_eq!(snapshot["listing_ids"], json!([listings.json["data"][0]["id"]]));
}

#[test]
fn a_link_whose_signing_key_was_removed_is_not_active() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let target = format!("/v1/links/{}", scenario.link);
    assert_eq!(ledger.get(&target).text("/status"), "active");
    let other = format!(r#"{{"sign":2,"keys":{{"2":"{}"}}}}"#, "A".repeat(43));
    ledger.config = Config::new(OPERATOR, &other, &"A".repeat(43)).unwrap();
    assert_eq!(ledger.get(&target).text("/status"), "key_removed");
    assert_eq!(ledger.get("/v1/links").text("/data/0/status"), "key_removed");
    let (other, _) = ledger.link(&scenario.partner, &scenario.listing);
    assert_eq!(ledger.get(&format!("/v1/links/{other}")).text("/status"), "active");
    let revoked = ledger.call(OPERATOR, "POST", &format!("{target}/revoke"), "", None);
    assert_eq!(revoked.text("/status"), "revoked");
}

#[test]
fn the_qr_code_is_an_image_of_the_link() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let qr = ledger.get(&format!("/v1/links/{}/qr.svg", scenario.link));
    assert_eq!((qr.status, qr.raw.header("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(qr.raw.header("cache-control"), Some("private, max-age=86400"));
    assert_eq!(qr.raw.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(qr.raw.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
    let url = format!("https://go.example.com/r/{}", stored(&ledger, 1).token);
    let expected = qrcode::QrCode::with_error_correction_level(&url, qrcode::EcLevel::M).unwrap();
    let drawn = qr.raw.body.matches('M').count();
    let dark = expected.to_colors().iter().filter(|color| **color == qrcode::Color::Dark).count();
    assert_eq!(drawn, dark, "one square a dark module");
    let other = ledger.link(&scenario.partner, &scenario.listing).0;
    assert_ne!(ledger.get(&format!("/v1/links/{other}/qr.svg")).raw.body, qr.raw.body);
}
